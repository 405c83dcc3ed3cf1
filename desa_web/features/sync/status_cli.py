"""What `desa sync status` says: this site and its media centre, then what it receives of others.

Scripts read the records (SYNC: source site articles last_seq last_ok_at error, and more); people
read what the page "Sinkron" says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from desa_web.core import settings
from desa_web.core.clock import as_utc, zone
from desa_web.core.console import Console
from desa_web.core.i18n import _, short_moment
from desa_web.core.site import Site
from desa_web.features.sync import hubs, received, service
from desa_web.features.sync.hubs import Hub, State, Waiting
from desa_web.features.sync.service import Status

_COLUMNS = ("source", "articles", "last_ok_at", "error")


def run(console: Console) -> None:
    """Print how sending and receiving stand."""
    with console.actor() as actor:
        site = actor.site
        own, hub = service.status(site), hubs.newest(site)
        waits = hubs.waiting(site, hub) if hub is not None and hub.state is State.PAIRED else None
        others = [one.as_record() for one in received.sources(site)]
        if console.is_json:
            console.show([_record(own, hub, waits), *others])
            return
        is_hub = site.config.text("role") == "hub"
        for sentence in [*_own(own), *_hub(site, hub, waits, is_hub=is_hub)]:
            console.line(sentence)
        if others or is_hub:
            console.line("")
            empty = _("Belum ada sumber. Tambah dulu: desa hub source add https://sukamaju.desa.id")
            console.show(others, _COLUMNS, empty=empty)


def _record(own: Status, hub: Hub | None, waits: Waiting | None) -> Mapping[str, object]:
    """Return the site's own record; the hub's part is empty while it is not paired."""
    paired = hub if waits is not None else None
    sent_at = paired.sent_at if paired else None
    return {
        "source": own.name, "site": own.site, "articles": own.articles,
        "last_seq": own.last_seq, "last_ok_at": sent_at.isoformat() if sent_at else None,
        "error": own.pause or (paired.error if paired else ""),
        "lines": own.lines, "behind": own.behind, "epoch": own.epoch,
        "recovery_code": own.has_recovery_code,
        "hub": paired.name if paired else "", "hub_address": paired.address if paired else "",
        "hub_state": hub.state.value if hub else "",
        "waiting_lines": waits.lines if waits else None,
        "waiting_articles": waits.articles if waits else None,
    }  # fmt: skip


def _own(own: Status) -> Iterator[str]:
    yield _("{name}: {n} berita dalam catatan kirim.").format(name=own.name, n=own.articles)
    if own.pause is not None:
        yield own.pause
    elif own.behind:
        yield _(
            "Catatan itu tertinggal {n} perubahan. Ditulis sendiri selama desa serve berjalan, "
            "atau sekarang dengan: desa follow --once"
        ).format(n=own.behind)
    if own.pause is None and own.site and not own.has_recovery_code:
        yield _("Kode pemulihan kunci belum dicetak. Jalankan: desa sync code")


def _hub(site: Site, hub: Hub | None, waits: Waiting | None, *, is_hub: bool) -> Iterator[str]:
    if hub is None or hub.state in (State.REFUSED, State.ENDED):
        if not is_hub:
            yield from _unpaired(hub)
    elif waits is None:
        sentence = _(
            "Menunggu petugas {name} mencocokkan empat kata: {words}. Bila sama, ia menekan "
            "“Sama persis, sambungkan”. Sesudah itu berita terkirim sendiri selama desa serve "
            "berjalan, atau dengan: desa sync push"
        )
        yield sentence.format(name=hub.name, words=hub.words)
    else:
        yield from _paired(site, hub, waits)


def _unpaired(hub: Hub | None) -> Iterator[str]:
    if hub is not None:
        sentence = _("Tidak tersambung lagi dengan {name}.")
        if hub.state is State.REFUSED:
            sentence = _(
                "{name} belum menyambungkan desa ini: kodenya lewat waktu, atau kata-katanya beda."
            )
        yield sentence.format(name=hub.name)
    yield _(
        "Belum tersambung dengan Kominfo. Minta kode undangan kepada petugasnya, lalu: "
        "desa sync pair KODE --hub ALAMAT"
    )


def _paired(site: Site, hub: Hub, waits: Waiting) -> Iterator[str]:
    zone_ = zone(settings.read(site)["time_zone"])
    sent = short_moment(hub.sent_at, zone_) if hub.sent_at else _("belum pernah")
    if not hub.address:
        yield _("Tersambung dengan {name} lewat stik.").format(name=hub.name)
        yield _("Buat kirimannya dengan: desa sync bundle create FOLDER")
        return
    yield _("Tersambung dengan {name} ({address}), terakhir terkirim {sent}, {waits}.").format(
        name=hub.name, address=hub.address, sent=sent, waits=_waiting(waits)
    )
    if hub.is_paused:
        yield _("Pengiriman dijeda. Lanjutkan di layar kerja: Sinkron, tombol Kirim lagi.")
    elif hub.error:
        yield _("Belum terkirim, tidak ada yang hilang. {why}").format(why=hub.error)
        if hub.failures:
            sentence = _("Dicoba lagi sendiri {at}, atau sekarang dengan: desa sync push")
            yield sentence.format(at=short_moment(as_utc(hub.next_ms), zone_))
    elif waits.lines:
        yield _("Terkirim sendiri selama desa serve berjalan, atau sekarang dengan: desa sync push")


def _waiting(waits: Waiting) -> str:
    if waits.articles:
        return _("{n} berita menunggu dikirim").format(n=waits.articles)
    return _("data desa menunggu dikirim") if waits.lines else _("tidak ada yang menunggu")
