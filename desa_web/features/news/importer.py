"""A folder of Markdown files in, a folder out. Run twice it changes nothing.

An article is recognised by its slug. Each file is one transaction: a broken file is reported and
leaves nothing behind, the others come in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from desa_web.core import journal, settings
from desa_web.core.actor import Actor
from desa_web.core.clock import as_utc, zone
from desa_web.core.disk import write_atomic
from desa_web.core.errors import DesaError, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.features.media import service as media
from desa_web.features.news import queries, rows
from desa_web.features.news.article import Article, Revision, State
from desa_web.features.news.markdown_files import (
    ArticleFile,
    PhotoEntry,
    body_of,
    compose,
    markdown_of,
    parse,
)
from desa_web.features.news.models import ArticleRow
from desa_web.features.news.workflow import Op, act, publish_now
from desa_web.features.news.writing import create, save

AuthorOf = Callable[[ArticleFile], Actor | None]
_FILE_MAX_BYTES = 5_000_000


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file; `sentence` is set when it was refused."""

    file: str
    outcome: Outcome
    article_id: str = ""
    sentence: str = ""


def markdown_files(path: Path) -> list[Path]:
    """Return the file itself, or all Markdown files below a folder, in order of name."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise NotFound(_("{path} tidak ada. Periksa nama berkas atau foldernya.").format(path=path))
    found = sorted(p for p in path.rglob("*.md") if p.is_file() and not p.is_symlink())
    if not found:
        raise NotFound(_("Di {path} tidak ada berkas .md.").format(path=path))
    return found


def import_path(
    actor: Actor, path: Path, *, author_of: AuthorOf = lambda _file: None
) -> Iterator[Imported]:
    """Import a file or a folder, one result a file."""
    for file in markdown_files(path):
        root = path if path.is_dir() else path.parent
        try:
            yield import_file(actor, file, root, author_of=author_of)
        except DesaError as error:
            yield Imported(file.name, Outcome.REFUSED, sentence=str(error))


def import_file(
    actor: Actor, file: Path, root: Path, *, author_of: AuthorOf = lambda _file: None
) -> Imported:
    """Bring one file in and through the workflow to the state it names, all or nothing.

    `author_of` may name whose draft it is; what is dated already belongs to the importing actor.
    Raises the DesaError of whatever rule stands against it: an import is no way round a rule.
    """
    if file.stat().st_size > _FILE_MAX_BYTES:
        raise InvalidInput(_("{name} terlalu besar untuk satu berita.").format(name=file.name))
    parsed = parse(file.read_bytes(), file.name)
    photo_ids = {p.file: _photo(actor, p, file, root) for p in parsed.photos}
    lead = photo_ids[parsed.photos[0].file] if parsed.photos else ""
    body = body_of(_with_lead(parsed), photo_ids)
    text = replace(parsed.text, body=body, lead_photo_id=lead)
    known = ArticleRow.get_or_none(ArticleRow.slug == parsed.slug) if parsed.slug else None
    with journal.change(actor):
        if known is not None:
            before = known.version
            saved = save(actor, known.id, text) if _may_save(known) else None
            article = saved.article if saved else rows.as_article(known)
            same = saved is not None and saved.article.version == before
            outcome = Outcome.UNCHANGED if same else Outcome.UPDATED
        else:
            moment = parsed.published_at
            author = (author_of(parsed) if moment is None else None) or actor
            article = create(author, text, kind=parsed.kind, slug=parsed.slug, published_at=moment)
            outcome = Outcome.CREATED
        if outcome is not Outcome.UNCHANGED:
            _bring_to(actor, article, parsed)
    return Imported(file.name, outcome, article.id)


def export_folder(
    actor: Actor, folder: Path, progress: Callable[[str], None] = lambda _name: None
) -> int:
    """Write every article `actor` may see into `folder`; return how many.

    Raises InvalidInput when the folder holds other things already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InvalidInput(
            _("Folder {path} sudah berisi. Pilih folder kosong.").format(path=folder)
        )
    (folder / "news").mkdir(parents=True, exist_ok=True)
    tz = zone(settings.read(actor.site)["time_zone"])
    count, before = 0, None
    while items := queries.desk(actor, before=before, limit=200):
        for item in items:
            article, revision = queries.get(actor, item.id)
            moment = (article.published_at or article.created_at).astimezone(tz)
            name = f"{moment:%Y-%m-%d}-{article.slug}.md"
            write_atomic(
                folder / "news" / name, compose(_file_of(actor, article, revision, folder))
            )
            progress(name)
            count += 1
        before = (items[-1].updated_at, items[-1].id)
    return count


