"""A command that only a media centre has: it opens the site, or says that this is a village's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from desa_web.core import settings
from desa_web.core.actor import Actor
from desa_web.core.console import Console
from desa_web.core.errors import Conflict
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import sources
from desa_web.features.hub.source import Source


@contextmanager
def officer(console: Console) -> Iterator[Actor]:
    """Open the media centre for the person of --as. Raises Conflict at a village."""
    with console.actor() as actor:
        require(actor.site)
        yield actor


@contextmanager
def officer_of(console: Console, name: str) -> Iterator[tuple[Actor, Source]]:
    """Open the media centre and find the source that the person means. Raises NotFound."""
    with officer(console) as actor:
        yield actor, sources.find(actor.site, name)


def require(site: Site) -> None:
    """Raise Conflict, with what there is instead, unless the site is a media centre."""
    if not settings.is_hub(site):
        raise Conflict(
            _(
                "Ini situs desa, bukan hub (media center). Perintah ini dipakai Kominfo untuk "
                "mengumpulkan berita banyak desa. Mengirim berita desa ini: desa sync push. "
                "Membuat media center: desa init FOLDER --role hub"
            )
        )
