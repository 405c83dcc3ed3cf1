"""Media: photos, albums, documents, and the kits that journalists download."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.media"

FEATURE = Feature(
    name="media",
    blueprints=(
        f"{_HERE}.web:blueprint",
        f"{_HERE}.admin:blueprint",
        f"{_HERE}.emblem_desk:blueprint",
        f"{_HERE}.api:blueprint",
        f"{_HERE}.tus:blueprint",
        f"{_HERE}.gallery:blueprint",
        f"{_HERE}.kit_web:blueprint",
    ),
    commands={"media": f"{_HERE}.cli:media"},
    menu=(MenuEntry("Foto", "media_desk.photos", "foto", Permission.WRITE, 40),),
    due={"media.purge": f"{_HERE}.due:purge"},
    checks=(f"{_HERE}.checks:CHECKS",),
    adapters={
        "followers": f"{_HERE}.followers:followers",
        "searchable": f"{_HERE}.searchable",
        "erasable": f"{_HERE}.erasure",
    },
)
