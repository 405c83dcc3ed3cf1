"""News: articles and announcements from draft to published."""

from desa_web.core.actor import Permission
from desa_web.core.registry import Feature, MenuEntry

_HERE = "desa_web.features.news"

FEATURE = Feature(
    name="news",
    blueprints=(
        f"{_HERE}.web:blueprint",
        f"{_HERE}.api:blueprint",
        f"{_HERE}.admin:blueprint",
        f"{_HERE}.desk_lists:blueprint",
        f"{_HERE}.desk_review:blueprint",
        f"{_HERE}.desk_preview:blueprint",
        f"{_HERE}.desk_rubrics:blueprint",
    ),
    menu=(
        MenuEntry("Beranda", "news_lists.home", "rumah", Permission.WRITE, 0),
        MenuEntry("Tulis", "news_desk.new", "tulis", Permission.WRITE, 10),
        MenuEntry(
            "Periksa",
            "news_review.queue",
            "periksa",
            Permission.REVIEW,
            20,
            badge=f"{_HERE}.queries:waiting",
        ),
        MenuEntry("Berita", "news_lists.articles", "lembar", Permission.WRITE, 30),
        MenuEntry("Rubrik", "news_rubrics.index", "rubrik", Permission.MANAGE_SITE, 60),
    ),
    commands={"news": f"{_HERE}.cli:news"},
    due={
        "news.publish": f"{_HERE}.due:publish",
        "news.expire": f"{_HERE}.due:expire",
        "news.purge": f"{_HERE}.due:purge",
    },
    adapters={
        "photo_uses": f"{_HERE}.photo_uses",
        "searchable": f"{_HERE}.searchable",
        "kit_articles": f"{_HERE}.kit_articles",
        "feeds": f"{_HERE}.feedable",
        "sync": f"{_HERE}.syncable",
        "erasable": f"{_HERE}.erasure",
    },
    checks=(f"{_HERE}.checks:CHECKS",),
)
