"""Pages: the standing texts of the village (profile, officials, services) and the menu."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.pages"

FEATURE = Feature(
    name="pages",
    blueprints=(
        f"{_HERE}.web:blueprint",
        f"{_HERE}.admin:blueprint",
        f"{_HERE}.menu_admin:blueprint",
    ),
    menu=(MenuEntry("Halaman & menu", "pages_desk.pages", "lembar", Permission.MANAGE_PAGES, 60),),
    commands={"page": f"{_HERE}.cli:page"},
    due={"pages.purge": f"{_HERE}.due:purge"},
    checks=(f"{_HERE}.checks:CHECKS",),
    adapters={
        "menu": f"{_HERE}.menu:readers_menu",
        "photo_uses": f"{_HERE}.photo_uses",
        "searchable": f"{_HERE}.searchable",
        "sitemap": f"{_HERE}.queries:sitemap",
    },
)
