"""How a village becomes a paired source: an invitation, its answer, an officer who compares words.

    invitation = invite(officer, "Desa Sukamaju")     8 digits, good for 15 minutes
    greet(site, client, message)                      the village: code, card, commitment
    answer(site, message)                             the village: its number and its signature
    confirm(officer, pairing_id)                      the words agree: source and token

A wrong code counts against the address it came from, and against all together; after that there
is a pause. Even a guessed code gives nothing: an officer confirms. Speaks no HTTP.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import DAY_MS
from desa_web.core.errors import Conflict, DesaError, InvalidInput, NotFound, TooMany
from desa_web.core.i18n import _
from desa_web.core.ids import new_id
from desa_web.core.site import Site
from desa_web.engines.sync import pairing as protocol
from desa_web.engines.sync.line import is_hash
from desa_web.engines.sync.pairing import Card
from desa_web.features.hub import pairing_guard, pairing_source
from desa_web.features.hub import pairing_rows as rows
from desa_web.features.hub.pairing_rows import Pairing, State

CODE_MS = 15 * 60_000
FILE_MS = 90 * DAY_MS
CODE_DIGITS = 8
MAX_OPEN = 50
INVITATION, REPLY = "desa-undangan", "desa-balasan"
_KEPT_MS = 30 * DAY_MS
_LISTED = 200


class WrongCode(DesaError):
    """No invitation has this code, or its time is over; which of both is not told."""

    code = "kode-undangan-keliru"
    status = 422


def invite(actor: Actor, label: str = "", *, source_id: str | None = None) -> Pairing:
    """Make an invitation whose 8 digits are read out, shown or scanned within 15 minutes.

    source_id: a source that is known already and is to be paired. Raises Conflict, TooMany.
    """
    return _invite(actor, "code", label, source_id, CODE_MS, _new_code(actor.site))


def invite_by_file(
    actor: Actor, label: str = "", *, source_id: str | None = None
) -> tuple[Pairing, bytes]:
    """Return an invitation for a village without a line, and the file that carries it."""
    secret = secrets.token_hex(16)
    pairing = _invite(actor, "file", label, source_id, FILE_MS, _hash(secret))
    row = rows.row_of(actor.site, pairing.id)
    value = {
        "v": 1, "kind": INVITATION, "hub": json.loads(row["hub"]), "secret": secret,
        "nonce": row["nonce"], "expires_at": row["expires_at"],
    }  # fmt: skip
    return pairing, json.dumps(value, ensure_ascii=False, indent=1).encode()


def greet(site: Site, client: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Hear a village that has a code; return our card, our number and its ticket.

    client: who sends, for counting wrong codes. Raises WrongCode, TooMany, InvalidInput.
    """
    own = own_card(site)
    code, card, token_hash = _said(message)
    bound = message.get("commitment")
    if not is_hash(bound):
        raise _unreadable()
    pairing_guard.claim(site, client)
    ticket, nonce = secrets.token_urlsafe(24), secrets.token_hex(16)
    with db.write(site.database):
        row = rows.by_secret(site, code)
        if row is None or row["kind"] != "code" or rows.is_expired(site, row):
            raise _wrong_code()
        pairing_guard.forgive(site, client)
        # Heard again, for an answer that got lost: the newest number and ticket count.
        rows.store(
            site, row["id"], state=State.GREETED, ticket_hash=_hash(ticket), commitment=bound,
            token_hash=token_hash, nonce=nonce, hub=json.dumps(own.as_json()), **_claims(card),
        )  # fmt: skip
    return {"v": 1, "hub": own.as_json(), "ticket": ticket, "nonce": nonce}


def answer(site: Site, message: Mapping[str, Any]) -> dict[str, Any]:
    """Hear the village's own number and check its signature; the same answer twice is one."""
    row = _of_ticket(site, message)
    if row["state"] != State.GREETED:
        return _state(site, row)
    nonce, proof = message.get("nonce"), message.get("proof")
    if not isinstance(nonce, str) or not isinstance(proof, str) or len(nonce) > 128:
        raise _unreadable()
    if rows.is_expired(site, row):
        raise _wrong_code()
    if not hmac.compare_digest(protocol.commitment(nonce), row["commitment"]):
        raise _not_the_same()
    digest = _digest(row, nonce, row["secret"])
    _settle_answer(site, row, digest, proof)
    return _state(site, rows.row_of(site, row["id"]))


def ask(site: Site, message: Mapping[str, Any]) -> dict[str, Any]:
    """Tell a village that waits how its pairing stands."""
    return _state(site, _of_ticket(site, message))


