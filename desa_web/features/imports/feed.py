"""A feed of the old site as a source: its newest news, and older ones as far as it leads back.

    with opened(actor, "https://lama.desa.id/feed") as feed: for item in feed.items(): …

Over the network only through engines/sync/client.py: no address inside, bounded in bytes, time
and redirects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from desa_web.core.actor import Actor
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.engines.feeds.read import MAX_BYTES, FeedUnreadable, ForeignEntry, ForeignFeed, read
from desa_web.features.imports.item import Item, Picture, SourceUnreadable

if TYPE_CHECKING:
    from desa_web.engines.sync.client import Client

_MAX_DOCUMENTS = 500
_NO_RUBRIC = frozenset({"uncategorized", "tak berkategori", "tanpa kategori", "berita", "umum"})
_NOBODY = frozenset({"admin", "administrator", "superadmin", "operator"})


@dataclass(slots=True)
class Feed:
    """An opened feed; the first document is read, the older ones come with `items`."""

    source: str
    _first: ForeignFeed
    _url: str
    _runner: asyncio.Runner | None = None
    _client: Client | None = None
    _seen: set[str] = field(default_factory=set)

    def items(self) -> Iterator[Item]:
        """Yield the entries of this document and of the older ones it leads to."""
        document, url, number = self._first, self._url, 1
        while True:
            fresh = [entry for entry in document.entries if entry.guid not in self._seen]
            self._seen.update(entry.guid for entry in fresh)
            yield from (_item(entry, document) for entry in fresh)
            number += 1
            url = document.next_url or _paged(document, self._url, number)
            if not url or not fresh or self._runner is None or number > _MAX_DOCUMENTS:
                return
            try:
                document = self._runner.run(_fetched(self._client, url))
            except DesaError:
                # WordPress says 404 behind the last page.
                if not document.next_url:
                    return
                raise

    def paths(self) -> list[tuple[str, str]]:
        return [(self._url, "/rss.xml")] if self._url else []


@contextmanager
def opened(actor: Actor, address: str) -> Iterator[Feed]:
    """Open a feed by its address or file. Raises FeedUnreadable, Unreachable."""
    if not address.startswith(("http://", "https://")):
        yield _of_file(Path(address))
        return
    from desa_web.engines.sync.client import Client

    config = actor.site.config
    with asyncio.Runner() as runner:
        client = Client(allow_private=config.flag("allow_private_sources"), clock=actor.site.clock)
        runner.run(client.__aenter__())
        try:
            first = runner.run(_fetched(client, address))
            yield Feed(_source(first, address), first, address, runner, client)
        finally:
            runner.run(client.__aexit__(None, None, None))


def _of_file(file: Path) -> Feed:
    if not file.is_file():
        sentence = _("{path} tidak ada. Tulis alamat feed (https://…) atau nama berkasnya.")
        raise SourceUnreadable(sentence.format(path=file))
    with file.open("rb") as content:
        found = read(content.read(MAX_BYTES + 1), "", "")
    return Feed(_source(found, found.link), found, "")


async def _fetched(client: Client | None, url: str) -> ForeignFeed:
    if client is None:
        raise FeedUnreadable(_("Feed ini tidak bisa diambil."))
    from desa_web.engines.sync.unreachable import Unreachable

    try:
        answer = await client.get(url, max_bytes=MAX_BYTES)
    except Unreachable as error:
        sentence = _("{fact} Belum ada yang masuk dari alamat itu, dan tidak dicoba lagi sendiri.")
        if error.may_pass:
            sentence += " " + _("Ulangi perintahnya nanti; tidak ada yang masuk dua kali.")
        text = sentence.format(fact=error.fact)
        raise Unreachable(error.reason, text, http_status=error.http_status) from error
    kind = next((v for n, v in answer.headers.items() if n.lower() == "content-type"), "")
    return read(answer.body, kind, answer.url)


def _source(feed: ForeignFeed, address: str) -> str:
    host = urlsplit(feed.link).hostname or urlsplit(address).hostname or "berkas"
    return f"feed:{host.removeprefix('www.')}"


def _paged(feed: ForeignFeed, url: str, number: int) -> str:
    """Return the next page of a feed of WordPress, which does not name it itself."""
    if "wordpress" not in feed.generator.lower() or not url:
        return ""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=query + urlencode({"paged": number})))


def _item(entry: ForeignEntry, feed: ForeignFeed) -> Item:
    names = [tag for tag in entry.tags if tag.lower() not in _NO_RUBRIC]
    author = "" if entry.author.lower() in _NOBODY else entry.author
    told = tuple(Picture(i.url, "", i.alt, i.credit) for i in entry.images)
    inside = [picture for picture in told if picture.url not in entry.html]
    is_empty = not entry.title and not entry.html.strip()
    return Item(
        key=entry.guid,
        title=entry.title,
        html=entry.html,
        slug=urlsplit(entry.url).path.rstrip("/").rpartition("/")[2].removesuffix(".html"),
        published_at=entry.published or entry.updated,
        byline=author,
        rubric=names[0] if names else "",
        tags=tuple(names[1:]),
        base_url=entry.url or feed.link,
        addresses=tuple(u for u in (entry.url, entry.guid) if u.startswith("http")),
        lead=inside[0] if inside else None,
        pictures=told,
        skip=_("tulisan kosong") if is_empty else "",
    )
