"""News: articles and announcements from draft to published."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.news"

FEATURE = Feature(
    name="news",
    blueprints=(f"{_HERE}.web:blueprint", f"{_HERE}.admin:blueprint", f"{_HERE}.api:blueprint"),
    commands={"news": f"{_HERE}.cli:news"},
    menu=(
        MenuEntry("Tulis", "news_desk.write", "pencil", Permission.WRITE, 20),
        MenuEntry("Berita", "news_desk.articles", "list", Permission.WRITE, 25),
        MenuEntry("Periksa", "news_desk.queue", "check", Permission.REVIEW, 30),
    ),
    due={
        "news.publish": f"{_HERE}.due:publish",
        "news.expire": f"{_HERE}.due:expire",
        "news.purge": f"{_HERE}.due:purge",
    },
    checks=(f"{_HERE}.checks:CHECKS",),
)
