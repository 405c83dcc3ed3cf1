"""/bantuan/ and its chapters, in the theme; a search box that needs no script."""

from __future__ import annotations

from flask import Blueprint, Response, request
from markupsafe import Markup

from desa_web.core.errors import NotFound
from desa_web.core.i18n import _
from desa_web.features.manual.chapters import Chapter, chapter, chapters, groups, picture, search
from desa_web.web.context_parts import Link, Meta
from desa_web.web.contexts import HelpPage
from desa_web.web.public import public_site

blueprint = Blueprint("manual", __name__)

HOME = Link(text="Beranda", url="/")
INDEX = Link(text="Bantuan", url="/bantuan/")
_QUERY_MAX = 100
_BOX = Markup(
    '<p><label for="q">{label}</label></p>'
    '<form class="isian" role="search" action="/bantuan/"><input id="q" name="q" type="search" '
    'value="{query}" maxlength="100" autocomplete="off"><button class="tombol">{button}</button>'
    "</form>"
)
_ITEM = Markup('<li><a href="{url}">{title}</a>{note}</li>')


@blueprint.get("/bantuan/")
def index() -> Response:
    """All chapters by group, or those that hold the words that were asked for."""
    public = public_site()
    query = " ".join(request.args.get("q", "").split())[:_QUERY_MAX]
    page = HelpPage(
        site=public.context(),
        meta=Meta(
            path="/bantuan/",
            title=_("Bantuan"),
            description=_("Petunjuk memakai situs desa, langkah demi langkah."),
            crumbs=(HOME,),
            noindex=True,
        ),
        title=_("Bantuan"),
        body=_box(query) + (_results(query) if query else _contents()),
    )
    if query:
        # What somebody looks for is kept nowhere.
        response = Response(public.theme().render(page), mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        return response
    return public.answer(page, ())


@blueprint.get("/bantuan/gambar/<name>.webp")
def shown_picture(name: str) -> Response:
    """Return a picture of the manual; small, kept by the browser for a day."""
    file = picture(name)
    if file is None:
        raise NotFound(_("Gambar ini tidak ada."))
    response = Response(file.read_bytes(), mimetype="image/webp")
    response.headers["Cache-Control"] = "public, max-age=86400"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/bantuan/<slug>")
def show(slug: str) -> Response:
    public = public_site()
    found = chapter(slug)
    if found is None:
        raise NotFound(_("Bab bantuan ini tidak ada. Lihat daftar isinya di /bantuan/."))
    every = chapters()
    at = every.index(found)
    page = HelpPage(
        site=public.context(),
        meta=Meta(
            path=found.url,
            title=found.title,
            description=found.summary,
            crumbs=(HOME, INDEX),
            noindex=True,
        ),
        title=found.title,
        body=Markup(found.body),  # noqa: S704 - ships with the program, rendered without HTML
        topics=(*(_link(c, found) for c in groups(every)[found.group]), _all()),
        previous=_link(every[at - 1]) if at else None,
        next=_link(every[at + 1]) if at + 1 < len(every) else None,
    )
    return public.answer(page, ())


def _box(query: str) -> Markup:
    return _BOX.format(label=_("Apa yang ingin Anda lakukan?"), query=query, button=_("Cari"))


def _contents() -> Markup:
    parts = []
    for group, found in groups(chapters()).items():
        items = Markup("").join(_ITEM.format(url=c.url, title=c.title, note="") for c in found)
        parts.append(Markup("<h2>{group}</h2><ul>{items}</ul>").format(group=group, items=items))
    return Markup("").join(parts)


def _results(query: str) -> Markup:
    found = search(query)
    if not found:
        sentence = _("Belum ada bab tentang “{query}”. Coba satu kata saja, misalnya foto.")
        return Markup("<p>{said}</p>").format(said=sentence.format(query=query)) + _contents()
    items = Markup("").join(
        _ITEM.format(url=c.url, title=c.title, note=Markup("<br>{}").format(c.summary))
        for c in found
    )
    heading = _("{n} bab tentang “{query}”").format(n=len(found), query=query)
    return Markup("<h2>{heading}</h2><ul>{items}</ul>").format(heading=heading, items=items)


def _all() -> Link:
    return Link(text=_("Semua bantuan"), url="/bantuan/")


def _link(found: Chapter, here: Chapter | None = None) -> Link:
    return Link(text=found.title, url=found.url, current=found is here)
