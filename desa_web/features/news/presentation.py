"""From what the queries return to what a theme may use: cards, notices, links, article pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from urllib.parse import quote

from markupsafe import Markup

from desa_web.core import html
from desa_web.core.ids import slugify
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.media.pictures import figure_html, pictures
from desa_web.features.news.queries import Item, Live
from desa_web.web import dates
from desa_web.web.context_parts import Card, Correction, Link, Notice, Picture
from desa_web.web.context_parts import Site as SiteContext


def cards(
    site: Site,
    items: Sequence[Item],
    context: SiteContext,
    known: Mapping[str, Picture] | None = None,
) -> tuple[Card, ...]:
    """Return cards with their pictures (one query for all, none for those that are `known`)."""
    found = pictures(site, [item.lead_photo_id for item in items]) if known is None else known
    kim = context.words.kim
    return tuple(_card(item, found.get(item.lead_photo_id), kim) for item in items)


def notices(items: Sequence[Item], context: SiteContext) -> tuple[Notice, ...]:
    """Return slips for the notice board."""
    return tuple(
        Notice(
            title=item.title,
            url=f"/berita/{item.slug}",
            published_on=dates.local(item.published_at, context.zone).date(),
            until_on=date.fromisoformat(item.expires_on) if item.expires_on else None,
        )
        for item in items
    )


def article_pictures(site: Site, found: Live, items: Sequence[Item]) -> dict[str, Picture]:
    """Return the pictures of an article and of the items that stand below it (one query)."""
    text = found.revision.text
    others = [item.lead_photo_id for item in items]
    return pictures(site, [text.lead_photo_id, *media.photo_ids(text.body), *others])


def body(
    site: Site, found: Live, known: Mapping[str, Picture] | None = None
) -> tuple[Markup, Picture | None, set[str]]:
    """Return the body with its pictures, the lead picture, and the keys of all of them.

    The lead picture is not repeated when it is also the first figure of the text. `known`: what
    `article_pictures` found.
    """
    text = found.revision.text
    ids = media.photo_ids(text.body)
    known = article_pictures(site, found, ()) if known is None else known
    lead = known.get(text.lead_photo_id) if text.lead_photo_id else None
    at_top: list[str] = []

    def figure(photo_id: str, caption: str) -> str:
        if lead is not None and not at_top and ids[0] == text.lead_photo_id == photo_id:
            # The text's own caption is the article's; the photo itself stands above the text.
            at_top.append(html.plain_text(caption))
            return ""
        picture = known.get(photo_id)
        return figure_html(picture, caption) if picture else ""

    rendered = html.render_body(text.body, figure)
    if lead is not None and at_top and at_top[0]:
        lead = replace(lead, caption=at_top[0])
    keys = {f"media:{photo_id}" for photo_id in (*ids, text.lead_photo_id) if photo_id}
    return Markup(rendered), lead, keys  # noqa: S704 - render_body ends in the sanitiser


def rubric_link(item: Item) -> Link | None:
    if not item.rubric_slug:
        return None
    return Link(text=item.rubric_name, url=f"/rubrik/{item.rubric_slug}")


@lru_cache(maxsize=100)
def tag_links(tags: tuple[str, ...]) -> tuple[Link, ...]:
    slugs = {slugify(tag, fallback=""): tag for tag in tags}
    return tuple(Link(text=t, url=f"/tag/{quote(s)}") for s, t in slugs.items() if s)


def month_link(year: int, month: int, base: str = "/berita") -> Link:
    return Link(text=dates.month_name(date(year, month, 1)), url=f"{base}/{year}/{month:02d}/")


def corrections(found: Live) -> tuple[Correction, ...]:
    text = found.revision.text
    if not text.correction:
        return ()
    on = text.corrected_on or found.revision.saved_at.date().isoformat()
    return (Correction(on=date.fromisoformat(on), text=text.correction),)


@lru_cache(maxsize=120)
def _card(item: Item, picture: Picture | None, kim: str) -> Card:
    """Return the same card for the same item: the newest stand on all lists."""
    return Card(
        title=item.title,
        url=f"/berita/{item.slug}",
        published_at=item.published_at,
        standfirst=item.standfirst,
        kicker=rubric_link(item),
        # What comes from elsewhere says so in every list.
        byline=", ".join(part for part in (item.byline, item.source) if part),
        organisation=kim if item.byline and not item.source else "",
        picture=picture,
    )
