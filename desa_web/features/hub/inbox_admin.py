"""The officer's inbox: shelves, one item to read and decide on, many at once with an undo."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request, url_for
from markupsafe import Markup

from desa_web.core import html
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import to_ms
from desa_web.core.errors import Conflict, InvalidInput
from desa_web.core.i18n import _
from desa_web.features.hub import inbox, items, sources, views
from desa_web.features.hub.item import Full, Item, Look, State
from desa_web.features.hub.items import Shelf
from desa_web.features.news.desk_view import Moments
from desa_web.web import auth, desk
from desa_web.web.forms import Form

blueprint = desk.blueprint("hub_inbox", __name__)

PAGE_SIZE = 30
_MANY = 100


@dataclass(frozen=True, slots=True)
class Tab:
    """One shelf of the inbox; what it teaches when it is empty."""

    shelf: Shelf
    name: str
    label: str
    empty: str
    hint: str


TABS = (
    Tab(Shelf.NEW, "", "Baru", "Tidak ada kabar baru",
        "Kabar desa masuk sendiri ke sini. Belum ada desa? Undang dulu."),
    Tab(Shelf.UPDATED, "berubah", "Berubah", "Tidak ada yang berubah",
        "Bila desa memperbaiki berita yang sudah Anda terbitkan, perubahannya tampil di sini."),
    Tab(Shelf.WITHDRAWN, "ditarik", "Ditarik", "Tidak ada yang ditarik",
        "Bila desa menarik berita, kita ikut menurunkannya, dan Anda melihatnya di sini."),
    Tab(Shelf.HELD, "disimpan", "Disimpan", "Tidak ada yang disimpan",
        "Kabar yang belum mau diterbitkan bisa disimpan di sini."),
    Tab(Shelf.PUBLISHED, "terbit", "Terbit", "Belum ada yang terbit",
        "Kabar desa yang sudah terbit di situs ini tampil di sini."),
    Tab(Shelf.RETURNED, "dikembalikan", "Dikembalikan", "Tidak ada yang dikembalikan",
        "Kabar yang dikembalikan ke desa dengan alasan tampil di sini."),
)  # fmt: skip
LOOKS = {
    Look.UPDATED: ("k-ponsel", "Berubah"),
    Look.DERIVATIVE: ("k-ponsel", "Berubah, dan sudah disunting di sini"),
    Look.WITHDRAWN: ("k-gagal", "Ditarik desa"),
    Look.BACK: ("k-antre", "Diterbitkan desa lagi"),
    Look.LOST: ("k-gagal", "Hilang di desa"),
}
STATES = {
    State.NEW: ("k-kirim", "Baru"),
    State.HELD: ("k-server", "Disimpan"),
    State.PUBLISHED: ("k-kirim", "Terbit di sini"),
    State.RETURNED: ("k-gagal", "Dikembalikan"),
}
TOLD = {
    "accepted": "Diterima",
    "published": "Terbit di media center",
    "returned": "Dikembalikan",
    "withdrawn": "Diturunkan",
}
# What villages hear most; the officer may write his own.
REASONS = (
    "Lengkapi: siapa, kapan, dan di mana.",
    "Foto buram atau gelap. Kirim foto lain.",
    "Ada nomor pribadi (NIK atau telepon) di naskah. Hapus dulu.",
    "Angka di judul dan di isi berbeda. Periksa lagi.",
)


@blueprint.get("/kiriman")
def index() -> Response:
    """One shelf, what came last first."""
    actor = auth.require(Permission.RUN_HUB)
    tab = next((t for t in TABS if t.name == request.args.get("rak", "")), TABS[0])
    source_id, query = _plain("desa", 40), _plain("cari", 100)
    found = _found(tab, source_id, query)
    shown, rest = found[:PAGE_SIZE], found[PAGE_SIZE:]
    counts = items.counts(source_id)
    return desk.page(
        "hub/inbox.html",
        tabs=[(one, counts[one.shelf]) for one in TABS],
        tab=tab,
        cards=views.cards(actor.site, shown),
        query=query,
        source=sources.get(actor.site, source_id) if source_id else None,
        has_sources=bool(shown) or bool(sources.listed(actor.site)),
        more=_more(tab, source_id, query, shown) if rest else "",
        is_first=not request.args.get("sebelum"),
        moment=Moments(actor.site),
        chip=_chip,
    )


@blueprint.post("/kiriman/terbitkan")
def publish_many() -> Response:
    """Publish what was ticked, one after the other; what cannot be is left with its sentence."""
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    ids = form.all("pilih", limit=_MANY)
    form.check()
    back = url_for(".index")
    if not ids:
        return desk.done(back, _("Belum ada yang dipilih. Centang dulu kabarnya."))
    since = actor.site.clock.now_ms()
    done = list(inbox.publish_many(actor, ids))
    good = [one for one in done if one.item is not None]
    sentence = _("{n} kabar terbit.").format(n=len(good))
    left = [one for one in done if one.item is None]
    if left:
        sentence += " " + _("{n} belum: {why}").format(n=len(left), why=left[0].sentence)
    undo = url_for(".take_back_many", sejak=since) if good else ""
    return desk.done(back, sentence, undo=undo)


@blueprint.post("/kiriman/turunkan")
def take_back_many() -> Response:
    """Undo: take back what this person published since a moment."""
    actor = auth.require(Permission.RUN_HUB)
    text = request.args.get("sejak", "")
    since = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if since is None:
        raise InvalidInput(_("Tautan batal ini tidak utuh. Turunkan satu per satu."))
    ids = views.decided_since(actor.name, since)
    for item_id in ids:
        inbox.take_back(actor, item_id)
    sentence = _("{n} kabar diturunkan lagi; semuanya ada di rak Disimpan.")
    return desk.done(url_for(".index"), sentence.format(n=len(ids)))


@blueprint.get("/kiriman/<item_id>")
def item(item_id: str) -> Response:
    return _item_page(auth.require(Permission.RUN_HUB), item_id, Form())


@blueprint.post("/kiriman/<item_id>")
def decide(item_id: str) -> Response:
    """Take one decision; a refused form comes back with what was typed."""
    actor, form = auth.require(Permission.RUN_HUB), Form.sent()
    wish, reason = form.text("do", limit=20), form.text("reason", limit=600)
    version = form.text("version", limit=12)
    try:
        form.check()
        number = int(version) if version.isdigit() else None
        after, sentence, undo = _decided(actor, item_id, wish, reason, number)
    except InvalidInput as error:
        form.refuse(error)
        return _item_page(actor, item_id, form, 422)
    except Conflict as error:
        form.problems[""] = error.message
        return _item_page(actor, item_id, form, error.status)
    following = _next_waiting(after)
    address = url_for(".item", item_id=following) if following else url_for(".index")
    return desk.done(address, sentence, undo=undo)


@blueprint.post("/kiriman/<item_id>/batal")
def undo(item_id: str) -> Response:
    """Undo one publication."""
    actor = auth.require(Permission.RUN_HUB)
    inbox.take_back(actor, item_id)
    return desk.done(url_for(".item", item_id=item_id), _("Diturunkan lagi dan disimpan."))


@blueprint.get("/kiriman/foto/<sha256>")
def photo(sha256: str) -> Response:
    """A small picture of a received photo, for the officer only."""
    actor = auth.require(Permission.RUN_HUB)
    body = views.preview(actor.site, sha256).read_bytes()
    response = Response(body, mimetype="image/webp")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def _found(tab: Tab, source_id: str, query: str) -> list[Item]:
    before = _place()
    return items.listing(
        tab.shelf, source_id=source_id, word=query, before=before, limit=PAGE_SIZE + 1
    )


def _plain(name: str, limit: int) -> str:
    """Return a word of the address as a database can take it."""
    return request.args.get(name, "").replace("\x00", "").strip()[:limit]


def _place() -> tuple[int, str] | None:
    moment, _dot, item_id = _plain("sebelum", 60).partition(".")
    is_good = moment.isascii() and moment.isdigit() and len(moment) < 16 and item_id
    return (int(moment), item_id[:40]) if is_good else None


def _more(tab: Tab, source_id: str, query: str, shown: list[Item]) -> str:
    at_ms, item_id = views.place_of(shown[-1])
    return url_for(
        ".index",
        rak=tab.name or None,
        desa=source_id or None,
        cari=query or None,
        sebelum=f"{at_ms}.{item_id}",
    )


def _item_page(actor: Actor, item_id: str, form: Form, status: int = 200) -> Response:
    full = items.get(actor.site, item_id)
    source = sources.get(actor.site, full.item.source_id)
    moment = Moments(actor.site)
    beside = views.beside(full)
    return desk.page(
        "hub/item.html",
        status,
        full=full,
        item=full.item,
        said=full.content,
        source=source,
        body=Markup(views.body_of(full)),  # noqa: S704 - normalise returns safe HTML
        beside=beside,
        marked=Markup(beside.body) if beside else "",  # noqa: S704 - html.diff is safe HTML
        photos=views.photos_of(full),
        words=len(html.plain_text(views.body_of(full)).split()),
        chip=_chip(full.item, full.look),
        form=form,
        offers=_offers(full),
        reasons=REASONS,
        told=views.told(full),
        told_words=TOLD,
        moment=moment,
    )


def _chip(found: Item, look: Look = Look.NONE) -> tuple[tuple[str, str], str]:
    """Return the look, icon and words of an item's state."""
    if look is Look.NONE and found.needs_look:
        look = Look.WITHDRAWN if found.op != "put" else Look.LOST if found.is_lost else Look.UPDATED
    style, words = LOOKS[look] if look is not Look.NONE else STATES[found.state]
    icon = {"k-gagal": "awas", "k-ponsel": "riwayat", "k-server": "simpan"}.get(style, "cek")
    return (style, icon), _(words)


