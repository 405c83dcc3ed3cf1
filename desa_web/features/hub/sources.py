"""The sources of the media centre: villages and feeds, added, described, trusted, paused, removed.

    source = add(actor, "https://sukamaju.desa.id")        asks the address what it is
    for source in listed(site): source.name, source.poll.error

Rules only; fetching is in collect.py, what an address is in discover.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from desa_web.core import db, due, journal
from desa_web.core.actor import Actor, Permission, program
from desa_web.core.errors import Conflict, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id, slugify
from desa_web.core.journal import Change
from desa_web.core.settings import KODE_WILAYAH
from desa_web.core.site import Site
from desa_web.engines.sync import log
from desa_web.engines.sync.line import is_site
from desa_web.engines.sync.shelf import Shelf
from desa_web.features.hub import leases, log_words, schedule
from desa_web.features.hub.models import PollRow, SourceRow
from desa_web.features.hub.source import Kind, Source, State, Trust, as_source, host_of
from desa_web.features.news.article import one_line

DUE = "hub.pull"
_NAME_MAX, _CONTACT_MAX, _DISTRICT_MAX = 120, 300, 80


@dataclass(frozen=True, slots=True)
class Claim:
    """What a village says about itself in its log; an officer compares it with what he knows."""

    name: str
    kode_wilayah: str
    district: str
    regency: str
    url: str
    phone: str


def add(
    actor: Actor, address: str, *, kind: Kind | None = None, name: str = "", contact: str = ""
) -> Source:
    """Add what stands at an address: a village with a log, or a feed of other software.

    Asks the address, outside of any change, unless `kind` says what it is. A source that was
    removed comes back with its history. Raises InvalidInput, Conflict, Unreachable.
    """
    from desa_web.features.hub import discover

    actor.require(Permission.RUN_HUB)
    if kind is None:
        found = discover.look(actor.site, address)
    else:
        found = discover.Found(kind, checked_address(address), "", None, "")
    return register(
        actor, kind=found.kind, address=found.address, site=found.site, name=name or found.name,
        kode_wilayah=found.kode_wilayah, contact=contact,
    )  # fmt: skip


def register(
    actor: Actor,
    *,
    kind: Kind,
    name: str,
    address: str = "",
    site: str | None = None,
    kode_wilayah: str = "",
    district: str = "",
    contact: str = "",
    is_confirmed: bool = False,
) -> Source:
    """Write a source whose kind is known; joins a change. Raises InvalidInput, Conflict.

    address "": a village that is never asked, because it pushes or sends files.
    """
    actor.require(Permission.RUN_HUB)
    address = _address(kind, address)
    if site is not None and not is_site(site):
        raise InvalidInput(_("Nama catatan desa tidak benar. Ambil lagi dari situs desa."))
    own = log.head(actor.site)
    if site is not None and own is not None and own.site == site:
        raise InvalidInput(_("Itu alamat situs ini sendiri. Tulis alamat situs desa."))
    with journal.change(actor) as change:
        old = _same(kind, address, site)
        if old is not None and old.state != State.REMOVED:
            sentence = _("Sumber ini sudah ada, dengan nama {name}.")
            raise Conflict(sentence.format(name=old.name), source_id=old.id)
        if old is not None:
            values = {"state": State.ACTIVE.value, "address": address, "site": site or old.site}
            _update(change, old, "restore", values)
            _set_host(actor.site, old.id, address)
            _plan(change, actor.site)
            return _view(actor.site, old)
        row = _insert(change, kind, name or host_of(address) or (site or "")[:8], address, site)
        words = {"kode_wilayah": kode_wilayah, "district": district, "contact": contact}
        _update(change, row, "add", {**_checked(words), "is_confirmed": is_confirmed})
        _plan(change, actor.site)
        return _view(actor.site, row)


def listed(site: Site, *, with_removed: bool = False) -> list[Source]:
    """Return all sources by name."""
    where = "1 = 1" if with_removed else "state <> 'removed'"
    polls = {poll.source_id: poll for poll in db.select(PollRow, "1 = 1")}
    now_ms = site.clock.now_ms()
    rows = db.select(SourceRow, f"{where} ORDER BY lower(name), id")
    return [as_source(row, polls[row.id], now_ms) for row in rows]


def get(site: Site, source_id: str) -> Source:
    """Return one source, removed or not. Raises NotFound."""
    return _view(site, _row(source_id))


def find(site: Site, word: str) -> Source:
    """Return the source that a person means: id, slug, address, log, or name. Raises NotFound."""
    wanted = word.strip().casefold().rstrip("/")
    found = [
        source
        for source in listed(site, with_removed=True)
        if wanted
        in (source.id, source.slug, source.address.casefold(), source.site, source.name.casefold())
    ]
    if len(found) != 1:
        sentence = _("Sumber {word} tidak ada. Lihat: desa hub source list")
        raise NotFound(sentence.format(word=word))
    return found[0]


def by_slug(site: Site, slug: str) -> Source | None:
    row = db.first(SourceRow, "slug = ?", slug)
    return None if row is None else _view(site, row)


def of_site(site: Site, name: str) -> Source | None:
    """Return the source whose log has this name."""
    row = db.first(SourceRow, "site = ?", name)
    return None if row is None else _view(site, row)


def change(
    actor: Actor,
    source_id: str,
    *,
    name: str | None = None,
    contact: str | None = None,
    kode_wilayah: str | None = None,
    district: str | None = None,
    address: str | None = None,
    version: int | None = None,
) -> Source:
    """Change what the officer says of a source; None leaves a part as it is."""
    actor.require(Permission.RUN_HUB)
    words = {"name": name, "contact": contact, "kode_wilayah": kode_wilayah, "district": district}
    values: dict[str, Any] = dict(_checked({n: v for n, v in words.items() if v is not None}))
    with journal.change(actor) as current:
        row = _row(source_id)
        _expect(row, version)
        if address is not None:
            values["address"] = _address(Kind(row.kind), address)
            _set_host(actor.site, row.id, values["address"])
        _update(current, row, "change", values)
        return _view(actor.site, row)


def confirm(actor: Actor, source_id: str, *, version: int | None = None) -> Source:
    """Say that an officer has looked: this is who it says it is. Takes over what it claims."""
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as current:
        row = _row(source_id)
        _expect(row, version)
        said = claim(actor.site, row.site)
        values: dict[str, Any] = {"is_confirmed": True}
        for part in ("kode_wilayah", "district") if said else ():
            values[part] = getattr(row, part) or getattr(said, part)
        _update(current, row, "confirm", values)
        return _view(actor.site, row)


def trust(actor: Actor, source_id: str, value: Trust, *, version: int | None = None) -> Source:
    """Let its news go on by itself, or not. Raises Conflict before somebody confirmed it."""
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as current:
        row = _row(source_id)
        _expect(row, version)
        if value is Trust.AUTO and not row.is_confirmed:
            raise Conflict(_("Pastikan dulu siapa sumber ini, lalu percayai."))
        _update(current, row, "trust", {"trust": value.value}, note=value.value)
        return _view(actor.site, row)


def pause(actor: Actor, source_id: str) -> Source:
    """Ask no more until `resume`; nothing is forgotten."""
    return _set_state(actor, source_id, State.PAUSED)


def resume(actor: Actor, source_id: str) -> Source:
    """Ask again, at the next run."""
    return _set_state(actor, source_id, State.ACTIVE)


def remove(actor: Actor, source_id: str) -> Source:
    """Ask no more and show no more; what was published stays, with its credit."""
    return _set_state(actor, source_id, State.REMOVED)


def trust_again(actor: Actor, source_id: str, *, site: str = "") -> Source:
    """Begin a village's log anew, after an officer has spoken with the village.

    For a log that two sites signed (fork), that began anew, or whose key was lost: then `site` is
    the name of the new log, which succeeds the old. All articles keep their decisions; what the
    log read afresh does not speak of is offered back to the village.
    """
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as current:
        row = _row(source_id)
        if row.kind != Kind.DESA:
            raise InvalidInput(_("Sumber ini feed biasa, tanpa tanda tangan."))
        name = site or row.site or ""
        other = db.first(SourceRow, "site = ? AND id <> ?", name, row.id)
        if not is_site(name) or other is not None:
            raise Conflict(_("Catatan desa yang baru tidak jelas. Ambil alamatnya sekali lagi."))
        for table in ("sync_received", "sync_parked", "sync_evidence", "sync_source"):
            db.execute(actor.site.database, f"DELETE FROM {table} WHERE site = ?", name)  # noqa: S608
        _update(current, row, "trust_again", {"site": name, "must_compare": True})
        leases.hurry(actor.site, [row.id])
        log_words.goes_on(actor.site, row.id)
        # What was wrong was decided on just now; the next answer says how it is.
        sql = "UPDATE hub_poll SET error_code = '', error = '', failures = 0 WHERE source_id = ?"
        db.execute(actor.site.database, sql, row.id)
        _plan(current, actor.site)
        return _view(actor.site, row)


def learn_log(site: Site, source_id: str, name: str, called: str) -> str:
    """Note whose log stands at a source's address, and return its name. Raises Conflict."""
    with journal.change(program(site)) as current:
        row = _row(source_id)
        own = log.head(site)
        other = db.first(SourceRow, "site = ? AND id <> ?", name, row.id)
        if other is not None or (own is not None and own.site == name):
            sentence = _("Di alamat ini ada desa yang sudah terdaftar sebagai {name}.")
            raise Conflict(sentence.format(name=other.name if other else _("situs ini sendiri")))
        values: dict[str, Any] = {"site": name}
        if row.name == host_of(row.address) and one_line(called):
            values["name"] = one_line(called)[:_NAME_MAX]
        _update(current, row, "learn", values)
        return name