def take_reply(actor: Actor, data: bytes) -> Pairing:
    """Read the file with which a village answered an invitation by file; words to compare.

    Raises InvalidInput for another file, WrongCode for an invitation that is over.
    """
    actor.require(Permission.RUN_HUB)
    site = actor.site
    message = read_file(data, REPLY)
    secret = message.get("secret")
    _code, card, token_hash = _said({**message, "code": "0" * CODE_DIGITS})
    nonce, proof = message.get("nonce"), message.get("proof")
    if not all(isinstance(text, str) for text in (secret, nonce, proof)):
        raise _unreadable()
    row = rows.by_secret(site, _hash(str(secret)))
    if row is None or row["kind"] != "file" or row["state"] != State.OPEN:
        known = [p for p in pairings(site) if p.site == card.site and p.kind == "file"]
        if known:
            return known[0]
        raise _wrong_code()
    with db.write(site.database):
        rows.store(site, row["id"], token_hash=token_hash, **_claims(card))
        row = rows.row_of(site, row["id"])
        digest = _digest(row, str(nonce), str(secret))
        _settle_answer(site, row, digest, str(proof))
    return find(site, row["id"])


def confirm(actor: Actor, pairing_id: str) -> str:
    """The words agree: let the village push; return the id of its source.

    Raises Conflict when there is nothing to confirm.
    """
    actor.require(Permission.RUN_HUB)
    site = actor.site
    with journal.change(actor) as change:
        row = rows.row_of(site, pairing_id)
        if row["state"] != State.ANSWERED:
            raise Conflict(_("Undangan ini tidak sedang menunggu. Muat ulang halaman ini."))
        source_id = pairing_source.settle(actor, row)
        db.execute(
            site.database,
            "INSERT INTO hub_token (source_id, token_hash, created_at, used_at) "
            "VALUES (?, ?, ?, 0) ON CONFLICT (source_id) DO UPDATE SET "
            "token_hash = excluded.token_hash, created_at = excluded.created_at, used_at = 0",
            source_id, row["token_hash"], change.at_ms,
        )  # fmt: skip
        rows.store(site, pairing_id, state=State.CONFIRMED, source_id=source_id, secret=None)
        change.record("pairing", pairing_id, "confirm", note=row["name"])
    return source_id


def refuse(actor: Actor, pairing_id: str) -> None:
    """The words differ, or the invitation is not wanted any more."""
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as change:
        row = rows.row_of(actor.site, pairing_id)
        if row["state"] in (State.CONFIRMED, State.REFUSED):
            raise Conflict(_("Undangan ini sudah selesai. Muat ulang halaman ini."))
        rows.store(actor.site, pairing_id, state=State.REFUSED, secret=None)
        change.record("pairing", pairing_id, "refuse", note=row["name"] or row["label"])


def revoke(actor: Actor, source_id: str) -> None:
    """Let a village push no more; what it has sent stays. Raises NotFound."""
    actor.require(Permission.RUN_HUB)
    with journal.change(actor) as change:
        sql = "DELETE FROM hub_token WHERE source_id = ?"
        if not db.execute(actor.site.database, sql, source_id).rowcount:
            raise NotFound(_("Desa ini tidak sedang tersambung. Muat ulang halaman ini."))
        change.record("source", source_id, "unpair")


def find(site: Site, pairing_id: str) -> Pairing:
    """Return one invitation. Raises NotFound."""
    return rows.pairing(site, rows.row_of(site, pairing_id))


def pairings(site: Site) -> list[Pairing]:
    """Return the invitations whose answer may still come, and the newest that are over."""
    oldest_ms = site.clock.now_ms() - _KEPT_MS - FILE_MS
    return [rows.pairing(site, row) for row in rows.since(site, oldest_ms, _LISTED)]


def waiting_count(actor: Actor) -> int:
    """Return how many villages wait for an officer's look."""
    sql = "SELECT count(*) FROM hub_pairing WHERE state = 'answered'"
    return int(db.execute(actor.site.database, sql).fetchone()[0])


def own_card(site: Site) -> Card:
    """Return the hub's own card. Raises Conflict before its log has begun."""
    card = protocol.own_card(site)
    if card is None:
        raise Conflict(
            _(
                "Situs ini belum menulis catatan sinkron. Jalankan `desa serve`, tunggu sebentar, "
                "lalu coba lagi."
            )
        )
    return card


def read_file(data: bytes, kind: str) -> Mapping[str, Any]:
    """Return what a file of pairing says. Raises InvalidInput for anything else."""
    try:
        value = json.loads(data[: 64 << 10].decode())
    except (ValueError, RecursionError) as error:
        raise _unreadable() from error
    if not isinstance(value, dict) or (value.get("v"), value.get("kind")) != (1, kind):
        raise _unreadable()
    return value