@dataclass(frozen=True, slots=True)
class Offer:
    """A button of the item's page."""

    value: str
    label: str
    icon: str
    look: str = ""
    key: str = ""


def _offers(full: Full) -> list[Offer]:
    """Return what the officer may do with an item as it stands."""
    found, look = full.item, full.look
    is_said = found.op == "put"
    is_live = found.state is State.PUBLISHED and bool(full.published_url)
    offers = []
    if is_said and look is Look.DERIVATIVE:
        offers.append(Offer("replace", _("Ganti dengan naskah desa"), "cek"))
    elif is_said and (not is_live or look in (Look.UPDATED, Look.BACK)):
        label = _("Terbitkan perubahan") if is_live else _("Terbitkan")
        offers.append(Offer("publish", label, "cek", key="t"))
    if found.needs_look:
        label = _("Pertahankan naskah kita") if is_live and is_said else _("Sudah saya lihat")
        offers.append(Offer("settle", label, "mata", "garis"))
    if is_said and found.state in (State.NEW, State.RETURNED):
        offers.append(Offer("hold", _("Simpan dulu"), "simpan", "garis", key="s"))
    if is_live:
        offers.append(Offer("take_back", _("Turunkan"), "tarik", "garis"))
    if is_said and found.state is not State.RETURNED:
        offers.append(Offer("return", _("Kembalikan ke desa"), "balik", "bahaya", key="k"))
    return offers


