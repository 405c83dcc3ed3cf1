"""Connecting this village with the media centre: by a code over the line, or by two files.

    hub = connect(admin, "media.kab.go.id 1234 5678")    four words to read out to the officer
    hub = look(site)                                      has he confirmed?
    reply = accept(admin, invitation)                     the same by a stick

The words are kept before the hub hears the second half, so a cut line or a dead battery loses
nothing: the state is asked for again.
"""

from __future__ import annotations

import ipaddress
import json
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from nacl.signing import SigningKey

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import Conflict, DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, log, pause
from desa_web.engines.sync import pairing as protocol
from desa_web.engines.sync.client import Reason, Unreachable
from desa_web.engines.sync.errors import Tampered
from desa_web.engines.sync.pairing import Card
from desa_web.features.sync import hubline, hubs
from desa_web.features.sync.hubs import Hub, State

INVITATION, REPLY = "desa-undangan", "desa-balasan"
_CODE = re.compile(r"(\d{4})[\s.-]?(\d{4})$")
_PATH = re.compile(r"/pasangkan/?$")
_MAX_FILE_BYTES = 64 << 10


def connect(actor: Actor, text: str, address: str = "") -> Hub:
    """Answer an invitation and return the hub with the four words to compare.

    text: the 8 digits, with the address before them as the officer's screen shows it, or
    `address` apart. Raises InvalidInput, Conflict, Unreachable, HubRefused.
    """
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    code, address = read_code(text, address)
    card, key = _own(site)
    _require_free(site)
    token, nonce = secrets.token_urlsafe(32), secrets.token_hex(16)
    greeting = {
        "step": "greet", "code": code, "village": card.as_json(),
        "commitment": protocol.commitment(nonce), "token_hash": _hash(token),
    }  # fmt: skip
    try:
        heard = _tell(site, address, greeting)
    except Unreachable as error:
        raise _unpaired(error) from error
    hub = _hub_card(heard.get("hub"), card)
    theirs, ticket = heard.get("nonce"), heard.get("ticket")
    if not isinstance(theirs, str) or not isinstance(ticket, str) or not ticket:
        raise Unreachable(Reason.STRANGER)
    digest = protocol.said(hub, card, code=code, token_hash=_hash(token), nonces=(theirs, nonce))
    _begin(actor, hub, address=address, words=protocol.words(digest), token=token, ticket=ticket)
    answer = {
        "step": "answer", "ticket": ticket, "nonce": nonce, "proof": protocol.prove(key, digest),
    }  # fmt: skip
    _tell(site, address, answer)
    return _newest(site)


def look(site: Site) -> Hub | None:
    """Ask the hub whether an officer has confirmed; return how it stands.

    Raises Unreachable; then it may be asked again.
    """
    hub = hubs.current(site)
    if hub is None or hub.state is not State.WAITING or not hub.ticket:
        return hub
    try:
        state = _tell(site, hub.address, {"step": "ask", "ticket": hub.ticket}).get("state")
    except hubline.HubRefused as refusal:
        state = "refused" if refusal.hub_code == "kode-undangan-keliru" else ""
    if state == "confirmed":
        now_ms = site.clock.now_ms()
        hubs.store(
            site, hub.site, state=State.PAIRED.value, paired_at=now_ms, ticket="", next_at=0,
            error="", error_code="", failures=0,
        )  # fmt: skip
    elif state == "refused":
        hubs.store(site, hub.site, state=State.REFUSED.value, ticket="", token="")
    return hubs.newest(site)


def accept(actor: Actor, invitation: bytes) -> bytes:
    """Take an invitation from a stick and return the reply file to carry back.

    The site is paired at once; over a line the hub lets it in when its officer has confirmed.
    Raises InvalidInput for another file or one whose time is over.
    """
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    message = _read_file(invitation)
    card, key = _own(site)
    hub = _hub_card(message.get("hub"), card)
    secret, theirs, until = (message.get(n) for n in ("secret", "nonce", "expires_at"))
    if not isinstance(secret, str) or not isinstance(theirs, str) or type(until) is not int:
        raise _no_invitation()
    if until < site.clock.now_ms():
        raise InvalidInput(_("Undangan ini sudah lewat masanya. Minta berkas undangan yang baru."))
    _require_free(site)
    token, nonce = secrets.token_urlsafe(32), secrets.token_hex(16)
    digest = protocol.said(hub, card, code=secret, token_hash=_hash(token), nonces=(theirs, nonce))
    reply = {
        "v": 1, "kind": REPLY, "village": card.as_json(), "secret": secret, "nonce": nonce,
        "token_hash": _hash(token), "proof": protocol.prove(key, digest),
    }  # fmt: skip
    _begin(
        actor, hub, address=hub.address, words=protocol.words(digest), token=token,
        state=State.PAIRED.value, paired_at=site.clock.now_ms(),
    )  # fmt: skip
    return json.dumps(reply, ensure_ascii=False, indent=1).encode()


def end(actor: Actor) -> None:
    """Unpair: nothing is sent any more. The hub is told if the line is there."""
    actor.require(Permission.MANAGE_SITE)
    site = actor.site
    hub = hubs.current(site)
    if hub is None:
        raise Conflict(_("Situs ini tidak sedang tersambung dengan Kominfo."))
    with journal.change(actor) as change:
        hubs.store(site, hub.site, state=State.ENDED.value, token="", ticket="", error="")
        change.record("hub", hub.site, "unpair", note=hub.name)
    if hub.state is State.PAIRED and hub.address:
        try:
            _tell(site, hub.address, {"v": 1}, path="unpair", token=hub.token)
        except DesaError:
            # He finds out when we do not come any more; his officer can revoke us, too.
            return


