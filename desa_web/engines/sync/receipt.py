"""Receipts: what a hub says of a site's articles, signed, the same bytes on every way back.

    {"v":1,"hub":…,"site":…,"keys":[{"key":…,"endorsement":…},…],"born":…,"after":…}\n
    {"n":…,"id":…,"rev":…,"status":…,"reason":…,"address":…,"received_at":…,"at":…}\n
    {"end":1,"n":…,"more":…}\t<base64 Ed25519>\n

The signature is over "desa-receipt-v1\0" and all that stands before it, so nothing can be taken
out of a page either. Pages are no chain: the newest word on each article counts, and (born, n)
says which one that is, whatever way and in whatever order they came. `after` is the receipt after
which the page goes on without a gap. An id "log:<problem>" speaks of the site's log itself:
"returned" = no more of it is taken until people have spoken, "accepted" = it goes on.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from desa_web.core.i18n import _
from desa_web.engines.sync.errors import Tampered
from desa_web.engines.sync.line import compact, is_public, site_of
from desa_web.engines.sync.log import ENDORSE, Key

PREFIX = b"desa-receipt-v1\0"
LOG = "log:"
STATUSES = ("accepted", "published", "returned", "withdrawn")
MAX_RECEIPTS = 200
MAX_PAGE_BYTES = 1 << 20
MAX_KEYS = 64
_MAX_NUMBER = 1 << 53
_TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """The word of a hub on revision `rev` of one article. Times are the hub's, in ms."""

    born: int
    n: int
    object_id: str
    rev: int
    status: str
    reason: str
    address: str
    received_at_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A checked page. `keys` is the hub's whole chain; `more`: ask again after the last one."""

    hub: str
    site: str
    keys: tuple[Key, ...]
    born: int
    after: int
    receipts: tuple[Receipt, ...]
    more: bool


def write(
    hub: str, keys: Sequence[Key], key: SigningKey, site: str, receipts: Sequence[Receipt],
    *, born: int, after: int = 0, more: bool = False,
) -> bytes:  # fmt: skip
    """Return a page of receipts for `site`, signed with the newest of the hub's keys."""
    chain = [{"key": one.public, "endorsement": one.endorsement} for one in keys]
    head = {"v": 1, "hub": hub, "site": site, "keys": chain, "born": born, "after": after}
    lines = [compact(head), *(compact(_fields(one)) for one in receipts)]
    said = b"".join(line + b"\n" for line in lines)
    said += compact({"end": 1, "n": len(receipts), "more": more})
    signature = key.sign(PREFIX + said).signature
    return said + b"\t" + base64.b64encode(signature) + b"\n"


def hub_of(page: bytes) -> str:
    """Return which hub a page says it is from, "" when it says nothing; nothing is checked."""
    with suppress(Tampered):
        return str(_object(page.partition(b"\n")[0]).get("hub", ""))
    return ""


def read(page: bytes, *, site: str, hub: str, known: Sequence[str] = ()) -> Letter:
    """Return what a page says, checked to its last byte; nothing of a page that is not whole.

    known: the keys of `hub` that are known already. Raises Tampered.
    """
    said, tab, signature = page.rpartition(b"\t")
    if not tab or len(page) > MAX_PAGE_BYTES or not signature.endswith(b"\n"):
        raise refused()
    head, *lines = [_object(raw) for raw in said.split(b"\n")]
    if not lines:
        raise refused()
    end = lines.pop()
    chain = read_keys(head.get("keys"))
    publics = [one.public for one in chain]
    named = (head.get("v"), head.get("hub"), head.get("site")) == (1, hub, site)
    numbers = [head.get("born"), head.get("after")]
    if not named or not is_chain(hub, chain) or publics[: len(known)] != list(known):
        raise refused()
    if not _is_signed(said, signature[:-1], publics[-1]) or not all(map(_is_number, numbers)):
        raise refused()
    is_whole = (end.get("end"), end.get("n")) == (1, len(lines))
    if not is_whole or not isinstance(end.get("more"), bool) or len(lines) > MAX_RECEIPTS:
        raise refused()
    receipts = tuple(_receipt(fields, head["born"]) for fields in lines)
    return Letter(hub, site, chain, head["born"], head["after"], receipts, bool(end["more"]))


def is_chain(site: str, keys: Sequence[Key]) -> bool:
    """Do these keys belong to `site`: the first one names it, each next one is endorsed?"""
    if not keys or not is_public(keys[0].public) or site_of(keys[0].public) != site:
        return False
    for before, after in pairwise(keys):
        try:
            message = ENDORSE + bytes.fromhex(after.public)
            VerifyKey(bytes.fromhex(before.public)).verify(
                message, bytes.fromhex(after.endorsement)
            )
        except (BadSignatureError, ValueError):
            return False
    return True


def read_keys(value: object) -> tuple[Key, ...]:
    """Return the chain of keys as a card or a page spells it; () when it is none."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_KEYS:
        return ()
    found = []
    for one in value:
        fields = one if isinstance(one, dict) else {}
        public, endorsement = fields.get("key"), fields.get("endorsement")
        if not isinstance(public, str) or not is_public(public) or not isinstance(endorsement, str):
            return ()
        found.append(Key(public, endorsement))
    return tuple(found)


def refused() -> Tampered:
    return Tampered(
        _("Tanda terima tidak cocok dengan tanda tangan Kominfo; tidak ada yang dicatat.")
    )


def _fields(receipt: Receipt) -> dict[str, Any]:
    return {
        "n": receipt.n, "id": receipt.object_id, "rev": receipt.rev, "status": receipt.status,
        "reason": receipt.reason, "address": receipt.address,
        "received_at": receipt.received_at_ms, "at": receipt.at_ms,
    }  # fmt: skip


def _receipt(fields: Mapping[str, Any], born: int) -> Receipt:
    numbers = [fields.get(name) for name in ("n", "rev", "received_at", "at")]
    texts = [fields.get(name) for name in ("id", "reason", "address")]
    good = (
        all(map(_is_number, numbers))
        and all(isinstance(text, str) and len(text) <= _TEXT_MAX for text in texts)
        and fields.get("status") in STATUSES
    )
    if not good:
        raise refused()
    return Receipt(
        born, fields["n"], fields["id"], fields["rev"], fields["status"], fields["reason"],
        fields["address"], fields["received_at"], fields["at"],
    )  # fmt: skip


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < _MAX_NUMBER


def _is_signed(said: bytes, signature: bytes, public: str) -> bool:
    with suppress(BadSignatureError, ValueError, binascii.Error):
        key = VerifyKey(bytes.fromhex(public))
        key.verify(PREFIX + said, base64.b64decode(signature, validate=True))
        return True
    return False


def _object(raw: bytes) -> Mapping[str, Any]:
    with suppress(ValueError, RecursionError):
        value = json.loads(raw.decode())
        if isinstance(value, dict):
            return value
    raise refused()