def _decided(
    actor: Actor, item_id: str, wish: str, reason: str, version: int | None
) -> tuple[Item, str, str]:
    """Take a decision; return the item after it, what to say, and where undoing posts to."""
    undo = url_for(".undo", item_id=item_id)
    if wish in ("publish", "replace"):
        after = inbox.publish(actor, item_id, version=version, replaces_edit=wish == "replace")
        return after, _("Terbit: {title}").format(title=after.title), undo
    if wish == "hold":
        after = inbox.hold(actor, item_id, version=version)
        return after, _("Disimpan: {title}").format(title=after.title), ""
    if wish == "return":
        after = inbox.return_(actor, item_id, reason, version=version)
        return after, _("Dikembalikan ke desa beserta alasannya."), ""
    if wish == "take_back":
        after = inbox.take_back(actor, item_id, reason=reason, version=version)
        return after, _("Diturunkan dari situs. Naskahnya ada di rak Disimpan."), ""
    if wish == "settle":
        after = inbox.settle(actor, item_id, version=version)
        return after, _("Baik. Naskah di situs tetap."), ""
    raise InvalidInput(_("Pilih salah satu keputusan."))


def _next_waiting(after: Item) -> str:
    """Return the next item to decide on, on the shelf where the officer works, "" when done."""
    for shelf in (Shelf.NEW, Shelf.UPDATED, Shelf.WITHDRAWN):
        found = items.listing(shelf, before=(to_ms(after.received_at), after.id), limit=1)
        found = found or items.listing(shelf, limit=1)
        if found and found[0].id != after.id:
            return found[0].id
    return ""