def _invite(
    actor: Actor, kind: str, label: str, source_id: str | None, for_ms: int, secret: str
) -> Pairing:
    actor.require(Permission.RUN_HUB)
    site = actor.site
    own = own_card(site)
    with journal.change(actor) as change:
        now_ms = site.clock.now_ms()
        _tidy(site, now_ms)
        sql = "SELECT count(*) FROM hub_pairing WHERE state IN ('open', 'greeted') AND kind = ?"
        if db.execute(site.database, sql, kind).fetchone()[0] >= MAX_OPEN:
            raise TooMany(
                _("Sudah ada {n} undangan yang belum dijawab. Batalkan dulu sebagian.").format(
                    n=MAX_OPEN
                )
            )
        pairing_id = new_id(now_ms)
        db.execute(
            site.database,
            "INSERT INTO hub_pairing (id, kind, secret, label, source_id, state, created_at, "
            "expires_at, created_by, nonce, ticket_hash, commitment, site, keys, name, "
            "kode_wilayah, district, address, token_hash, words, answered_at, hub) VALUES "
            "(?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, '', '', '', '', '', '', '', '', '', '', 0, ?)",
            pairing_id, kind, secret, label.strip()[:200], source_id, now_ms, now_ms + for_ms,
            actor.label, secrets.token_hex(16), json.dumps(own.as_json()),
        )  # fmt: skip
        change.record("pairing", pairing_id, "invite", note=label.strip()[:200])
    return find(site, pairing_id)


def _new_code(site: Site) -> str:
    """Return 8 digits that no open invitation has."""
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        if rows.by_secret(site, code) is None:
            return code


def _tidy(site: Site, now_ms: int) -> None:
    """Close what is over, so that its code may be used again, and forget what is long over."""
    sql = (
        "UPDATE hub_pairing SET state = 'refused', secret = NULL "
        "WHERE state IN ('open', 'greeted') AND expires_at <= ?"
    )
    db.execute(site.database, sql, now_ms)
    sql = "DELETE FROM hub_pairing WHERE created_at < ? AND state IN ('refused', 'confirmed')"
    db.execute(site.database, sql, now_ms - _KEPT_MS)


def _said(message: Mapping[str, Any]) -> tuple[str, Card, str]:
    """Return code, card and token hash of a village. Raises InvalidInput."""
    code, card = message.get("code"), protocol.read_card(message.get("village"))
    token_hash = message.get("token_hash")
    is_code = isinstance(code, str) and code.isascii() and code.isdigit()
    if not is_code or card is None or not is_hash(token_hash):
        raise _unreadable()
    return str(code), card, str(token_hash)


def _claims(card: Card) -> dict[str, Any]:
    return {
        "site": card.site, "keys": json.dumps(card.as_json()["keys"]), "name": card.name,
        "kode_wilayah": card.kode_wilayah, "district": card.district, "address": card.address,
    }  # fmt: skip


def _card(row: Mapping[str, Any]) -> Card:
    """Return the card of a stored answer, checked again."""
    names = ("site", "name", "kode_wilayah", "district", "address")
    card = protocol.read_card(
        {**{name: row[name] for name in names}, "keys": json.loads(row["keys"])}
    )
    if card is None:
        raise _unreadable()
    return card


def _digest(row: Mapping[str, Any], nonce: str, secret: str) -> bytes:
    """Return the digest of what was said, with our own card as the village has read it."""
    own = protocol.read_card(json.loads(row["hub"]))
    if own is None:
        raise _unreadable()
    return protocol.said(
        own, _card(row), code=secret, token_hash=row["token_hash"], nonces=(row["nonce"], nonce)
    )


def _settle_answer(site: Site, row: Mapping[str, Any], digest: bytes, proof: str) -> None:
    if not protocol.is_proven(_card(row).public, digest, proof):
        raise _not_the_same()
    with db.write(site.database):
        rows.store(
            site, row["id"], state=State.ANSWERED, words=protocol.words(digest), secret=None,
            answered_at=site.clock.now_ms(),
        )  # fmt: skip


def _state(site: Site, row: Mapping[str, Any]) -> dict[str, Any]:
    state = row["state"]
    if state == State.GREETED and rows.is_expired(site, row):
        state = State.REFUSED
    return {"v": 1, "state": str(state)}


def _of_ticket(site: Site, message: Mapping[str, Any]) -> dict[str, Any]:
    ticket = message.get("ticket")
    sql = "SELECT id FROM hub_pairing WHERE ticket_hash = ?"
    digest = _hash(ticket) if isinstance(ticket, str) else ""
    row = db.execute(site.database, sql, digest).fetchone() if digest else None
    if row is None:
        raise _wrong_code()
    return rows.row_of(site, row[0])


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _wrong_code() -> WrongCode:
    return WrongCode(
        _(
            "Kode tidak cocok atau sudah lewat 15 menit. Periksa angkanya, atau minta kode baru "
            "kepada petugas Kominfo."
        )
    )


def _not_the_same() -> InvalidInput:
    return InvalidInput(
        _("Jawaban tidak cocok dengan yang dijanjikan. Minta kode baru, lalu ulangi.")
    )


def _unreadable() -> InvalidInput:
    return InvalidInput(_("Kiriman ini bukan jawaban undangan. Periksa berkas atau kodenya."))