def heard_of_itself(current: Change, row: SourceRow) -> None:
    """Fill what nobody wrote yet from what the village says; what an officer wrote stays."""
    said = claim(current.actor.site, row.site)
    if said is None:
        return
    values: dict[str, Any] = {}
    is_unnamed = row.name in (host_of(row.address), (row.site or "")[:8])
    if said.name and is_unnamed:
        values["name"] = said.name[:_NAME_MAX]
    if not row.is_confirmed:
        values |= {
            part: getattr(said, part) for part in ("kode_wilayah", "district")
            if getattr(said, part) and not getattr(row, part)
        }  # fmt: skip
    if values:
        _update(current, row, "hear", values)


def claim(site: Site, name: str | None) -> Claim | None:
    """Return what a village's log says of the village, None before it said anything."""
    held = Shelf(site).newest_of(name, "profile", "site") if name else None
    if held is None or held.body is None:
        return None
    said: Mapping[str, Any] = json.loads(held.body)
    parts = {
        part: one_line(value)[:200] if isinstance(value := said.get(part), str) else ""
        for part in Claim.__slots__
    }
    if parts["kode_wilayah"] and not KODE_WILAYAH.fullmatch(parts["kode_wilayah"]):
        parts["kode_wilayah"] = ""
    return Claim(**parts)


