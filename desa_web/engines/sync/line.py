"""One line of the publication log: exact bytes, a signature over the chain, strict reading.

    <JSON>\\t<base64 Ed25519 signature over "desa-log-v1\\0" || prev_hash || JSON>\\n
    {"v":1,"site":…,"epoch":…,"seq":…,"hash":…,"erased_by":[epoch,seq]}\\n       an erased line
    {"end":1,"n":…,"more":…}\\n                                                  the page is whole

The hash of a line is sha256(prev_hash || JSON). Bytes are never serialised again to verify them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

VERSION = 1
PREFIX = b"desa-log-v1\0"
# The hash before the very first line of a site.
START = "0" * 64
# The longest article has a body of one megabyte; JSON may double it.
MAX_LINE_BYTES = 4 << 20
_EPOCH = re.compile(r"[0-9a-f]{16}")
_HASH = re.compile(r"[0-9a-f]{64}")
_SITE = re.compile(r"[a-z2-7]{26}")
_MAX_SEQ = 1 << 53


class Op(StrEnum):
    PUT = "put"
    UNPUBLISH = "unpublish"
    DELETE = "delete"
    ERASE = "erase"


_OPS = frozenset(op.value for op in Op)


class LineError(ValueError):
    """These bytes are no line of this protocol."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the log of one site."""

    epoch: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Line:
    """A signed line as it travels. `fields` is what the body says, not yet verified."""

    body: bytes
    signature: bytes
    fields: Mapping[str, Any]

    @property
    def site(self) -> str:
        return str(self.fields["site"])

    @property
    def epoch(self) -> str:
        return str(self.fields["epoch"])

    @property
    def seq(self) -> int:
        return int(self.fields["seq"])

    def hash_after(self, prev: str) -> str:
        return hash_of(prev, self.body)

    def is_signed_by(self, public: str, prev: str) -> bool:
        """Was exactly this line, after exactly that one, signed with the key `public`?"""
        try:
            message = PREFIX + bytes.fromhex(prev) + self.body
            _verifier(public).verify(message, self.signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    def wire(self) -> bytes:
        return wire(self.body, self.signature)


@dataclass(frozen=True, slots=True)
class Blank:
    """What is left of an erased line; the next line's signature proves the hash."""

    site: str
    epoch: str
    seq: int
    hash: str
    erased_by: tuple[str, int]

    def wire(self) -> bytes:
        value = {
            "v": VERSION, "site": self.site, "epoch": self.epoch, "seq": self.seq,
            "hash": self.hash, "erased_by": list(self.erased_by),
        }  # fmt: skip
        return compact(value) + b"\n"


@dataclass(frozen=True, slots=True)
class Trailer:
    """The end of a page: how many lines it has, and whether there are more to ask for."""

    n: int
    more: bool

    def wire(self) -> bytes:
        return compact({"end": 1, "n": self.n, "more": self.more}) + b"\n"


def compact(value: Mapping[str, Any]) -> bytes:
    """Return the JSON of a new line; what was sent once is never made again."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def hash_of(prev: str, body: bytes) -> str:
    return sha256(bytes.fromhex(prev) + body).hexdigest()


def sign(key: SigningKey, prev: str, body: bytes) -> bytes:
    return bytes(key.sign(PREFIX + bytes.fromhex(prev) + body).signature)


def wire(body: bytes, signature: bytes) -> bytes:
    return body + b"\t" + base64.b64encode(signature) + b"\n"


def site_of(public: str) -> str:
    """Return the name of the site whose first public key this is."""
    digest = sha256(bytes.fromhex(public)).digest()
    return base64.b32encode(digest).decode().lower()[:26]


def parse(raw: bytes) -> Line | Blank | Trailer:
    """Return what one line (without its line feed) is. Raises LineError."""
    if len(raw) > MAX_LINE_BYTES:
        raise LineError("too long")
    body, tab, signature = raw.partition(b"\t")
    fields = _fields(body)
    if tab:
        return Line(body, _signature(signature), _checked_line(fields))
    return _trailer(fields) if "end" in fields else _blank(fields)


def is_op(text: object) -> bool:
    return isinstance(text, str) and text in _OPS


def is_epoch(text: object) -> bool:
    return isinstance(text, str) and _EPOCH.fullmatch(text) is not None


def is_hash(text: object) -> bool:
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def is_seq(value: object) -> bool:
    return type(value) is int and 0 < value < _MAX_SEQ


def is_site(text: object) -> bool:
    return isinstance(text, str) and _SITE.fullmatch(text) is not None


def is_place(value: object) -> bool:
    """Is this [epoch, seq], or a longer list that begins so?"""
    if not isinstance(value, list) or len(value) < 2:
        return False
    return is_epoch(value[0]) and is_seq(value[1])


def is_point(value: object) -> bool:
    """Is this [epoch, seq, hash]?"""
    return isinstance(value, list) and len(value) == 3 and is_place(value) and is_hash(value[2])


def is_public(text: object) -> bool:
    return is_hash(text)


@lru_cache(maxsize=64)
def _verifier(public: str) -> VerifyKey:
    return VerifyKey(bytes.fromhex(public))


def _fields(body: bytes) -> dict[str, Any]:
    try:
        value = _JSON.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise LineError("not JSON") from error
    if not isinstance(value, dict):
        raise LineError("not an object")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


# Made once: json.loads would make a decoder for every line.
_JSON = json.JSONDecoder(parse_constant=_no_constant)


def _signature(text: bytes) -> bytes:
    try:
        signature = binascii.a2b_base64(text)
    except binascii.Error as error:
        raise LineError("not base64") from error
    # Strange letters are passed over, and the last digits have spare bits: one signature has
    # one spelling here.
    if len(signature) != 64 or binascii.b2a_base64(signature, newline=False) != text:
        raise LineError("not a signature")
    return signature


def _checked_line(fields: dict[str, Any]) -> dict[str, Any]:
    good = (
        fields.get("v") == VERSION
        and is_site(fields.get("site"))
        and is_epoch(fields.get("epoch"))
        and is_seq(fields.get("seq"))
        and is_op(fields.get("op"))
        and is_seq(fields.get("rev"))
        and _is_name(fields.get("kind"))
        and _is_name(fields.get("id"))
    )
    if not good:
        raise LineError("a field is missing or wrong")
    return fields


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable()


def _trailer(fields: dict[str, Any]) -> Trailer:
    n, more = fields.get("n"), fields.get("more")
    if fields.get("end") != 1 or type(n) is not int or n < 0 or not isinstance(more, bool):
        raise LineError("not a trailer")
    return Trailer(n, more)


def _blank(fields: dict[str, Any]) -> Blank:
    by = fields.get("erased_by")
    good = (
        is_site(fields.get("site"))
        and is_epoch(fields.get("epoch"))
        and is_seq(fields.get("seq"))
        and is_hash(fields.get("hash"))
        and isinstance(by, list)
        and len(by) == 2
        and is_epoch(by[0])
        and is_seq(by[1])
    )
    if not good or not isinstance(by, list):
        raise LineError("not a line")
    return Blank(fields["site"], fields["epoch"], fields["seq"], fields["hash"], (by[0], by[1]))
