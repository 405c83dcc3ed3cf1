"""News: articles and announcements from draft to published."""

from desa_web.core.registry import Feature

_HERE = "desa_web.features.news"

FEATURE = Feature(
    name="news",
    blueprints=(f"{_HERE}.web:blueprint", f"{_HERE}.api:blueprint"),
    commands={"news": f"{_HERE}.cli:news"},
    due={
        "news.publish": f"{_HERE}.due:publish",
        "news.expire": f"{_HERE}.due:expire",
        "news.purge": f"{_HERE}.due:purge",
    },
    adapters={"photo_uses": f"{_HERE}.photo_uses", "kit_articles": f"{_HERE}.kit_articles"},
    checks=(f"{_HERE}.checks:CHECKS",),
)
