"""A village at the door of a hub, step by step, so that each step can be wrong.

guest = Guest.of(village); heard = guest.greet(hub, code); guest.answer(hub); guest.words
source_id, token = pair(hub, village)             all of it, confirmed
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from nacl.signing import SigningKey

from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, log
from desa_web.engines.sync import pairing as protocol
from desa_web.engines.sync.pairing import Card
from desa_web.features.hub import pairing
from desa_web.features.sync import service as sync


def follow(site: Site) -> None:
    """Write the site's log up to the journal's head."""
    with site.bound():
        catch_up(site, sync.publisher(site))


@dataclass
class Guest:
    """One attempt of one village. Fields may be changed between the steps."""

    card: Card
    key: SigningKey
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    code: str = ""
    heard: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, village: Site) -> Guest:
        follow(village)
        with village.bound():
            card = protocol.own_card(village)
            key = KeyRing(village.data / "keys").find(log.keys(village)[-1].public)
        assert card is not None
        assert key is not None
        return cls(card, key)

    @property
    def token_hash(self) -> str:
        return sha256(self.token.encode()).hexdigest()

    def greeting(self, code: str) -> dict[str, Any]:
        self.code = code
        return {
            "step": "greet", "code": code, "village": json.loads(json.dumps(self.card.as_json())),
            "commitment": protocol.commitment(self.nonce), "token_hash": self.token_hash,
        }  # fmt: skip

    def greet(self, hub: Site, code: str, client: str = "10.0.0.1") -> dict[str, Any]:
        with hub.bound():
            self.heard = pairing.greet(hub, client, self.greeting(code))
        return self.heard

    @property
    def digest(self) -> bytes:
        hub = protocol.read_card(self.heard["hub"])
        assert hub is not None
        return protocol.said(
            hub, self.card, code=self.code, token_hash=self.token_hash,
            nonces=(self.heard["nonce"], self.nonce),
        )  # fmt: skip

    @property
    def words(self) -> str:
        return protocol.words(self.digest)

    def answering(self) -> dict[str, Any]:
        return {
            "step": "answer", "ticket": self.heard["ticket"], "nonce": self.nonce,
            "proof": protocol.prove(self.key, self.digest),
        }  # fmt: skip

    def answer(self, hub: Site) -> str:
        with hub.bound():
            return str(pairing.answer(hub, self.answering())["state"])

    def ask(self, hub: Site) -> str:
        with hub.bound():
            return str(pairing.ask(hub, {"ticket": self.heard["ticket"]})["state"])


def pair(hub: Site, village: Site) -> tuple[str, str]:
    """Pair the two in one process; return the source's id and the village's token."""
    follow(hub)
    guest = Guest.of(village)
    with hub.bound():
        made = pairing.invite(operator(hub))
        guest.greet(hub, made.code)
        assert guest.answer(hub) == "answered"
        return pairing.confirm(operator(hub), made.id), guest.token
