"""Moving in: what a village has in WordPress, OpenSID or a feed, with its old addresses."""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.imports"

FEATURE = Feature(
    name="imports",
    blueprints=(f"{_HERE}.web:blueprint",),
    commands={"import": f"{_HERE}.cli:import_"},
)
