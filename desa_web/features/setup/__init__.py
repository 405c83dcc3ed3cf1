"""The first day: a wizard at /mulai that turns an empty site into a village's own."""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.setup"

FEATURE = Feature(
    name="setup",
    blueprints=(f"{_HERE}.web:blueprint",),
    commands={"setup": f"{_HERE}.cli:setup"},
)
