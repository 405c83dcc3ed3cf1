"""How often pages are read: counts a day and nothing about readers."""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.visits"

FEATURE = Feature(
    name="visits",
    blueprints=(f"{_HERE}.desk:blueprint",),
    commands={"visits": f"{_HERE}.cli:visits"},
)
