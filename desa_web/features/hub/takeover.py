"""Our own article made of a village's: written, brought up to date, taken from readers, erased.

The text is the village's; edited here it becomes a derivative, which nothing of this module
overwrites unless a person asked for it. Call everything inside a change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from desa_web.core import html
from desa_web.core.actor import Actor, program
from desa_web.core.clock import as_utc
from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.features.hub.content import Content
from desa_web.features.hub.models import ItemRow, SourceRow
from desa_web.features.news import rubrics, service
from desa_web.features.news.article import Article, State, Text
from desa_web.features.news.models import ArticleRow
from desa_web.features.news.workflow import Op

_FIGURE = re.compile(r'<figure data-foto="([^"]*)">(.*?)</figure>', re.DOTALL)


def write(
    actor: Actor, source: SourceRow, row: ItemRow, said: Content, photo_ids: Mapping[str, str]
) -> Article:
    """Bring what the village says to readers and return our article of it.

    photo_ids: our photos by the source's id of them; a figure without one is left out for now.
    """
    text = text_of(source.name, said, photo_ids)
    known = article_of(row)
    if known is None:
        # Its author is the village, so that an officer may approve it where four eyes are asked.
        village = replace(program(actor.site), name=source.name)
        article = service.create(
            village, text, kind=said.kind, published_at=as_utc(row.published_at)
        )
    else:
        article = _save(actor, known, text)
    if article.state is State.PUBLISHED:
        return article
    return service.publish_now(actor, article.id)


def text_of(source_name: str, said: Content, photo_ids: Mapping[str, str]) -> Text:
    """Return the article's text with its photos, as far as they are here, and its credit."""
    leads = [photo_ids[p.id] for p in said.pictures if p.is_lead and p.id in photo_ids]
    body = _with_photos(html.normalise(said.body), photo_ids)
    if not html.plain_text(body):
        # News of one photo and a headline is news; a text without a word is not accepted.
        body = html.normalise(f"<p>{said.standfirst or said.title}</p>{body}")
    return Text(
        title=said.title,
        body=body,
        standfirst=said.standfirst,
        rubric=_rubric(said.rubric),
        tags=said.tags,
        dateline=said.dateline,
        byline=said.byline,
        initials=said.initials,
        source=source_name[:200],
        lead_photo_id=leads[0] if leads else "",
        correction=said.correction,
        corrected_on=said.corrected_on,
        expires_on=said.expires_on,
    )


def article_of(row: ItemRow) -> ArticleRow | None:
    """Return our article of an item, in the trash or not; None when there is none any more."""
    if row.article_id is None:
        return None
    found: ArticleRow | None = ArticleRow.get_or_none(ArticleRow.id == row.article_id)
    return found


def is_edited_here(row: ItemRow) -> bool:
    """Did somebody at the hub change our article after it was taken over?"""
    article = article_of(row)
    return article is not None and article.working_revision_id != row.taken_revision_id


def withdraw(actor: Actor, row: ItemRow, source_name: str) -> bool:
    """Take our article from readers at once; False when they did not see it."""
    article = article_of(row)
    if article is None or article.live_revision_id is None:
        return False
    note = _("Ditarik oleh {source}.").format(source=source_name)
    service.act(actor, Op.WITHDRAW, article.id, note=note)
    return True


def erase(actor: Actor, article_id: str) -> None:
    """Remove every byte of our article, derivative or not."""
    with suppress(NotFound):
        service.erase(actor, article_id)


def _save(actor: Actor, known: ArticleRow, text: Text) -> Article:
    if known.trashed_at is not None:
        service.act(actor, Op.RESTORE, known.id)
    if known.state in (State.APPROVED, State.SCHEDULED):
        service.act(actor, Op.RECALL, known.id)
    return service.save(actor, known.id, text).article


def _with_photos(body: str, photo_ids: Mapping[str, str]) -> str:
    """Let figures name our photos; what has not arrived leaves no hole."""

    def named(match: re.Match[str]) -> str:
        ours = photo_ids.get(match[1])
        return f'<figure data-foto="{ours}">{match[2]}</figure>' if ours else ""

    return _FIGURE.sub(named, body)


def _rubric(name: str) -> str:
    """Return our rubric of that name, "" when we have none."""
    slug = slugify(name, fallback="")
    return next((r.slug for r in rubrics.rubrics() if r.slug == slug or r.name == name), "")
