"""Media: photos, albums, documents, and the kits that journalists download."""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.media"

FEATURE = Feature(
    name="media",
    blueprints=(f"{_HERE}.web:blueprint",),
    adapters={"followers": f"{_HERE}.followers:followers"},
)
