"""The manual: /bantuan, readable by everybody, printable, and there without internet."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.manual"

FEATURE = Feature(
    name="manual",
    blueprints=(f"{_HERE}.web:blueprint",),
    menu=(MenuEntry("Bantuan", "manual.index", "tanya", Permission.WRITE, 95),),
)
