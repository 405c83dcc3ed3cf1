"""How a village and a hub come to know each other: a short code, and four words to compare.

    village → hub   code, card, commitment = sha256(nonce of the village), hash of its token
    hub → village   card, nonce of the hub
    village → hub   nonce of the village, its signature over all that was said

Both then show `words(...)` of everything that was said. Somebody in between would have to fix his
own numbers before he learns the others, so he has one chance in 2^32 that the words agree, and a
person compares them. A file on a stick carries the same things without the commitment.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from desa_web.core import settings
from desa_web.core.site import Site
from desa_web.engines.sync import log
from desa_web.engines.sync.line import compact
from desa_web.engines.sync.log import Key
from desa_web.engines.sync.receipt import is_chain, read_keys
from desa_web.engines.sync.words import WORDS

_PREFIX = b"desa-pair-v1\0"
_LIMITS = {"name": 200, "kode_wilayah": 20, "district": 200, "address": 300}


@dataclass(frozen=True, slots=True)
class Card:
    """Who a site says it is. The keys prove the site; all else is a claim."""

    site: str
    keys: tuple[Key, ...]
    name: str
    kode_wilayah: str
    district: str
    address: str

    @property
    def public(self) -> str:
        """The key that signs now."""
        return self.keys[-1].public

    def as_json(self) -> dict[str, Any]:
        keys = [{"key": key.public, "endorsement": key.endorsement} for key in self.keys]
        return {**asdict(self), "keys": keys}


def own_card(site: Site) -> Card | None:
    """Return this site's card; None before its log has begun."""
    last = log.head(site)
    if last is None:
        return None
    values = settings.read(site)
    address = site.config.text("base_url") or values["public_address"]
    return Card(
        last.site, tuple(log.keys(site)), values.full_name, values["kode_wilayah"],
        values["district"], address.rstrip("/"),
    )  # fmt: skip


def read_card(value: object) -> Card | None:
    """Return a card that its keys prove; None for anything else."""
    fields = value if isinstance(value, dict) else {}
    site, keys = fields.get("site"), read_keys(fields.get("keys"))
    texts = {name: fields.get(name) for name in _LIMITS}
    good = isinstance(site, str) and all(
        isinstance(text, str) and text.isprintable() and len(text) <= _LIMITS[name]
        for name, text in texts.items()
    )
    if not good or not is_chain(str(site), keys):
        return None
    return Card(str(site), keys, **{name: str(text) for name, text in texts.items()})


def commitment(nonce: str) -> str:
    """Return what binds the village to its nonce before it is shown."""
    return sha256(_PREFIX + nonce.encode()).hexdigest()


def said(hub: Card, village: Card, *, code: str, token_hash: str, nonces: tuple[str, str]) -> bytes:
    """Return the digest of all that the two have said; nonces: the hub's, the village's."""
    value = {
        "hub": hub.as_json(), "village": village.as_json(), "code": code,
        "token": token_hash, "nonces": list(nonces),
    }  # fmt: skip
    return sha256(_PREFIX + compact(value)).digest()


def words(digest: bytes) -> str:
    """Return the four words that both screens show."""
    found = sha256(b"desa-words-v1\0" + digest).digest()[:4]
    return " ".join(WORDS[number] for number in found)


def prove(key: SigningKey, digest: bytes) -> str:
    return key.sign(_PREFIX + digest).signature.hex()


def is_proven(public: str, digest: bytes, proof: str) -> bool:
    with suppress(BadSignatureError, ValueError):
        VerifyKey(bytes.fromhex(public)).verify(_PREFIX + digest, bytes.fromhex(proof))
        return True
    return False
