"""The village itself: what it says about itself, how it works, its colours."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.village"

FEATURE = Feature(
    name="village",
    blueprints=(f"{_HERE}.admin:blueprint",),
    menu=(MenuEntry("Pengaturan", "village.index", "atur", Permission.MANAGE_SITE, 80),),
)
