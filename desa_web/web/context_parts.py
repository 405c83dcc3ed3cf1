"""The parts that page contexts are made of: the village, pictures, cards, slips, slots.

Every class says in its docstring what each of its fields is for. See contexts.py for the pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from markupsafe import Markup

from desa_web.web.accents import SHIPPED_ACCENTS, Accents
from desa_web.web.dates import Zone

Band = Literal["tenun", "anyam", "parang", "rebung"]
ListKind = Literal["news", "rubric", "tag", "month", "announcements"]
Focus = Literal["tl", "t", "tr", "l", "c", "r", "bl", "b", "br"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link in a list: filters, month archives, facets, tags, ways on.

    text, url: what it says and where it goes.
    count: number shown beside it; None shows none.
    note: small words beside it ("PDF, 84 KB").
    current: the reader is looking at it now.
    """

    text: str
    url: str
    count: int | None = None
    note: str = ""
    current: bool = False

    def __hash__(self) -> int:
        # What themes wrote is kept by what it shows: a hash of all fields, which equality compares
        # anyway, took longer than to look it up. So for pictures and cards, too.
        return hash(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """One entry of the menu tree, two levels deep.

    text, url, children; `holds(path)` is true when the page at path belongs to this entry.
    """

    text: str
    url: str
    children: tuple[MenuItem, ...] = ()

    def holds(self, path: str) -> bool:
        """Return whether the entry or one of its children is the page at path or above it."""
        if any(child.holds(path) for child in self.children):
            return True
        if self.url == "/":
            return path == "/"
        base = self.url.rstrip("/")
        return path == base or path.startswith(base + "/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One row of the office hours.

    days: words ("Senin–Kamis"). weekdays: 0 = Monday … 6, for the line "buka sampai" and JSON-LD.
    opens, closes: "08.00", "15.00"; both "" when closed.
    """

    days: str
    weekdays: tuple[int, ...]
    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Local words: a nagari is not a desa.

    village ("Desa", "Nagari", "Kalurahan", "Gampong"), head ("Kepala Desa", "Wali Nagari",
    "Keuchik"), office ("Kantor Desa", at a media centre "Redaksi Media Center"), kim (the name of
    its citizens' media group).
    """

    village: str = "Desa"
    head: str = "Kepala Desa"
    office: str = "Kantor Desa"
    kim: str = "KIM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """How to reach the village office; every field may be "".

    address_lines, postal_code; phone as shown, phone_url ("tel:+62…"); whatsapp_url, email.
    """

    address_lines: tuple[str, ...] = ()
    postal_code: str = ""
    phone: str = ""
    phone_url: str = ""
    whatsapp_url: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What others may do with texts and photos: name ("CC BY 4.0"), url, and one sentence."""

    name: str = "CC BY 4.0"
    url: str = "https://creativecommons.org/licenses/by/4.0/deed.id"
    sentence: str = "Naskah dan foto boleh dipakai ulang dengan menyebut sumber (CC BY 4.0)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The village, the same on every page.

    name ("Desa Sukamaju"), short_name ("Sukamaju"), tagline.
    district ("Kec. Danderejo"), regency ("Kab. Bengawan"), province; `place_line` joins the first
    two. code: kode wilayah. words, contacts, hours, licence: see there.
    base_url: "https://sukamaju.desa.id", "" while the village has no address of its own.
    language ("id"), zone (WIB, WITA, WIT).
    menu: main menu tree. footer_links: the list in the footer. social: links with a name.
    announcement: the one bar under the menu. feeds: for autodiscovery and the footer.
    search_url: where the search form goes; "" when the site has no search.
    emblem_url: the village's own emblem, "" for the theme's.
    accents: the village's colours. band: the motif of the woven band.
    """

    name: str
    short_name: str
    tagline: str = ""
    district: str = ""
    regency: str = ""
    province: str = ""
    code: str = ""
    words: Words = Words()
    contacts: Contacts = Contacts()
    hours: tuple[Hours, ...] = ()
    licence: Licence = Licence()
    base_url: str = ""
    language: str = "id"
    zone: Zone = "WIB"
    menu: tuple[MenuItem, ...] = ()
    footer_links: tuple[Link, ...] = ()
    social: tuple[Link, ...] = ()
    announcement: Link | None = None
    feeds: tuple[Link, ...] = ()
    search_url: str = "/cari"
    emblem_url: str = ""
    accents: Accents = SHIPPED_ACCENTS
    band: Band = "tenun"

    @property
    def place_line(self) -> str:
        """Return "Kec. Danderejo, Kab. Bengawan"."""
        return ", ".join(part for part in (self.district, self.regency) if part)

    def absolute(self, path: str) -> str:
        """Return the full address of a path, or "" while the site has no address of its own."""
        if path.startswith(("https://", "http://")):
            return path
        return self.base_url.rstrip("/") + path if self.base_url and path else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A photo in several widths.

    url: the fallback. sources: (url, width_px) pairs, smallest first; `srcset` joins them.
    width_px, height_px: of the fallback, for the space it will take.
    alt: what is seen. caption: who, where, when. credit: "Nur Aini/KIM Sukamaju".
    focus: what must stay visible when cropped (a class, "c" is the middle).
    is_pending: renditions are still in the making; show the placeholder.
    """

    url: str
    width_px: int
    height_px: int
    sources: tuple[tuple[str, int], ...] = ()
    alt: str = ""
    caption: str = ""
    credit: str = ""
    focus: Focus = "c"
    is_pending: bool = False

    def __hash__(self) -> int:
        return hash(self.url)

    @property
    def srcset(self) -> str:
        """Return the value of the srcset attribute, "" with fewer than two widths."""
        if len(self.sources) < 2:
            return ""
        return ", ".join(f"{url} {width_px}w" for url, width_px in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A piece of news in a list.

    title, url, standfirst (one sentence), kicker (its rubric), byline (a name), organisation
    ("KIM Sukamaju"), published_at, picture.
    """

    title: str
    url: str
    published_at: datetime
    standfirst: str = ""
    kicker: Link | None = None
    byline: str = ""
    organisation: str = ""
    picture: Picture | None = None

    def __hash__(self) -> int:
        return hash((self.url, self.title))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A slip on the notice board.

    title, url, note ("Balai desa", "Unduh PDF, 84 KB"), published_on, until_on (deadline).
    """

    title: str
    url: str
    note: str = ""
    published_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file to download: name, url, format ("PDF"), size_bytes."""

    name: str
    url: str
    format: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTile:
    """A service on the front page.

    name, url, promise ("Selesai 15 menit"), icon (surat, ktp, sehat, bantu, info or lapor).
    """

    name: str
    url: str
    promise: str = ""
    icon: str = "surat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Slot: services. title, tiles (six at most), all_url ("" for no link)."""

    tiles: tuple[ServiceTile, ...]
    title: str = "Mau urus apa?"
    all_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Slot: a part of the front page with its own head. title, url ("all of them"), cards."""

    title: str
    url: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An entry of the agenda: title, url, starts_at, place."""

    title: str
    starts_at: datetime
    place: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Slot: agenda. events, all_url ("" for no link)."""

    events: tuple[Event, ...]
    all_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One field of the budget: name, planned_rp, spent_rp; `percent` of it that is spent."""

    name: str
    planned_rp: int
    spent_rp: int

    @property
    def percent(self) -> int:
        """Return the spent share, 0 when nothing was planned."""
        return round(100 * self.spent_rp / self.planned_rp) if self.planned_rp else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Slot: APBDes. year, as_of (date of the figures), lines, all_url; `total` sums the lines."""

    year: int
    as_of: date
    lines: tuple[BudgetLine, ...]
    all_url: str = ""

    @property
    def total(self) -> BudgetLine:
        """Return the sum of all lines."""
        return BudgetLine(
            name="total",
            planned_rp=sum(line.planned_rp for line in self.lines),
            spent_rp=sum(line.spent_rp for line in self.lines),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOut:
    """Slot: the green call-out at the end of the front page.

    title, text, action (filled button), other (outlined one or None), is_whatsapp: its icon.
    """

    title: str
    text: str
    action: Link
    other: Link | None = None
    is_whatsapp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Slot: summary box of an article. points, made_by ("Dibuat oleh mesin, diperiksa …")."""

    points: tuple[str, ...]
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PollChoice:
    """One answer: text, value, count, face (p1 … p4)."""

    text: str
    value: str
    count: int
    face: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Slot: one-tap poll. question, action_url, choices, hint, note."""

    question: str
    action_url: str
    choices: tuple[PollChoice, ...]
    hint: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A "Ralat": on (date) and text."""

    on: date
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What the head of a page needs.

    path: "/berita/x", of the canonical address. title: without the village's name.
    description: one or two sentences. crumbs: links from "Beranda" to the page above.
    picture: for sharing. feeds: of this page, besides the site's. noindex: keep out of engines.
    """

    path: str
    title: str
    description: str = ""
    crumbs: tuple[Link, ...] = ()
    picture: Picture | None = None
    feeds: tuple[Link, ...] = ()
    noindex: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A search result.

    title, snippet: safe HTML with <mark>. url, kicker, byline, published_at, picture as in cards.
    """

    title: Markup
    snippet: Markup
    url: str
    kicker: Link | None = None
    byline: str = ""
    published_at: datetime | None = None
    picture: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A filter beside the results: title ("Rubrik"), links with counts."""

    title: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The query was read as `shown`; exact_url searches for what was typed."""

    shown: str
    exact_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPhoto:
    """A photo of the gallery: picture, title, url (its page or article), byline, taken_on."""

    picture: Picture
    title: str
    url: str
    byline: str = ""
    taken_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """One package for journalists.

    title, url (the article), kicker, picture, contents ("Naskah, 4 foto asli"), credit,
    published_at, download.
    """

    title: str
    url: str
    contents: str
    credit: str
    published_at: datetime
    download: Document
    kicker: Link | None = None
    picture: Picture | None = None
