"""Where photos are used: asked of the features that put them into their texts.

A feature offers the adapter "photo_uses": an object with `kind` (as in the journal) and
`uses(site, object_ids)`, which yields one `Use` for each of these objects that shows photos, or
for all of them when `object_ids` is None; `open_to(actor, object_ids)` says which of these a
person may open in the desk. Media imports none of these features.

The answer is kept in memory and brought forward by the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Protocol

from desa_web.core import journal
from desa_web.core.actor import Actor
from desa_web.core.i18n import _
from desa_web.core.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One article or page with its photos.

    live_ids are the photos that readers see there, ids all of them, also those of a working text.
    url is the public address, "" while it is not public; desk_url where it is edited.
    """

    kind: str
    object_id: str
    title: str
    url: str
    desk_url: str
    ids: tuple[str, ...]
    live_ids: tuple[str, ...]
    published_at: datetime | None = None


class PhotoUses(Protocol):
    """What a feature that shows photos offers."""

    kind: str

    def uses(self, site: Site, object_ids: Sequence[str] | None) -> Iterable[Use]: ...

    def open_to(self, actor: Actor, object_ids: Sequence[str]) -> set[str]: ...


class Uses:
    """All uses of one site's photos, by photo."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], Use] = {}
        self._by_photo: dict[str, list[tuple[str, str]]] = {}
        self._seq = -1
        self._journal_id = ""
        self._lock = Lock()

    def of(self, photo_id: str) -> list[Use]:
        """Return where a photo is used, newest publication first, unpublished before."""
        found = [self._objects[key] for key in self._by_photo.get(photo_id, ())]
        public = [use for use in found if use.published_at is not None]
        public.sort(key=_recency, reverse=True)
        return [use for use in found if use.published_at is None] + public

    def used(self) -> set[str]:
        """Return the ids of all photos that are used anywhere."""
        return {photo_id for photo_id, keys in self._by_photo.items() if keys}

    def live(self) -> list[Use]:
        """Return what readers can see, newest first."""
        found = [use for use in self._objects.values() if use.live_ids and use.url]
        return sorted(found, key=_recency, reverse=True)

    def follow(self, site: Site) -> Uses:
        """Bring this to the head of the journal and return it."""
        with self._lock:
            head = journal.head(site)
            if head.journal_id != self._journal_id or head.seq < self._seq or self._seq < 0:
                self._objects, self._by_photo = {}, {}
                for adapter in _adapters():
                    self._take(adapter.uses(site, None))
            elif head.seq > self._seq:
                self._forward(site)
            self._seq, self._journal_id = head.seq, head.journal_id
        return self

    def _forward(self, site: Site) -> None:
        changed: dict[str, set[str]] = {}
        after = self._seq
        while rows := journal.read(site, after, 500):
            for row in rows:
                changed.setdefault(row.kind, set()).add(row.object_id)
            after = rows[-1].seq
        for adapter in _adapters():
            ids = sorted(changed.get(adapter.kind, ()))
            for object_id in ids:
                self._forget((adapter.kind, object_id))
            if ids:
                self._take(adapter.uses(site, ids))

    def _take(self, found: Iterable[Use]) -> None:
        for use in found:
            key = (use.kind, use.object_id)
            self._forget(key)
            self._objects[key] = use
            for photo_id in {*use.ids, *use.live_ids}:
                self._by_photo.setdefault(photo_id, []).append(key)

    def _forget(self, key: tuple[str, str]) -> None:
        old = self._objects.pop(key, None)
        if old is not None:
            for photo_id in {*old.ids, *old.live_ids}:
                self._by_photo[photo_id].remove(key)


def uses(site: Site) -> Uses:
    """Return where this site's photos are used, as of now."""
    found: Uses | None = getattr(site, "_photo_uses", None)
    if found is None:
        found = site._photo_uses = Uses()  # type: ignore[attr-defined]
    return found.follow(site)


def shown_to(actor: Actor, found: Mapping[str, Sequence[Use]]) -> dict[str, list[Use]]:
    """Return the uses of some photos with what this person may know of them.

    Where somebody else writes, desk_url leads to the public page, or nowhere: then the title is
    nobody's business either. One statement for each feature, whatever the number of photos.
    """
    keys = {(use.kind, use.object_id) for many in found.values() for use in many}
    may_open = {
        (adapter.kind, object_id)
        for adapter in _adapters()
        for object_id in adapter.open_to(actor, [i for kind, i in keys if kind == adapter.kind])
    }
    return {
        photo_id: [u if (u.kind, u.object_id) in may_open else _closed(u) for u in many]
        for photo_id, many in found.items()
    }


def _closed(use: Use) -> Use:
    title = use.title if use.url else _("Naskah orang lain")
    return replace(use, title=title, desk_url=use.url)


def _recency(use: Use) -> tuple[float, str]:
    """Pages without a date come after everything that has one."""
    moment = use.published_at
    return (0.0 if moment is None else moment.timestamp()), use.object_id


def _adapters() -> list[PhotoUses]:
    from desa_web.core.registry import adapters
    from desa_web.features import FEATURES

    return list(adapters(FEATURES, "photo_uses"))
