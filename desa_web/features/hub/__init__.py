"""The media centre (role "hub"): collects the news of villages, publishes it with credit."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.hub"

FEATURE = Feature(
    name="hub",
    role="hub",
    blueprints=(
        f"{_HERE}.push_web:blueprint",
        f"{_HERE}.public:blueprint",
        f"{_HERE}.inbox_admin:blueprint",
        f"{_HERE}.board_admin:blueprint",
        f"{_HERE}.exports_admin:blueprint",
        f"{_HERE}.pairing_admin:blueprint",
        f"{_HERE}.pairing_web:blueprint",
    ),
    menu=(
        MenuEntry(
            "Kotak masuk",
            "hub_inbox.index",
            "lembar",
            Permission.RUN_HUB,
            2,
            f"{_HERE}.views:waiting",
        ),
        MenuEntry(
            "Papan desa",
            "hub_board.index",
            "situs",
            Permission.RUN_HUB,
            4,
            f"{_HERE}.trouble:waiting",
        ),
        MenuEntry(
            "Undang desa",
            "hub_pairing.index",
            "orang",
            Permission.RUN_HUB,
            60,
            f"{_HERE}.pairing_admin:waiting",
        ),
        MenuEntry("Ekspor", "hub_exports.index", "simpan", Permission.RUN_HUB, 65),
    ),
    commands={"hub": f"{_HERE}.cli:hub"},
    due={"hub.pull": f"{_HERE}.due:pull"},
    checks=(f"{_HERE}.checks:CHECKS",),
    adapters={
        "sources": f"{_HERE}.standing:received",
        "origins": f"{_HERE}.origins",
        "erasable": f"{_HERE}.erasures",
        "provenance": f"{_HERE}.provenance",
        "front": f"{_HERE}.front",
        "sitemap": f"{_HERE}.public:addresses",
        "bundles": f"{_HERE}.push_stick",
        "followers": f"{_HERE}.receipts_post:followers",
    },
)
