"""What comes and goes on a stick at a hub: lines into the inbox, photos noted, receipts out.

The adapter "bundles" of features/sync/bundles.py, which reads and writes the files themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core.actor import program
from desa_web.core.site import Site
from desa_web.engines.sync import Outcome
from desa_web.features.hub import intake, photos, receipts, sources
from desa_web.features.hub.source import Kind


def take_lines(site: Site, name: str, data: bytes) -> Outcome:
    """Take lines of the village whose log is `name`; one nobody knows yet becomes a source."""
    return intake.taken(site, _source(site, name), data)


def take_photo(site: Site, name: str, digest: str, size_bytes: int) -> None:
    """Note that a photo of that village lies in media/kiriman."""
    photos.arrived(_source(site, name), digest, digest, size_bytes)


def letters(site: Site) -> Iterator[tuple[str, bytes]]:
    """Yield (village, all pages of receipts for it) for every source that was told something."""
    for source in sources.listed(site):
        if source.site is None:
            continue
        pages = b"".join(receipts.pages(site, source.id))
        if pages:
            yield source.site, pages


def _source(site: Site, name: str) -> str:
    known = sources.of_site(site, name)
    if known is not None:
        return known.id
    made = sources.register(program(site), kind=Kind.DESA, name=name[:8], site=name)
    return made.id
