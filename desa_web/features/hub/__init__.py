"""The media centre (role "hub"): collects the news of villages, publishes it with credit."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.hub"

FEATURE = Feature(
    name="hub",
    role="hub",
    blueprints=(
        f"{_HERE}.push_web:blueprint",
        f"{_HERE}.pairing_admin:blueprint",
        f"{_HERE}.pairing_web:blueprint",
    ),
    menu=(
        MenuEntry(
            "Undang desa",
            "hub_pairing.index",
            "orang",
            Permission.RUN_HUB,
            60,
            f"{_HERE}.pairing_admin:waiting",
        ),
    ),
    commands={"hub": f"{_HERE}.cli:hub"},
    due={"hub.pull": f"{_HERE}.due:pull"},
    adapters={
        "sources": f"{_HERE}.standing:received",
        "origins": f"{_HERE}.origins",
        "bundles": f"{_HERE}.push_stick",
    },
)
