"""The desk's home and its list of articles: by state, by title, page by page, and the trash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Response, request, url_for

from desa_web.core import journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import DAY_MS, as_utc, suspicion, to_ms
from desa_web.core.disk import free_bytes
from desa_web.core.errors import Conflict
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.accounts.service import role_names
from desa_web.features.media.space import space
from desa_web.features.news import queries
from desa_web.features.news.article import State
from desa_web.features.news.desk_view import (
    Moments,
    alerts,
    chip,
    outside,
    thumb_url,
    thumbnails,
)
from desa_web.features.news.queries import DeskItem
from desa_web.web import auth, dates, desk, health, typing
from desa_web.web.house import site

blueprint = desk.blueprint("news_lists", __name__)

PAGE_SIZE = 30
_BACKUPS = "*.zip"
_BACKUP_OLD_DAYS = 8
_S = State


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the list; what it teaches when it is empty."""

    name: str
    label: str
    states: tuple[State, ...] = ()
    live: bool | None = None
    trashed: bool = False
    empty: str = ""
    hint: str = ""


TABS = (
    Tab("", "Semua", empty="Belum ada berita",
        hint="Kabar pertama biasanya yang paling mudah: siapa, di mana, kapan."),
    Tab("draf", "Draf", (_S.DRAFT, _S.RETURNED), empty="Belum ada draf",
        hint="Mulai dengan judul sementara. Isinya bisa menyusul kapan saja."),
    Tab("menunggu", "Menunggu", (_S.SUBMITTED, _S.APPROVED, _S.SCHEDULED),
        empty="Tidak ada yang menunggu",
        hint="Berita yang diajukan, disetujui, atau terjadwal tampil di sini."),
    Tab("terbit", "Terbit", live=True, empty="Belum ada yang terbit",
        hint="Berita yang sudah dibaca warga tampil di sini."),
    Tab("ditarik", "Ditarik", (_S.WITHDRAWN,), empty="Tidak ada yang ditarik",
        hint="Berita yang ditarik dari situs bisa diperbaiki lalu diterbitkan lagi."),
    Tab("sampah", "Sampah", trashed=True, empty="Sampah kosong",
        hint="Yang dibuang disimpan 30 hari di sini, lalu hilang sendiri."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of health: an icon, what it is about, how it is."""

    icon: str
    label: str
    words: str
    is_good: bool = True


@blueprint.get("/")
def home() -> Response:
    """The first page after signing in: what to do next, and whether all is well."""
    actor = auth.actor()
    here = actor.site
    own = queries.desk(actor, states=(_S.DRAFT, _S.RETURNED, _S.SUBMITTED), mine=True, limit=5)
    live = queries.desk(actor, live=True, limit=4)
    approved: list[DeskItem] = []
    if actor.may(Permission.PUBLISH):
        approved = queries.desk(actor, states=(_S.APPROVED, _S.SCHEDULED), limit=5)
    moment = Moments(here)
    return desk.page(
        "news/home.html",
        name=actor.name,
        role=role_names(is_hub=settings.is_hub(here))[actor.role],
        greeting=_greeting(moment.now),
        today=moment.today(),
        waiting=queries.waiting(actor) if actor.may(Permission.REVIEW) else 0,
        own=own,
        left=typing.all_kept(actor, "tulis"),
        live=live,
        approved=approved,
        lines=health_lines(actor),
        alerts=alerts(actor),
        doubt=journal.clock_doubt(here),
        may_confirm=_may_confirm(actor),
        deputy=actor.deputy,
        deputy_until=dates.full_date(actor.deputy.last_on) if actor.deputy else "",
        moment=moment,
        chip=chip,
        thumbs=_thumbs(own + live + approved),
        outside=outside(here, [item.id for item in live]),
    )


@blueprint.post("/jam")
def confirm_clock() -> Response:
    """Trust the server's date: an admin has looked at it."""
    actor = auth.require(Permission.MANAGE_SITE)
    if not _may_confirm(actor):
        raise Conflict(_("Tanggal server belum bisa dipercaya. Setel jam komputernya dulu."))
    journal.confirm_clock(actor)
    return desk.done(url_for(".home"), _("Jam dipercaya. Yang tertahan berjalan lagi."))


@blueprint.get("/berita")
def articles() -> Response:
    actor = auth.actor()
    tab = next((t for t in TABS if t.name == request.args.get("tab", "")), TABS[0])
    query = request.args.get("cari", "").replace("\x00", "").strip()[:100]
    items = queries.desk(
        actor,
        states=tab.states,
        live=tab.live,
        trashed=tab.trashed,
        query=query,
        before=_key(request.args.get("sebelum", "")),
        limit=PAGE_SIZE + 1,
    )
    shown = items[:PAGE_SIZE]
    more = ""
    if len(items) > PAGE_SIZE:
        last = f"{to_ms(shown[-1].updated_at)}~{shown[-1].id}"
        more = url_for(".articles", tab=tab.name or None, cari=query or None, sebelum=last)
    return desk.page(
        "news/list.html",
        tabs=TABS,
        tab=tab,
        query=query,
        items=shown,
        more=more,
        is_first=not request.args.get("sebelum"),
        moment=Moments(actor.site),
        chip=chip,
        thumbs=_thumbs(shown),
        outside=outside(actor.site, [item.id for item in shown]),
        may_write=actor.may(Permission.WRITE),
    )


def health_lines(actor: Actor) -> list[Line]:
    """Return how the site is in three short lines; the full check is `desa doctor`."""
    here = actor.site
    state = health.state(here)
    room = space(here)
    free = dates.file_size(free_bytes(here.path))
    words = _("sisa {n}").format(n=free)
    if room.quota_bytes:
        words = _("{used} dari {quota}").format(
            used=dates.file_size(room.used_bytes), quota=dates.file_size(room.quota_bytes)
        )
    lines = [_health_line(state), Line("server", _("Ruang server"), words, not room.is_low)]
    if actor.may(Permission.MANAGE_SITE):
        lines.append(_backup_line(here))
    return lines


def _backup_line(here: Site) -> Line:
    """Return how old the newest backup in the site's own folder is."""
    label = _("Cadangan")
    made_ms = [int(file.stat().st_mtime * 1000) for file in (here.path / "backups").glob(_BACKUPS)]
    if not made_ms:
        return Line("awas", label, _("belum ada"), False)
    newest = as_utc(max(made_ms))
    is_fresh = here.clock.now_ms() - max(made_ms) < _BACKUP_OLD_DAYS * DAY_MS
    return Line("simpan" if is_fresh else "awas", label, Moments(here)(newest), is_fresh)


def _may_confirm(actor: Actor) -> bool:
    """Not while the year is before the program's own: no person can have meant that."""
    return (
        actor.may(Permission.MANAGE_SITE)
        and journal.clock_doubt(actor.site) is not None
        and suspicion(actor.site.clock.now_ms(), None) is None
    )


def _health_line(state: dict[str, object]) -> Line:
    label = _("Keadaan situs")
    if not state["writable"]:
        return Line("awas", label, _("Hanya bisa dibaca. Jalankan `desa doctor`."), False)
    if not state["clock_ok"]:
        return Line("awas", label, _("Jam server diragukan. Periksa tanggalnya."), False)
    if state["worker_age_s"] is None or not state["ok"]:
        return Line("awas", label, _("Perlu dilihat. Jalankan `desa doctor`."), False)
    return Line("cek", label, _("semua baik"))


def _greeting(now: datetime) -> str:
    if 4 <= now.hour < 11:
        return _("Selamat pagi")
    if 11 <= now.hour < 15:
        return _("Selamat siang")
    return _("Selamat sore") if 15 <= now.hour < 18 else _("Selamat malam")


def _thumbs(items: list[DeskItem]) -> dict[str, str]:
    return {i: thumb_url(picture) for i, picture in thumbnails(site(), items).items()}


def _key(text: str) -> tuple[datetime, str] | None:
    """Return the place to go on from; anything that is none starts at the top."""
    moment, _tilde, article_id = text.partition("~")
    is_number = moment.isascii() and moment.isdigit() and len(moment) < 15
    return (as_utc(int(moment)), article_id[:64]) if is_number and "\x00" not in text else None
