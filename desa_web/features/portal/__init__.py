"""The portal: front page, sitemap, robots; what gathers from all features."""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.portal"

FEATURE = Feature(
    name="portal",
    blueprints=(f"{_HERE}.web:blueprint", f"{_HERE}.feeds:blueprint"),
    checks=(f"{_HERE}.checks:CHECKS",),
)
