"""Search for readers: the page /cari, its follower, `desa search`.

What is searched comes from the other features' adapters "searchable" (sources.py says what they
offer); this feature knows none of them.
"""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.search"

FEATURE = Feature(
    name="search",
    blueprints=(f"{_HERE}.web:blueprint",),
    commands={"search": f"{_HERE}.cli:search"},
    adapters={"followers": f"{_HERE}.follower:followers"},
    checks=(f"{_HERE}.checks:CHECKS",),
)
