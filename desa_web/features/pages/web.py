"""Readers' pages: /halaman/<slug> with the pages beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from desa_web.core import html
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.media.pictures import figure_html, pictures
from desa_web.features.pages import queries, rows
from desa_web.features.pages.page import Page, Revision, Text
from desa_web.features.pages.queries import Moved, Node
from desa_web.web import dates
from desa_web.web.context_parts import Link, Meta, Picture
from desa_web.web.context_parts import Site as SiteContext
from desa_web.web.contexts import ContentPage
from desa_web.web.public import public_site

blueprint = Blueprint("pages", __name__)

HOME = Link(text="Beranda", url="/")


@blueprint.get("/halaman/<slug>")
def page(slug: str) -> AnyResponse:
    public = public_site()
    found = queries.live(slug)
    if isinstance(found, Moved):
        return public.moved(f"/halaman/{found.slug}", {f"page:{found.page_id}"})
    shown, keys = content_page(public.site, public.context(), *found)
    return public.answer(shown, keys)


def content_page(
    site: Site, context: SiteContext, found: Page, revision: Revision
) -> tuple[ContentPage, set[str]]:
    """Return a page for the theme and the keys it was made from."""
    text = revision.text
    body, lead, keys = _body(site, text)
    nodes = queries.tree(site)
    above = _above(nodes, found)
    section, siblings = _branch(nodes, found, above)
    made = ContentPage(
        site=context,
        meta=Meta(
            path=found.url,
            title=text.title,
            description=text.standfirst or html.excerpt(text.body, 160),
            crumbs=(HOME, *(Link(text=node.title, url=node.url) for node in above)),
            picture=lead,
        ),
        title=text.title,
        body=body,
        standfirst=text.standfirst,
        picture=lead,
        updated_on=dates.local(revision.created_at, context.zone).date(),
        section=section,
        siblings=siblings,
    )
    return made, keys | {f"page:{found.id}", rows.TREE}


def _body(site: Site, text: Text) -> tuple[Markup, Picture | None, set[str]]:
    ids = [i for i in dict.fromkeys((text.lead_photo_id, *media.photo_ids(text.body))) if i]
    known = pictures(site, ids)
    lead = known.get(text.lead_photo_id)
    at_top: list[str] = []

    def figure(photo_id: str, caption: str) -> str:
        if lead is not None and not at_top and photo_id == text.lead_photo_id:
            # The picture stands above the text already; its caption there is the page's own.
            at_top.append(html.plain_text(caption))
            return ""
        picture = known.get(photo_id)
        return figure_html(picture, caption) if picture else ""

    rendered = html.render_body(text.body, figure)
    if lead is not None and at_top and at_top[0]:
        lead = replace(lead, caption=at_top[0])
    keys = {f"media:{photo_id}" for photo_id in ids}
    return Markup(rendered), lead, keys  # noqa: S704 - render_body ends in the sanitiser


def _above(nodes: Sequence[Node], found: Page) -> list[Node]:
    """Return the pages above, the topmost first."""
    by_id = {node.id: node for node in nodes}
    chain: list[Node] = []
    above = by_id.get(found.parent_id or "")
    while above is not None and above not in chain:
        chain.insert(0, above)
        above = by_id.get(above.parent_id or "")
    return chain


def _branch(
    nodes: Sequence[Node], found: Page, above: Sequence[Node]
) -> tuple[str, tuple[Link, ...]]:
    """Return the branch's name and its pages: the one above first, or the page itself."""
    by_id = {node.id: node for node in nodes}
    below = [node for node in nodes if node.parent_id == found.id]
    head = above[-1] if above and not below else by_id[found.id]
    under = [node for node in nodes if node.parent_id == head.id]
    if not under:
        return "", ()
    links = tuple(
        Link(text=node.title, url=node.url, current=node.id == found.id) for node in (head, *under)
    )
    return (above[0] if above else head).title, links
