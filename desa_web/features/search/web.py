"""/cari for readers: one page, suggestions, the OpenSearch description. Works without JavaScript.

Answers are made for each request and never kept: the page store holds what everybody reads, and
what people look for is nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from threading import BoundedSemaphore
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, json, request

from desa_web.core.errors import Busy
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.search import finding, sources
from desa_web.features.search.finding import PER_PAGE, Ask, Found
from desa_web.web.context_parts import Corrected, Facet, Link, Meta
from desa_web.web.contexts import SearchPage
from desa_web.web.public import public_site
from desa_web.web.ratelimit import RateLimit, address_key

blueprint = Blueprint("search", __name__)

PATH = "/cari"
_PATIENCE_S = 1.0


@dataclass(slots=True)
class _Gate:
    """How much searching one server lets in: reading must not feel a flood of searches."""

    # A village hall shares one address: sixty people may search at once, then five a second.
    searches: RateLimit = field(default_factory=lambda: RateLimit(burst=60, every_s=0.2))
    suggestions: RateLimit = field(default_factory=lambda: RateLimit(burst=200, every_s=0.05))
    # Never all threads: whoever reads a page that is not stored needs one, too.
    slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(2))


@blueprint.get(PATH)
def search() -> Response:
    public = public_site()
    ask = finding.asked(request.args)
    if not ask.text:
        return _answer(_start(public.site))
    _gate().searches.take(address_key(request.remote_addr), public.site.clock)
    with _slot():
        found = finding.find(public.site, ask)
        page = _page(public.site, ask, found)
    return _answer(page)


@blueprint.get(f"{PATH}/saran")
def suggestions() -> Response:
    """Answer as OpenSearch wants it: [what was typed, [texts]]."""
    site = public_site().site
    _gate().suggestions.take(address_key(request.remote_addr), site.clock)
    text = request.args.get("q", "")[: finding.LONGEST_QUERY]
    with _slot():
        found = finding.suggest(site, text)
    response = Response(json.dumps([text, found]), mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """Describe the search, so that browsers offer it in their address bar."""
    context = public_site().context()
    about = _("Cari di situs {name}").format(name=context.name)
    base = escape(context.base_url or request.url_root.rstrip("/"))
    url = f"{base}{PATH}"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
        f"<ShortName>{escape(context.name[:16], quote=False)}</ShortName>"
        f"<Description>{escape(about, quote=False)}</Description>"
        "<InputEncoding>UTF-8</InputEncoding>"
        f'<Url type="text/html" template="{url}?q={{searchTerms}}"/>'
        '<Url type="application/x-suggestions+json" '
        f'template="{url}/saran?q={{searchTerms}}"/>'
        "</OpenSearchDescription>\n"
    )
    response = Response(body, content_type="application/opensearchdescription+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _gate() -> _Gate:
    gate: _Gate = current_app.extensions.setdefault("desa.search", _Gate())
    return gate


@contextmanager
def _slot() -> Iterator[None]:
    slots = _gate().slots
    if not slots.acquire(timeout=_PATIENCE_S):
        raise Busy(_("Banyak yang sedang mencari. Coba lagi sebentar."))
    try:
        yield
    finally:
        slots.release()


def _answer(page: SearchPage) -> Response:
    public = public_site()
    response = Response(public.theme().render(page), mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _start(site: Site) -> SearchPage:
    meta = Meta(path=PATH, title=_("Cari"), noindex=True)
    return SearchPage(site=public_site().context(), meta=meta, way_on=_ways_on(site))


def _page(site: Site, ask: Ask, found: Found) -> SearchPage:
    first = (ask.page - 1) * PER_PAGE + 1
    last = first + len(found.hits) - 1
    total = max(found.total, last)
    return SearchPage(
        site=public_site().context(),
        meta=Meta(path=PATH, title=_("Cari: {text}").format(text=ask.text), noindex=True),
        query=ask.text,
        summary=_summary(found) if found.hits else "",
        notice=" ".join(_notices(ask, found)),
        hits=tuple(hit.shown for hit in found.hits),
        facets=tuple(_facets(site, ask, found)),
        corrected=_corrected(ask, found),
        range_line=_("{first}–{last} dari {total}").format(first=first, last=last, total=total),
        newer=_pager(ask, ask.page - 1, _("Hasil sebelumnya")) if ask.page > 1 else None,
        older=_pager(ask, ask.page + 1, _("Hasil berikutnya")) if found.has_more else None,
        way_on=() if found.hits else (*_closest(site, ask, found), *_ways_on(site)),
    )


def _summary(found: Found) -> str:
    number = f"{found.total:,}".replace(",", ".")
    count = number if found.is_total_exact else _("Lebih dari {n}").format(n=number)
    if not found.has_all_words:
        return _("{count} hasil; sebagian tidak memuat semua kata").format(count=count)
    return _("{count} hasil, yang paling cocok di atas").format(count=count)


def _notices(ask: Ask, found: Found) -> Iterator[str]:
    if found.is_partial:
        yield _("Daftar isi pencarian sedang disusun ulang; sebagian hasil mungkin belum tampak.")
    if ask.was_cut:
        yield _("Yang dicari hanya {n} huruf pertama.").format(n=finding.LONGEST_QUERY)


def _corrected(ask: Ask, found: Found) -> Corrected | None:
    if not found.corrected:
        return None
    return Corrected(shown=found.corrected, exact_url=_url(ask, is_exact=True, page=1))


def _facets(site: Site, ask: Ask, found: Found) -> Iterator[Facet]:
    """Yield the filters that can still change something; each counts without itself."""
    names = {slug: name for s in _with_rubrics() for slug, name in s.rubric_names(site).items()}
    labels = sources.kind_labels()
    rubrics = [(value, names.get(value, value), count) for value, count in found.rubrics]
    kinds = [(value, _(labels.get(value, value)), count) for value, count in found.kinds]
    years = [(value, value, count) for value, count in found.years]
    for title, name, chosen, values in (
        (_("Rubrik"), "rubric", ask.rubric, rubrics),
        (_("Jenis"), "kind", ask.kind, kinds),
        (_("Tahun"), "year", str(ask.year or ""), years),
    ):
        if chosen or len(values) > 1:
            everything = Link(
                text=_("Semua"), url=_url(ask, page=1, **{name: ""}), current=not chosen
            )
            links = [
                Link(
                    text=text,
                    url=_url(ask, page=1, **{name: value}),
                    count=count,
                    current=value == chosen,
                )
                for value, text, count in values
            ]
            yield Facet(title=title, links=(everything, *links))


def _closest(site: Site, ask: Ask, found: Found) -> Iterator[Link]:
    """Yield what is nearest to a search that found nothing."""
    if ask.page > 1:
        yield Link(text=_("Hasil pertama"), url=_url(ask, page=1))
    if ask.is_filtered:
        url = _url(ask, page=1, rubric="", kind="", year="")
        yield Link(text=_("Cari di semua"), url=url)
    for word in finding.near(site, found.corrected or ask.text):
        yield Link(
            text=_("Cari “{word}”").format(word=word), url=f"{PATH}?{urlencode({'q': word})}"
        )


def _ways_on(site: Site) -> tuple[Link, ...]:
    return tuple(link for source in _with_rubrics() for link in source.ways_on(site))


def _with_rubrics() -> list[sources.HasRubrics]:
    return [source for source in sources.sources() if isinstance(source, sources.HasRubrics)]


def _pager(ask: Ask, page: int, text: str) -> Link:
    return Link(text=text, url=_url(ask, page=page))


def _url(ask: Ask, **changed: object) -> str:
    """Return the address of this search with some of it changed."""
    values = {
        "q": ask.text,
        "rubrik": changed.get("rubric", ask.rubric),
        "tahun": changed.get("year", ask.year),
        "jenis": changed.get("kind", ask.kind),
        "persis": "1" if changed.get("is_exact", ask.is_exact) else "",
    }
    page = changed.get("page", ask.page)
    values["hal"] = page if page != 1 else ""
    return f"{PATH}?{urlencode({name: value for name, value in values.items() if value})}"