def _file_of(actor: Actor, article: Article, revision: Revision, folder: Path) -> ArticleFile:
    ids = [revision.text.lead_photo_id, *media.photo_ids(revision.text.body)]
    photos, files = [], {}
    for photo_id in dict.fromkeys(i for i in ids if i):
        photo = media.get(photo_id)
        if photo is not None:
            files[photo_id] = media.export(photo, folder / "photos")
            photos.append(
                PhotoEntry(
                    file=files[photo_id], caption=photo.caption, credit=photo.credit, alt=photo.alt
                )
            )
    tz = zone(settings.read(actor.site)["time_zone"])
    published = article.published_at
    return ArticleFile(
        text=revision.text,
        markdown=markdown_of(revision.text.body, files),
        slug=article.slug,
        kind=article.kind,
        state=article.state,
        published_at=published.astimezone(tz) if published else None,
        scheduled_at=article.scheduled_at.astimezone(tz) if article.scheduled_at else None,
        note=article.note,
        photos=tuple(photos),
    )


def _photo(actor: Actor, entry: PhotoEntry, file: Path, root: Path) -> str:
    """Add the photo that stands beside the file or in the imported folder; never outside it."""
    inside = root.resolve()
    for base in (file.parent, inside, inside.parent):
        path = (base / entry.file).resolve()
        allowed = path.is_relative_to(inside) or path.is_relative_to(inside.parent / "photos")
        if allowed and path.is_file():
            photo = media.add(
                actor, path, caption=entry.caption, credit=entry.credit, alt=entry.alt
            )
            return photo.id
    sentence = _("{name}: foto {photo} tidak ada di folder impor. Taruh fotonya, lalu impor lagi.")
    raise InvalidInput(sentence.format(name=file.name, photo=entry.file))


def _with_lead(parsed: ArticleFile) -> str:
    """Return the text with the first photo as its first figure: the caption is the article's."""
    if not parsed.photos or f"]({parsed.photos[0].file})" in parsed.markdown:
        return parsed.markdown
    lead = parsed.photos[0]
    caption = re.sub(r"([\\\]])", r"\\\1", " ".join(lead.caption.split()))
    return f"![{caption}]({lead.file})\n\n{parsed.markdown}"


def _may_save(row: ArticleRow) -> bool:
    return row.state not in (State.APPROVED, State.SCHEDULED)


def _bring_to(actor: Actor, article: Article, parsed: ArticleFile) -> None:
    target = parsed.state
    if article.state is target:
        return
    if target in (State.PUBLISHED, State.WITHDRAWN):
        publish_now(actor, article.id)
        if target is State.WITHDRAWN:
            act(actor, Op.WITHDRAW, article.id, note=parsed.note)
        return
    if target in (State.SUBMITTED, State.RETURNED, State.APPROVED, State.SCHEDULED):
        act(actor, Op.SUBMIT, article.id)
    if target is State.RETURNED:
        act(actor, Op.RETURN, article.id, note=parsed.note or _("Mohon dilengkapi."))
    if target in (State.APPROVED, State.SCHEDULED):
        act(actor, Op.APPROVE, article.id)
    if target is State.SCHEDULED:
        # A plan that passed while the file lay around is for tomorrow, not lost.
        soon = as_utc(actor.site.clock.now_ms()) + timedelta(days=1)
        at = parsed.scheduled_at
        act(actor, Op.SCHEDULE, article.id, at=at if at and at > soon - timedelta(days=1) else soon)
