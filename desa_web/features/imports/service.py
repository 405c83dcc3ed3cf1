"""Moving in: one text after the other through the services of news, pages and media.

    for done in run(actor, "wordpress:lama.desa.id", items, photos): …

Each text is one transaction with the row that says where it came from: a run that was killed is
simply started again. What is here already is never overwritten, whatever became of it since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from desa_web.core import journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.features.imports import aliases, taking
from desa_web.features.imports.item import DIGEST, Done, Item, Kind, Outcome
from desa_web.features.imports.models import OriginRow
from desa_web.features.imports.notes import Note, Topic
from desa_web.features.imports.photos import Photos
from desa_web.features.news import rubrics
from desa_web.features.pages import service as pages
from desa_web.features.pages.models import PageRow

_MAX_NOTES = 200


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
    above: dict[str, str] = {}
    for item in items:
        if item.kind is Kind.PAGE:
            above[item.key] = item.parent
        if item.key in seen:
            yield _left_out(item, _("yang ada dua kali di berkas itu"))
            continue
        seen.add(item.key)
        try:
            known = _known(actor, source, item, is_dry_run)
            if isinstance(known, OriginRow):
                yield _complete(actor, known, item, photos, is_dry_run)
            elif known is not None:
                yield known
            else:
                yield _bring(actor, source, item, photos, is_dry_run, wanted_rubrics)
        except DesaError as error:
            yield _done(item, Outcome.REFUSED, [Note(Topic.REFUSED, why=error.message)])
    if not is_dry_run:
        _plant(actor, source, above)


def keep_paths(actor: Actor, paths: Iterable[tuple[str, str]]) -> None:
    """Let old lists and feeds lead to ours; a rubric that does not exist is nobody's target."""
    known = {f"/rubrik/{rubric.slug}" for rubric in rubrics.rubrics()}
    with journal.change(actor) as change:
        for old, path in paths:
            if path in known or not path.startswith("/rubrik/"):
                aliases.keep(change, old, aliases.Kind.PATH, path)


def _plant(actor: Actor, source: str, above: Mapping[str, str]) -> None:
    """Put pages under those that they stood under, in the order of the file.

    above: the key of the page above, "" for none, by the key of every page of the source. A page
    that somebody here has touched stays where it is; one whose parent did not come goes under the
    next one up that did.
    """
    for key, parent in above.items():
        row = _page_of(source, key) if parent else None
        if row is None or row.version != 1 or row.parent_id is not None:
            continue
        tried: set[str] = {key}
        while parent and parent not in tried:
            tried.add(parent)
            over = _page_of(source, parent)
            if over is not None:
                try:
                    pages.place(actor, row.id, parent_id=over.id)
                    break
                except DesaError:
                    # Deeper than a menu can show: one step up.
                    pass
            parent = above.get(parent, "")


def _page_of(source: str, key: str) -> PageRow | None:
    """Return the page that a page of the source became, unless it was thrown away since."""
    origin = OriginRow.get_or_none(
        OriginRow.source == source, OriginRow.origin_key == _hashed(key),
        OriginRow.kind == Kind.PAGE.value,
    )  # fmt: skip
    if origin is None:
        return None
    return PageRow.get_or_none(PageRow.id == origin.object_id, PageRow.trashed_at.is_null())


def _known(actor: Actor, source: str, item: Item, is_dry_run: bool) -> Done | OriginRow | None:
    """Return the result of what is left out or here already, or the row of what lacks pictures."""
    if item.skip:
        return _left_out(item, item.skip)
    row = OriginRow.get_or_none(
        OriginRow.source == source, OriginRow.origin_key == _hashed(item.key)
    )
    if row is None:
        here = aliases.targets(item.addresses)
        # Two texts of one source may share an address there; both are wanted.
        own = OriginRow.object_id.in_(sorted(here)) & (OriginRow.source == source)
        if here and not OriginRow.select().where(own).exists():
            done = _left_out(item, _("yang sudah masuk lewat impor lain"))
            return replace(done, object_id=min(here))
        return None
    # A hash of an earlier version was of other words: what it stood for cannot be compared.
    is_old = not row.digest.startswith(DIGEST)
    if is_old and not is_dry_run:
        with journal.change(actor):
            mine = (OriginRow.source == source) & (OriginRow.origin_key == row.origin_key)
            OriginRow.update(digest=item.digest()).where(mine).execute()
    is_same = is_old or row.digest == item.digest()
    if is_same and row.missing:
        return row
    if is_same:
        return replace(_done(item, Outcome.UNCHANGED, []), object_id=row.object_id)
    done = _done(item, Outcome.CHANGED, [Note(Topic.CHANGED)])
    return replace(done, object_id=row.object_id)


def _left_out(item: Item, why: str) -> Done:
    return _done(item, Outcome.SKIPPED, [Note(Topic.LEFT_OUT, why=why)])


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


def _done(item: Item, outcome: Outcome, notes: list[Note]) -> Done:
    shown = tuple(dict.fromkeys(notes))[:_MAX_NOTES]
    title = item.title or item.key
    return Done(key=item.key, kind=item.kind, title=title, outcome=outcome, notes=shown)
