"""Gives live articles to the media kits (its adapter "kit_articles")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from desa_web.core.errors import DesaError
from desa_web.core.registry import adapters, of_role
from desa_web.core.site import Site
from desa_web.features.media.kit_sources import KitArticle
from desa_web.features.news import queries
from desa_web.features.news.article import Kind
from desa_web.features.news.queries import Live


def kit_articles(
    site: Site, *, before: tuple[datetime, str] | None, limit: int
) -> Sequence[KitArticle]:
    """Return live articles, newest first."""
    items = queries.published(site, kind=Kind.ARTICLE, before=before, limit=limit)
    found = (queries.live_by_id(item.id) for item in items)
    return [_kit_article(site, live) for live in found if live is not None]


def kit_article(site: Site, slug_or_id: str) -> KitArticle | None:
    """Return the live article at this address or with this id."""
    live = queries.live_by_id(slug_or_id)
    if live is None:
        try:
            found = queries.live(site, slug_or_id)
        except DesaError:
            return None
        live = found if isinstance(found, Live) else None
    return None if live is None else _kit_article(site, live)


def _kit_article(site: Site, live: Live) -> KitArticle:
    article, text = live.article, live.revision.text
    owner, licence, keys = _owner(site, article.id)
    return KitArticle(
        id=article.id,
        slug=article.slug,
        url=f"/berita/{article.slug}",
        title=text.title,
        standfirst=text.standfirst,
        body=text.body,
        byline=text.byline,
        source=text.source,
        dateline=text.dateline,
        code=f"[{text.initials}]" if text.initials else "",
        rubric=live.rubric_name,
        rubric_url=f"/rubrik/{text.rubric}" if text.rubric else "",
        tags=text.tags,
        published_at=article.published_at or live.revision.saved_at,
        updated_at=live.revision.saved_at,
        lead_photo_id=text.lead_photo_id,
        correction=text.correction,
        keys=frozenset({f"article:{article.id}", *keys}),
        owner=owner,
        licence=licence,
    )


def _owner(site: Site, article_id: str) -> tuple[str, str, set[str]]:
    """Return whose it is when it was taken over, its licence, and the keys of both."""
    from desa_web.features import FEATURES

    for adapter in adapters(of_role(FEATURES, site.config.text("role")), "provenance"):
        owner, licence, keys = adapter.owner(article_id)
        return owner, licence, keys
    return "", "", set()