def set_paused(actor: Actor, is_paused: bool) -> None:
    """Stop sending for a while, or go on."""
    actor.require(Permission.MANAGE_SITE)
    hub = hubs.current(actor.site)
    if hub is None:
        raise Conflict(_("Situs ini tidak sedang tersambung dengan Kominfo."))
    with journal.change(actor) as change:
        hubs.store(actor.site, hub.site, is_paused=int(is_paused), next_at=0)
        change.record("hub", hub.site, "pause" if is_paused else "resume", note=hub.name)


def read_code(text: str, address: str = "") -> tuple[str, str]:
    """Return the 8 digits and the hub's address. Raises InvalidInput by field."""
    text = text.strip()
    match = _CODE.search(text)
    if match is None:
        raise InvalidInput(
            fields={"code": _("Kode terdiri dari delapan angka, misalnya 1234 5678.")}
        )
    # Pasted from a message there may be words before the address.
    before = (text[: match.start()].split() or [""])[-1].rstrip("/")
    address = address.strip() or _PATH.sub("", before)
    if not address:
        sentence = _("Tulis juga alamat media center, misalnya media.kabupaten.go.id.")
        raise InvalidInput(fields={"address": sentence})
    return match[1] + match[2], _full_address(address)


def _full_address(text: str) -> str:
    text = _PATH.sub("", text.rstrip("/")).rstrip("/")
    if "://" not in text:
        text = f"{'http' if _is_near(text) else 'https'}://{text}"
    host = text.partition("://")[2]
    is_good = text.startswith(("https://", "http://")) and re.fullmatch(
        r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?", host
    )
    if not is_good:
        sentence = _("Alamat ditulis seperti media.kabupaten.go.id.")
        raise InvalidInput(fields={"address": sentence})
    return text.lower()


def _is_near(text: str) -> bool:
    """Is this an address of the same building, where nobody has a certificate?"""
    host = text.rpartition(":")[0] if text.count(":") == 1 else text.strip("[]")
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith(".local")


def _own(site: Site) -> tuple[Card, SigningKey]:
    """Return our card and the key that signs. Raises Conflict while there is none."""
    reason = pause(site)
    card = protocol.own_card(site)
    key = KeyRing(site.data / "keys").find(log.keys(site)[-1].public) if card else None
    if reason is not None or card is None or key is None:
        raise Conflict(
            reason
            or _(
                "Catatan kirim belum dibuat. Jalankan situs sebentar, atau: desa follow --once. "
                "Lalu coba lagi."
            )
        )
    return card, key


def _require_free(site: Site) -> None:
    hub = hubs.current(site)
    if hub is not None and hub.state is State.PAIRED:
        sentence = _("Situs ini sudah tersambung dengan {name}. Putuskan dulu, lalu sambungkan.")
        raise Conflict(sentence.format(name=hub.name))


def _begin(actor: Actor, hub: Card, **values: object) -> None:
    site = actor.site
    known = db.execute(site.database, "SELECT keys FROM sync_hub WHERE site = ?", hub.site)
    row = known.fetchone()
    publics = [key.public for key in hub.keys]
    if row is not None and publics[: len(row[0].split())] != row[0].split():
        raise Tampered(_("Kunci Kominfo ini tidak sama dengan yang dulu. Tanyakan ke petugasnya."))
    with journal.change(actor) as change:
        hubs.begin(site, hub.site, name=hub.name[:200], keys=" ".join(publics), **values)
        change.record("hub", hub.site, "pair", note=hub.name[:200])


def _unpaired(error: Unreachable) -> Unreachable:
    """Return the failure of a first try: nobody tries again by himself before the pairing."""
    sentence = _(
        "{fact} Belum tersambung. Periksa alamat media center dan internet di sini, lalu ulangi."
    ).format(fact=error.fact)
    return Unreachable(error.reason, sentence, http_status=error.http_status)


def _hub_card(value: object, own: Card) -> Card:
    """Return the hub's card. Raises Unreachable, InvalidInput when it is ourselves."""
    card = protocol.read_card(value)
    if card is None:
        raise Unreachable(Reason.STRANGER)
    if card.site == own.site:
        raise InvalidInput(_("Itu alamat situs ini sendiri. Tulis alamat media center."))
    return card


def _tell(
    site: Site, address: str, message: Mapping[str, Any], *, path: str = "pair", token: str = ""
) -> dict[str, Any]:
    async def ask() -> dict[str, Any]:
        async with hubline.line(site, address, token) as hub:
            return await hub.tell(path, message)

    import asyncio

    return asyncio.run(ask())


def _read_file(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data[:_MAX_FILE_BYTES].decode())
    except (ValueError, RecursionError) as error:
        raise _no_invitation() from error
    if not isinstance(value, dict) or (value.get("v"), value.get("kind")) != (1, INVITATION):
        raise _no_invitation()
    return value


def _newest(site: Site) -> Hub:
    hub = hubs.newest(site)
    assert hub is not None  # noqa: S101 - just written
    return hub


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _no_invitation() -> InvalidInput:
    return InvalidInput(_("Berkas ini bukan undangan dari Kominfo. Pilih berkas .desa-undangan."))
