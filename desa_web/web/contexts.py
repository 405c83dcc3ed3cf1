"""What a theme's template may use: one frozen dataclass per page type, and the parts they share.

A template sees two names, `page` (one of the classes with a `template`) and `site` (`page.site`).
themes/README.md lists every field in tables that a test compares with this module. Features fill
these in; nothing here reads a database, and no template does. Times are aware datetimes; the
filters of dates.py turn them into the village's own time. A slot for a feature that is not
installed is None: absent, not empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar
from urllib.parse import quote

from markupsafe import Markup

from desa_web.web.accents import Accents
from desa_web.web.context_parts import (
    Agenda,
    Band,
    Budget,
    BudgetLine,
    CallOut,
    Card,
    Contacts,
    Corrected,
    Correction,
    Document,
    Event,
    Facet,
    Focus,
    GalleryPhoto,
    Hit,
    Hours,
    Kit,
    Licence,
    Link,
    ListKind,
    MenuItem,
    Meta,
    Notice,
    Picture,
    Poll,
    PollChoice,
    Section,
    Services,
    ServiceTile,
    Site,
    Summary,
    Words,
)
from desa_web.web.dates import Zone

__all__ = [
    "PAGE_TYPES",
    "PART_TYPES",
    "Accents",
    "Agenda",
    "AnnouncementPage",
    "ArticlePage",
    "Band",
    "Budget",
    "BudgetLine",
    "CallOut",
    "Card",
    "Contacts",
    "ContentPage",
    "Corrected",
    "Correction",
    "Document",
    "ErrorPage",
    "Event",
    "Facet",
    "Focus",
    "GalleryPage",
    "GalleryPhoto",
    "HelpPage",
    "Hit",
    "HomePage",
    "Hours",
    "Kit",
    "Licence",
    "Link",
    "ListKind",
    "ListPage",
    "MediaKitPage",
    "MenuItem",
    "Meta",
    "Notice",
    "Page",
    "Picture",
    "Poll",
    "PollChoice",
    "SearchPage",
    "Section",
    "ServiceTile",
    "Services",
    "Site",
    "Summary",
    "Words",
    "Zone",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page has: site and meta."""

    template: ClassVar[str] = ""

    site: Site
    meta: Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage(Page):
    """The front page, /.

    lead: the one lead story. cards: three with pictures. rows: text only, with dates.
    board: announcements, four at most. news_url, board_url: "all of them".
    sections: more news by rubric, where a site shows it.
    services, agenda, budget, call_out: slots, None without their feature.
    """

    template: ClassVar[str] = "home.html"

    lead: Card | None = None
    cards: tuple[Card, ...] = ()
    rows: tuple[Card, ...] = ()
    board: tuple[Notice, ...] = ()
    news_url: str = "/berita/"
    board_url: str = "/pengumuman/"
    sections: tuple[Section, ...] = ()
    services: Services | None = None
    agenda: Agenda | None = None
    budget: Budget | None = None
    call_out: CallOut | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Page):
    """News, a rubric, a tag, a month's archive, or announcements.

    kind, title, count_line ("28 berita sejak 2023"), intro.
    lead: a card shown large. cards: the rest. notices: instead of cards, for announcements.
    filters: pills above. rubrics, months: links beside. feed_url: "" for none.
    newer, older: neighbours (month archives), None at the ends. empty: the sentence when nothing
    is there.
    """

    template: ClassVar[str] = "list.html"

    kind: ListKind
    title: str
    count_line: str = ""
    intro: str = ""
    lead: Card | None = None
    cards: tuple[Card, ...] = ()
    notices: tuple[Notice, ...] = ()
    filters: tuple[Link, ...] = ()
    rubrics: tuple[Link, ...] = ()
    months: tuple[Link, ...] = ()
    feed_url: str = ""
    newer: Link | None = None
    older: Link | None = None
    empty: str = "Belum ada kabar di sini."


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage(Page):
    """One piece of news.

    title, standfirst, kicker (its rubric), picture (the first one).
    byline, initials ("NA"), organisation, published_at, updated_at (None: never changed).
    dateline ("Bengawan, Desa Sukamaju"), body (safe HTML without dateline), code ("[nur/BP]"),
    editor. corrections: dated "Ralat". pictures: more photos under the text. tags, related.
    origin: whose text it is when it came from elsewhere (safe HTML), empty for our own.
    download: its media kit, None for none. `share_url`, `whatsapp_url`: "" without base_url.
    summary, poll: slots.
    """

    template: ClassVar[str] = "article.html"

    title: str
    body: Markup
    published_at: datetime
    updated_at: datetime | None = None
    standfirst: str = ""
    kicker: Link | None = None
    byline: str = ""
    initials: str = ""
    organisation: str = ""
    dateline: str = ""
    code: str = ""
    editor: str = ""
    picture: Picture | None = None
    pictures: tuple[Picture, ...] = ()
    corrections: tuple[Correction, ...] = ()
    tags: tuple[Link, ...] = ()
    related: tuple[Card, ...] = ()
    origin: Markup = field(default_factory=Markup)
    download: Document | None = None
    summary: Summary | None = None
    poll: Poll | None = None

    @property
    def share_url(self) -> str:
        """Return the address to hand on."""
        return self.site.absolute(self.meta.path)

    @property
    def whatsapp_url(self) -> str:
        """Return a link that opens WhatsApp with headline and address filled in."""
        return _whatsapp_url(self.title, self.share_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementPage(Page):
    """One announcement.

    title, body (safe HTML), published_at, until_on (None: no deadline), place, contact, picture.
    attachments: files. others: more slips of the board. origin, share_url, whatsapp_url as in
    articles.
    """

    template: ClassVar[str] = "announcement.html"

    title: str
    body: Markup
    published_at: datetime
    until_on: date | None = None
    place: str = ""
    contact: str = ""
    picture: Picture | None = None
    attachments: tuple[Document, ...] = ()
    others: tuple[Notice, ...] = ()
    origin: Markup = field(default_factory=Markup)

    @property
    def share_url(self) -> str:
        """Return the address to hand on."""
        return self.site.absolute(self.meta.path)

    @property
    def whatsapp_url(self) -> str:
        """Return a link that opens WhatsApp with headline and address filled in."""
        return _whatsapp_url(self.title, self.share_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPage(Page):
    """A standing page ("Sejarah", "Perangkat desa").

    title, standfirst, body (safe HTML), picture, updated_on, attachments.
    siblings: pages of the same branch, the current one marked; section: the branch's name.
    """

    template: ClassVar[str] = "content.html"

    title: str
    body: Markup
    standfirst: str = ""
    picture: Picture | None = None
    updated_on: date | None = None
    attachments: tuple[Document, ...] = ()
    section: str = ""
    siblings: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage(Page):
    """Search, /cari.

    query (as typed), summary ("7 hasil, terbaru di atas"), hits, facets, corrected.
    notice: what to know of these results (the index is being made anew), "" for nothing.
    range_line ("1–4 dari 7"), newer, older: more results. way_on: where to go when nothing was
    found, suggestions when nothing was typed.
    """

    template: ClassVar[str] = "search.html"

    query: str = ""
    summary: str = ""
    notice: str = ""
    hits: tuple[Hit, ...] = ()
    facets: tuple[Facet, ...] = ()
    corrected: Corrected | None = None
    range_line: str = ""
    newer: Link | None = None
    older: Link | None = None
    way_on: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPage(Page):
    """The gallery or one album: title, count_line, intro, albums (pills), photos, newer, older."""

    template: ClassVar[str] = "gallery.html"

    title: str
    count_line: str = ""
    intro: str = ""
    albums: tuple[Link, ...] = ()
    photos: tuple[GalleryPhoto, ...] = ()
    newer: Link | None = None
    older: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaKitPage(Page):
    """The media kit for journalists.

    title, updated_on, kits, terms (safe HTML), people (name, note = role), files to download.
    newer, older: more kits.
    """

    template: ClassVar[str] = "mediakit.html"

    title: str = "Media kit"
    updated_on: date | None = None
    kits: tuple[Kit, ...] = ()
    terms: Markup = field(default_factory=Markup)
    people: tuple[Link, ...] = ()
    files: tuple[Document, ...] = ()
    newer: Link | None = None
    older: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPage(Page):
    """A chapter of the manual, /bantuan: title, body (safe HTML), topics, previous, next."""

    template: ClassVar[str] = "help.html"

    title: str
    body: Markup
    topics: tuple[Link, ...] = ()
    previous: Link | None = None
    next: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    """404, 410, 500 and their like.

    status, label (kicker), title (a friendly sentence), text (what happened, what is safe, what
    to do), way_on, incident ("" or an id the person can quote), has_search.
    """

    template: ClassVar[str] = "error.html"

    status: int
    label: str
    title: str
    text: str
    way_on: tuple[Link, ...] = ()
    incident: str = ""
    has_search: bool = True


PAGE_TYPES: tuple[type[Page], ...] = (
    HomePage,
    ListPage,
    ArticlePage,
    AnnouncementPage,
    ContentPage,
    SearchPage,
    GalleryPage,
    MediaKitPage,
    HelpPage,
    ErrorPage,
)


PART_TYPES: tuple[type, ...] = (
    Link,
    MenuItem,
    Hours,
    Words,
    Contacts,
    Licence,
    Site,
    Picture,
    Card,
    Notice,
    Document,
    ServiceTile,
    Services,
    Section,
    Event,
    Agenda,
    BudgetLine,
    Budget,
    CallOut,
    Summary,
    PollChoice,
    Poll,
    Correction,
    Meta,
    Hit,
    Facet,
    Corrected,
    GalleryPhoto,
    Kit,
)


def _whatsapp_url(title: str, url: str) -> str:
    if not url:
        return ""
    # Where nothing else is to be quoted, quote() looks only once at the whole text.
    text = quote(f"{title} {url}", safe=" :/")
    text = text.replace(" ", "%20").replace(":", "%3A").replace("/", "%2F")
    return f"https://wa.me/?text={text}"
