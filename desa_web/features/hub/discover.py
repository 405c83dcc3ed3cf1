"""What stands at an address that an officer typed: a village with a signed log, or a feed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urljoin

from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.feeds.read import MAX_BYTES, FeedUnreadable, ForeignFeed, read
from desa_web.engines.sync.client import Client
from desa_web.engines.sync.pull import Card, card_of
from desa_web.engines.sync.unreachable import Reason, Unreachable
from desa_web.features.hub.source import Kind

# Where WordPress, OpenSID and others have their feed, when the front page does not say.
_USUAL = ("/feed", "/feed.atom", "/rss.xml", "/feed.xml", "/index.php/feed")
_TOTAL_S = 45
# The site is there and answers; it just is no village of ours.
_ANSWERS = (Reason.STRANGER, Reason.GONE, Reason.REFUSED, Reason.FAILED, Reason.TOO_LARGE)


@dataclass(frozen=True, slots=True)
class Found:
    """What an address is. site: the name of its log, None for a feed."""

    kind: Kind
    address: str
    name: str
    site: str | None
    kode_wilayah: str


def client_of(site: Site, **limits: float) -> Client:
    """Return a client with the limits that the operator of this site chose.

    It says who it is in one word: a version would be ten bytes more of every poll.
    """
    return Client(
        allow_private=site.config.flag("allow_private_sources"),
        clock=site.clock,
        **limits,  # type: ignore[arg-type]
    )


def look(site: Site, address: str) -> Found:
    """Ask an address what it is. Raises InvalidInput, Unreachable: nobody will ask again."""
    from desa_web.features.hub.sources import checked_address

    try:
        return asyncio.run(_look(site, checked_address(address)))
    except Unreachable as error:
        sentence = _("{fact} Belum ada yang ditambahkan.")
        if error.may_pass:
            sentence = _("{fact} Belum ada yang ditambahkan; coba lagi nanti.")
        sentence = sentence.format(fact=error.fact)
        raise Unreachable(error.reason, sentence, http_status=error.http_status) from error


def card_at(site: Site, address: str) -> Card:
    """Return the card of the village at an address. Raises Unreachable."""
    return asyncio.run(_card(site, address))


async def _card(site: Site, address: str) -> Card:
    async with client_of(site) as client:
        return await card_of(client, address)


async def _look(site: Site, address: str) -> Found:
    try:
        async with asyncio.timeout(_TOTAL_S), client_of(site) as client:
            try:
                card = await card_of(client, address)
            except Unreachable as error:
                if error.reason not in _ANSWERS:
                    raise
            else:
                where = card.address.rstrip("/")
                return Found(Kind.DESA, where, card.name, card.site, card.kode_wilayah)
            return await _feed(client, address)
    except TimeoutError as error:
        raise Unreachable(Reason.SLOW) from error


async def _feed(client: Client, address: str) -> Found:
    """Return the feed at the address, or that the page there names, or at the usual places."""
    tried: set[str] = set()
    waiting = [address]
    while waiting:
        url = waiting.pop(0)
        if url in tried or len(tried) > 8:
            continue
        tried.add(url)
        found = await _read(client, url)
        if isinstance(found, ForeignFeed):
            return Found(Kind.FEED, url, found.title, None, "")
        waiting = [*found, *waiting]
        if url == address:
            waiting += [urljoin(address, path) for path in _USUAL]
    raise InvalidInput(
        fields={
            "address": _(
                "Di alamat itu tidak ada situs desa-web dan tidak ada feed (RSS, Atom, JSON). "
                "Tanyakan alamat feednya ke pengelola situs."
            )
        }
    )


async def _read(client: Client, url: str) -> ForeignFeed | list[str]:
    """Return the feed, or the addresses of feeds that a page names."""
    try:
        answer = await client.get(url, max_bytes=MAX_BYTES, stays=True)
        return read(answer.body, answer.headers.get("Content-Type", ""), answer.url)
    except FeedUnreadable as error:
        feeds = error.details.get("feeds", ())
        named = [str(one) for one in feeds] if isinstance(feeds, tuple) else []
        # WordPress names the comments' feed beside that of the news.
        return sorted(named, key=lambda one: "comment" in one)
    except Unreachable as error:
        if error.reason not in _ANSWERS:
            raise
        return []
