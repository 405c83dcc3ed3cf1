"""Rubrics: the sections of the news, kept in the village's own order."""

from __future__ import annotations

from dataclasses import dataclass

from desa_web.core import db, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import Conflict, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import new_id, slugify
from desa_web.features.news.article import one_line
from desa_web.features.news.models import RevisionRow, RubricRow

DEFAULTS = (
    "Pemerintahan",
    "Pembangunan",
    "Kesehatan",
    "Pendidikan",
    "Ekonomi & UMKM",
    "Budaya",
    "Lingkungan",
    "Olahraga",
    "Kegiatan",
)
_NAME_MAX = 40


@dataclass(frozen=True, slots=True)
class Rubric:
    id: str
    slug: str
    name: str
    position: int


def rubrics() -> list[Rubric]:
    """Return all rubrics in the village's order."""
    return [_view(row) for row in db.select(RubricRow, "1 = 1 ORDER BY position, name")]


def rubric(slug: str) -> Rubric:
    row = db.first(RubricRow, "slug = ?", slug)
    if row is None:
        raise NotFound(_("Rubrik ini tidak ada. Lihat daftar rubrik di halaman Berita."))
    return _view(row)


def id_of(name_or_slug: str) -> str | None:
    """Return the rubric's id, None for an empty name. Raises InvalidInput for an unknown one."""
    if not name_or_slug:
        return None
    slug = slugify(name_or_slug, fallback="")
    row = RubricRow.get_or_none((RubricRow.slug == slug) | (RubricRow.name == name_or_slug))
    if row is None:
        known = ", ".join(r.name for r in rubrics())
        sentence = _("Rubrik {name} tidak ada. Pilih salah satu: {known}.")
        raise InvalidInput(fields={"rubric": sentence.format(name=name_or_slug, known=known)})
    return str(row.id)


def add(actor: Actor, name: str) -> Rubric:
    """Add a rubric at the end. Raises Conflict when the name is there already."""
    actor.require(Permission.MANAGE_SITE)
    name = _checked(name)
    with journal.change(actor) as change:
        slug = slugify(name, fallback="")
        if not slug or RubricRow.select().where(RubricRow.slug == slug).exists():
            raise Conflict(_("Rubrik {name} sudah ada.").format(name=name))
        position = RubricRow.select().count() + 1
        row = RubricRow.create(id=new_id(change.at_ms), slug=slug, name=name, position=position)
        change.record("rubric", row.id, "add", keys={"rubrics"}, digest=_digest(row))
        return _view(row)


def rename(actor: Actor, slug: str, name: str) -> Rubric:
    """Change the shown name; the address stays."""
    actor.require(Permission.MANAGE_SITE)
    name = _checked(name)
    with journal.change(actor) as change:
        row = RubricRow.get_by_id(rubric(slug).id)
        if RubricRow.select().where(RubricRow.name == name, RubricRow.id != row.id).exists():
            raise Conflict(_("Rubrik {name} sudah ada.").format(name=name))
        row.name = name
        row.save()
        keys = {"rubrics", f"rubric:{row.id}"}
        change.record("rubric", row.id, "rename", keys=keys, digest=_digest(row))
        return _view(row)


def shift(actor: Actor, slug: str, *, up: bool) -> None:
    """Change places with the neighbour above or below; at the end nothing happens."""
    actor.require(Permission.MANAGE_SITE)
    with journal.change(actor) as change:
        ids = [found.id for found in rubrics()]
        moved = rubric(slug).id
        at = ids.index(moved)
        to = at - 1 if up else at + 1
        if not 0 <= to < len(ids):
            return
        ids[at], ids[to] = ids[to], ids[at]
        # All of them: an import or two admins at once may have left equal places.
        for place, rubric_id in enumerate(ids, 1):
            RubricRow.update(position=place).where(
                RubricRow.id == rubric_id, RubricRow.position != place
            ).execute()
        row = RubricRow.get_by_id(moved)
        change.record("rubric", moved, "move", keys={"rubrics"}, digest=_digest(row))


def remove(actor: Actor, slug: str) -> None:
    """Remove a rubric that no text uses."""
    actor.require(Permission.MANAGE_SITE)
    with journal.change(actor) as change:
        found = rubric(slug)
        if RevisionRow.select().where(RevisionRow.rubric_id == found.id).exists():
            raise Conflict(_("Rubrik {name} masih dipakai berita.").format(name=found.name))
        RubricRow.delete().where(RubricRow.id == found.id).execute()
        change.record("rubric", found.id, "remove", keys={"rubrics"})


def add_defaults(actor: Actor) -> None:
    """Give a new site the usual rubrics."""
    with journal.change(actor):
        for name in DEFAULTS:
            if not RubricRow.select().where(RubricRow.name == name).exists():
                add(actor, name)


def _checked(name: str) -> str:
    clean = one_line(name)
    if not clean or len(clean) > _NAME_MAX:
        sentence = _("Nama rubrik berisi 1 sampai {n} huruf.").format(n=_NAME_MAX)
        raise InvalidInput(fields={"name": sentence})
    return clean


def _view(row: RubricRow) -> Rubric:
    return Rubric(row.id, row.slug, row.name, row.position)


def _digest(row: RubricRow) -> str:
    return journal.digest({"id": row.id, "slug": row.slug, "name": row.name})
