"""Sync, the village's side: the signed log of what is public, and who may read it (everybody)."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.sync"

FEATURE = Feature(
    name="sync",
    blueprints=(
        f"{_HERE}.web:blueprint",
        f"{_HERE}.media_web:blueprint",
        f"{_HERE}.admin:blueprint",
    ),
    menu=(MenuEntry("Sinkron", "sync_desk.index", "sinkron", Permission.MANAGE_SITE, 75),),
    commands={"sync": f"{_HERE}.cli:sync"},
    adapters={
        "followers": f"{_HERE}.service:followers",
        "sync": f"{_HERE}.profile",
        "outside": f"{_HERE}.outside",
        "alerts": f"{_HERE}.log_notice:alerts",
    },
    checks=(f"{_HERE}.checks:CHECKS", f"{_HERE}.log_notice:CHECKS"),
)