def checked_address(address: str) -> str:
    """Return an address in its one spelling. Raises InvalidInput."""
    text = address.strip()
    if text and "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        is_good = is_good and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good or len(text) > 500 or not text.isprintable() or " " in text:
        sentence = _("Alamat ditulis seperti https://sukamaju.desa.id.")
        raise InvalidInput(fields={"address": sentence})
    return parts._replace(netloc=parts.netloc.lower(), fragment="").geturl().rstrip("/")


def _address(kind: Kind, address: str) -> str:
    """Return what is kept of an address: of a village its front door, whatever page was named."""
    checked = checked_address(address) if address else ""
    if kind is Kind.FEED or not checked:
        return checked
    parts = urlsplit(checked)
    return f"{parts.scheme}://{parts.netloc}"


def _set_state(actor: Actor, source_id: str, state: State) -> Source:
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as current:
        row = _row(source_id)
        if row.state != state:
            _update(current, row, state.value, {"state": state.value})
            if state is State.ACTIVE:
                leases.hurry(actor.site, [row.id])
                _plan(current, actor.site)
        return _view(actor.site, row)


def _same(kind: Kind, address: str, site: str | None) -> SourceRow | None:
    if site is not None and (row := db.first(SourceRow, "site = ?", site)) is not None:
        return row
    if not address:
        return None
    return db.first(SourceRow, "kind = ? AND address = ?", kind.value, address)


