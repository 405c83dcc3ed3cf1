"""The portal: front page, sitemap, robots; what gathers from all features."""

from desa_web.core.registry import Feature

FEATURE = Feature(name="portal", blueprints=("desa_web.features.portal.web:blueprint",))
