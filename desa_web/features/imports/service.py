"""Moving in: one text after the other through the services of news, pages and media.

    for done in run(actor, "wordpress:lama.desa.id", items, photos): …

Each text is one transaction with the row that says where it came from: a run that was killed is
simply started again. What is here already is never overwritten, whatever became of it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from desa_web.core import journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.features.imports import aliases, taking
from desa_web.features.imports.item import Done, Item, Kind, Outcome
from desa_web.features.imports.models import OriginRow
from desa_web.features.imports.photos import Photos
from desa_web.features.news import rubrics

_MAX_NOTES = 20


def run(
    actor: Actor, source: str, items: Iterable[Item], photos: Photos, *, is_dry_run: bool = False
) -> Iterator[Done]:
    """Bring in what is not here yet, one result an item. Raises Forbidden before the first.

    A dry run writes nothing and says what a run would say.
    """
    actor.require(Permission.EDIT_ALL)
    actor.require(Permission.PUBLISH)
    seen: set[str] = set()
    wanted_rubrics: set[str] = set()
    for item in items:
        if item.key in seen:
            yield _done(item, Outcome.SKIPPED, [_("sudah ada di berkas yang sama")])
            continue
        seen.add(item.key)
        try:
            known = _known(source, item)
            if isinstance(known, OriginRow):
                yield _complete(actor, known, item, photos, is_dry_run)
            elif known is not None:
                yield known
            else:
                yield _bring(actor, source, item, photos, is_dry_run, wanted_rubrics)
        except DesaError as error:
            yield _done(item, Outcome.REFUSED, [str(error)])


def keep_paths(actor: Actor, paths: Iterable[tuple[str, str]]) -> None:
    """Let old lists and feeds lead to ours; a rubric that does not exist is nobody's target."""
    known = {f"/rubrik/{rubric.slug}" for rubric in rubrics.rubrics()}
    with journal.change(actor) as change:
        for old, path in paths:
            if path in known or not path.startswith("/rubrik/"):
                aliases.keep(change, old, aliases.Kind.PATH, path)


def _known(source: str, item: Item) -> Done | OriginRow | None:
    """Return the result of what is left out or here already, or the row of what lacks pictures."""
    if item.skip:
        return _done(item, Outcome.SKIPPED, [item.skip])
    row = OriginRow.get_or_none(
        OriginRow.source == source, OriginRow.origin_key == _hashed(item.key)
    )
    if row is None:
        here = aliases.targets(item.addresses)
        # Two texts of one source may share an address there; both are wanted.
        own = OriginRow.object_id.in_(sorted(here)) & (OriginRow.source == source)
        if here and not OriginRow.select().where(own).exists():
            note = _("sudah masuk lewat impor lain")
            return replace(_done(item, Outcome.SKIPPED, [note]), object_id=min(here))
        return None
    if row.digest == item.digest() and row.missing:
        return row
    if row.digest == item.digest():
        return replace(_done(item, Outcome.UNCHANGED, []), object_id=row.object_id)
    note = _("berubah di situs lama sejak diimpor; yang di sini tidak disentuh")
    return replace(_done(item, Outcome.CHANGED, [note]), object_id=row.object_id)


def _hashed(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _bring(
    actor: Actor,
    source: str,
    item: Item,
    photos: Photos,
    is_dry_run: bool,
    wanted_rubrics: set[str],
) -> Done:
    ready = taking.ready_of(item, photos)
    if is_dry_run:
        taking.check(actor, ready, wanted_rubrics)
        done = _done(item, Outcome.CREATED, ready.notes)
        return replace(done, photos=ready.photos)
    with journal.change(actor) as change:
        made = taking.make(actor, ready)
        OriginRow.insert(
            source=source,
            origin_key=_hashed(item.key),
            kind=item.kind,
            object_id=made.object_id,
            digest=item.digest(),
            missing=ready.missing,
            revision_id=made.revision_id,
            imported_at=change.at_ms,
        ).execute()
        if item.kind is not Kind.ALBUM:
            kind = aliases.Kind(item.kind.value)
            for old in item.addresses:
                aliases.keep(change, old, kind, made.object_id)
    done = _done(item, Outcome.CREATED, ready.notes)
    return replace(done, object_id=made.object_id, address=made.address, photos=ready.photos)


def _complete(actor: Actor, row: OriginRow, item: Item, photos: Photos, is_dry_run: bool) -> Done:
    """Add the pictures that were missing, if they can be had now and nobody touched the text."""
    same = replace(_done(item, Outcome.UNCHANGED, []), object_id=row.object_id)
    if not taking.is_untouched(row):
        return same
    ready = taking.ready_of(item, photos)
    if ready.missing >= row.missing:
        return replace(same, notes=tuple(dict.fromkeys(ready.notes))[:_MAX_NOTES])
    if not is_dry_run:
        with journal.change(actor):
            revision_id = taking.remake(actor, row.object_id, ready)
            mine = (OriginRow.source == row.source) & (OriginRow.origin_key == row.origin_key)
            values = {"missing": ready.missing, "revision_id": revision_id}
            OriginRow.update(**values).where(mine).execute()
    done = _done(item, Outcome.COMPLETED, ready.notes)
    return replace(done, object_id=row.object_id, photos=ready.photos)


def _done(item: Item, outcome: Outcome, notes: list[str]) -> Done:
    shown = tuple(dict.fromkeys(notes))[:_MAX_NOTES]
    title = item.title or item.key
    return Done(key=item.key, kind=item.kind, title=title, outcome=outcome, notes=shown)