def _insert(current: Change, kind: Kind, name: str, address: str, site: str | None) -> SourceRow:
    source_id = new_id(current.at_ms)
    clean = _checked({"name": one_line(name)[:_NAME_MAX]})["name"]
    row: SourceRow = SourceRow.create(
        id=source_id, kind=kind.value, name=clean, slug=_free_slug(clean, source_id),
        address=address, site=site, kode_wilayah="", district="", is_confirmed=False, contact="",
        trust=Trust.REVIEW.value, accepted=0, state=State.ACTIVE.value, must_compare=False,
        created_at=current.at_ms, version=1,
    )  # fmt: skip
    PollRow.create(
        source_id=source_id, host=host_of(address), next_at=current.actor.site.clock.now_ms(),
        interval_s=schedule.FIRST_S, failures=0, lease_owner="", lease_until=0, tried_at=0,
        ok_at=0, news_at=0, error_code="", error="", etag="", modified="",
    )  # fmt: skip
    return row


def _update(
    current: Change, row: SourceRow, op: str, values: Mapping[str, Any], note: str = ""
) -> None:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed and op != "add":
        return
    changed["version"] = row.version + 1
    if not db.update(SourceRow, changed, "id = ? AND version = ?", row.id, row.version):
        raise _faster()
    for name, value in changed.items():
        setattr(row, name, value)
    keys = {f"source:{row.id}", "list:source"}
    state = {name: getattr(row, name) for name in ("id", "name", "slug", "address", "state")}
    note = note or ", ".join(sorted(changed.keys() - {"version"}))
    current.record("source", row.id, op, keys=keys, digest=journal.digest(state), note=note)


def _set_host(site: Site, source_id: str, address: str) -> None:
    sql = "UPDATE hub_poll SET host = ?, next_at = ?, etag = '', modified = '' WHERE source_id = ?"
    db.execute(site.database, sql, host_of(address), site.clock.now_ms(), source_id)


def _plan(current: Change, site: Site) -> None:
    """Let the ticker look for what is due; it plans itself again from then on."""
    due.plan(DUE, "", site.clock.now_ms())


def _checked(words: Mapping[str, str]) -> dict[str, str]:
    clean = {name: one_line(value) for name, value in words.items()}
    limits = {"name": _NAME_MAX, "contact": _CONTACT_MAX, "district": _DISTRICT_MAX}
    problems: dict[str, str] = {}
    for name, limit in limits.items():
        if len(clean.get(name, "")) > limit:
            problems[name] = _("Terlalu panjang: paling banyak {n} huruf.").format(n=limit)
    if "name" in clean and not clean["name"]:
        problems["name"] = _("Beri nama sumbernya, misalnya Desa Sukamaju.")
    if (code := clean.get("kode_wilayah")) and not KODE_WILAYAH.fullmatch(code):
        problems["kode_wilayah"] = _("Kode wilayah ditulis seperti 35.22.07.2004.")
    if problems:
        raise InvalidInput(fields=problems)
    return clean


def _free_slug(name: str, source_id: str) -> str:
    """Return an address part that no source has; the term of address is no part of it."""
    term = slugify(name, fallback="")
    base = term.removeprefix("desa-")[:60].strip("-") or f"sumber-{source_id[-6:]}"
    candidate, n = base, 1
    while db.first(SourceRow, "slug = ?", candidate) is not None:
        n += 1
        candidate = f"{base}-{n}"
    return candidate


def _row(source_id: str) -> SourceRow:
    row = db.first(SourceRow, "id = ?", source_id)
    if row is None:
        raise NotFound(_("Sumber ini tidak ada. Lihat: desa hub source list"))
    return row


def _view(site: Site, row: SourceRow) -> Source:
    poll = db.first(PollRow, "source_id = ?", row.id)
    assert poll is not None  # noqa: S101 - written together
    return as_source(row, poll, site.clock.now_ms())


def _expect(row: SourceRow, version: int | None) -> None:
    if version is not None and version != row.version:
        raise _faster()


def _faster() -> Conflict:
    return Conflict(_("Orang lain baru saja mengubah sumber ini. Muat ulang, lalu ulangi."))


def trusted_after(site: Site) -> int:
    """Return after how many accepted news a confirmed source is trusted by itself; 0: never."""
    return site.config.number("trust_after")
