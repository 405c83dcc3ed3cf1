"""The media centre (role "hub"): collects the news of villages, publishes it with credit."""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.hub"

FEATURE = Feature(
    name="hub",
    role="hub",
    commands={"hub": f"{_HERE}.cli:hub"},
    due={"hub.pull": f"{_HERE}.due:pull"},
    adapters={"sources": f"{_HERE}.standing:received"},
)
