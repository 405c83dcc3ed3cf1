"""A folder of Markdown files in, a folder out, and in again without loss. Twice changes nothing.

An article is recognised by its slug. Each file is one transaction: a broken file is reported and
leaves nothing behind, the others come in. An article whose readers see an older text than its
writers is exported as two files, `….md` (what readers see) and `….usulan.md` (the newer text).
Kept texts and who wrote them stay behind: they belong to a backup, not to an exchange of texts.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import StrEnum
from pathlib import Path

from desa_web.core import front_matter, journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import DAY_MS, as_utc, zone
from desa_web.core.disk import write_atomic
from desa_web.core.errors import Conflict, DesaError, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.journal import Change
from desa_web.features.media import service as media
from desa_web.features.news import photo_files, publication, queries, rows, rubrics
from desa_web.features.news.article import Article, Revision, State, Text, checked
from desa_web.features.news.markdown_files import ArticleFile, compose, parse
from desa_web.features.news.models import ArticleRow, ArticleSlugRow
from desa_web.features.news.workflow import TABLE, Op, act, publish_now
from desa_web.features.news.writing import create, save, send_to_kominfo

AuthorOf = Callable[[ArticleFile], Actor | None]
RUBRICS_FILE = "rubrik.toml"
_FILE_MAX_BYTES = 5_000_000
# What a note says is of use only until the text moves on.
_WITH_NOTE = (State.SUBMITTED, State.RETURNED, State.APPROVED, State.SCHEDULED, State.WITHDRAWN)


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
    object_id: str = ""
    sentence: str = ""


def refused(name: str, error: DesaError) -> Imported:
    """Return the result of a file that did not come in; its sentence names the file."""
    said = str(error)
    sentence = said if said.startswith(f"{name}:") else f"{name}: {said}"
    return Imported(name, Outcome.REFUSED, sentence=sentence)


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
    """Import a file or a folder, one result a file.

    Of an exported folder its `news` is meant; the rubrics that it names are added first.
    """
    if (path / "news").is_dir():
        path = path / "news"
    files = markdown_files(path)
    root = path if path.is_dir() else path.parent
    _add_rubrics(actor, root.parent / RUBRICS_FILE)
    for file in files:
        try:
            yield import_file(actor, file, root, author_of=author_of)
        except DesaError as error:
            yield refused(file.name, error)


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
    text = checked(_text(actor, parsed, file, root))
    slug = parsed.slug or slugify(parsed.text.title, fallback="")
    known = ArticleRow.get_or_none(ArticleRow.slug == slug) if slug else None
    with journal.change(actor) as change:
        before = len(change.rows)
        if known is None:
            article = _create(author_of(parsed) or actor, actor, text, parsed)
            _bring_to(actor, article, parsed)
        elif _readers_see(known, text, parsed):
            article = rows.as_article(known)
        else:
            article = _save(actor, known, text)
            _bring_to(actor, article, parsed)
        _add_aliases(change, article, parsed)
        if parsed.kominfo is not None and parsed.kominfo != article.sends_to_kominfo:
            send_to_kominfo(actor, article.id, parsed.kominfo)
        is_same = len(change.rows) == before
    if is_same:
        return Imported(file.name, Outcome.UNCHANGED, article.id)
    outcome = Outcome.CREATED if known is None else Outcome.UPDATED
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
    write_atomic(folder / RUBRICS_FILE, _rubrics_toml().encode())
    tz = zone(settings.read(actor.site)["time_zone"])
    count, before = 0, None
    while items := queries.desk(actor, before=before, limit=200):
        for item in items:
            article, working = queries.get(actor, item.id)
            for name, file in _files_of(article, working, folder, tz):
                write_atomic(folder / "news" / name, compose(file))
                progress(name)
            count += 1
        before = (items[-1].updated_at, items[-1].id)
    return count


def _text(actor: Actor, parsed: ArticleFile, file: Path, root: Path) -> Text:
    """Return the text with its photos in the library."""
    photos = {p.file: photo_files.take(actor, p, file, root) for p in parsed.photos}
    ids = {name: photo.id for name, photo in photos.items()}
    markdown, lead_id = parsed.markdown, ""
    if parsed.photos and parsed.has_lead:
        lead = parsed.photos[0]
        lead_id = ids[lead.file]
        is_own = " ".join(lead.caption.split()) != photos[lead.file].caption
        if is_own and not photo_files.shows(markdown, lead):
            # The library says something else of this photo: the caption is the article's own.
            markdown = f"{photo_files.photo_line(lead)}\n\n{markdown}"
    body = photo_files.body_of(markdown, ids)
    return replace(parsed.text, body=body, lead_photo_id=lead_id)


def _create(author: Actor, actor: Actor, text: Text, parsed: ArticleFile) -> Article:
    moment = parsed.published_at
    if parsed.state is State.SCHEDULED and parsed.scheduled_at is None:
        moment = None
    if moment is not None:
        author = actor
    return create(author, text, kind=parsed.kind, slug=parsed.slug, published_at=moment)


def _readers_see(known: ArticleRow, text: Text, parsed: ArticleFile) -> bool:
    """Whether readers see this text already, even if a newer one is being worked on."""
    if parsed.state is not State.PUBLISHED or known.live_revision_id is None:
        return False
    return bool(rows.revision_row(known.live_revision_id).digest == _digest(text))


def _save(actor: Actor, known: ArticleRow, text: Text) -> Article:
    if known.trashed_at is not None:
        sentence = _("Berita {slug} ada di tempat sampah. Pulihkan dulu, lalu impor lagi.")
        raise Conflict(sentence.format(slug=known.slug))
    if rows.revision_row(known.working_revision_id).digest == _digest(text):
        return rows.as_article(known)
    if known.state in (State.APPROVED, State.SCHEDULED):
        act(actor, Op.RECALL, known.id)
    return save(actor, known.id, text).article


def _digest(text: Text) -> str:
    return str(rows.text_columns(text, rubrics.id_of(text.rubric))["digest"])


def _bring_to(actor: Actor, article: Article, parsed: ArticleFile) -> None:
    """Take the article forward to the state that the file names; a file takes nothing back."""
    target = parsed.state
    if target is article.state or target is State.DRAFT:
        return
    if target is State.PUBLISHED:
        publish_now(actor, article.id)
    elif target is State.WITHDRAWN:
        if not article.is_live:
            publish_now(actor, article.id)
        act(actor, Op.WITHDRAW, article.id, note=parsed.note)
    else:
        _bring_to_review(actor, article, parsed)


def _bring_to_review(actor: Actor, article: Article, parsed: ArticleFile) -> None:
    target, state = parsed.state, article.state
    if (Op.SUBMIT, state) in TABLE:
        note = parsed.note if target is State.SUBMITTED else ""
        state = act(actor, Op.SUBMIT, article.id, note=note).state
    if target is State.RETURNED and (Op.RETURN, state) in TABLE:
        act(actor, Op.RETURN, article.id, note=parsed.note or _("Mohon dilengkapi."))
    if target in (State.APPROVED, State.SCHEDULED) and state is State.SUBMITTED:
        state = act(actor, Op.APPROVE, article.id, note=parsed.note).state
    if target is State.SCHEDULED and state is State.APPROVED:
        # A plan that passed while the file lay around is for tomorrow, not lost.
        now_ms = actor.site.clock.now_ms()
        at = parsed.scheduled_at or parsed.published_at
        if at is None or at <= as_utc(now_ms):
            at = as_utc(now_ms + DAY_MS)
        act(actor, Op.SCHEDULE, article.id, at=at)


def _add_aliases(change: Change, article: Article, parsed: ArticleFile) -> None:
    """Let the older addresses of the file lead here. Raises Conflict for another's address."""
    known = {row.slug for row in _addresses(article)}
    missing = [slug for slug in parsed.aliases if slug not in known]
    if not missing:
        return
    change.actor.require(Permission.EDIT_ALL)
    for slug in missing:
        if slugify(slug, fallback="") != slug or not publication.is_free(slug, article.id):
            sentence = _("Alamat lama {slug} sudah dipakai berita lain, atau salah tulis.")
            raise Conflict(sentence.format(slug=slug))
        publication.keep_address(slug, article.id, change.at_ms)
    row = ArticleRow.get_by_id(article.id)
    rows.record(change, row, "aliases", keys={f"article:{row.id}"}, note=", ".join(missing))


def _addresses(article: Article) -> list[ArticleSlugRow]:
    query = ArticleSlugRow.select().where(ArticleSlugRow.article_id == article.id)
    return list(query.order_by(ArticleSlugRow.slug))


def _add_rubrics(actor: Actor, file: Path) -> None:
    """Add the rubrics that an export named and this village does not have."""
    if not file.is_file() or not actor.may(Permission.MANAGE_SITE):
        return
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("rubric", [])
        wanted = [(str(entry["slug"]), str(entry["name"])) for entry in found]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise front_matter.wrong(file.name, str(error)) from error
    known = {rubric.slug for rubric in rubrics.rubrics()}
    for slug, name in wanted:
        if slug in known:
            continue
        with journal.change(actor):
            # The address comes from the first name; a rubric may have been renamed since.
            is_renamed = slugify(name, fallback="") != slug
            rubrics.add(actor, slug if is_renamed else name)
            if is_renamed:
                rubrics.rename(actor, slug, name)


def _rubrics_toml() -> str:
    lines = ["# Rubrik berita, menurut urutannya."]
    for rubric in rubrics.rubrics():
        name = json.dumps(rubric.name, ensure_ascii=False)
        lines += ["", "[[rubric]]", f'slug = "{rubric.slug}"', f"name = {name}"]
    return "\n".join(lines) + "\n"


def _files_of(
    article: Article, working: Revision, folder: Path, tz: tzinfo
) -> Iterator[tuple[str, ArticleFile]]:
    """Yield the name and content of the one or two files of an article."""
    day = f"{article.published_at.astimezone(tz):%Y-%m-%d}-" if article.published_at else ""
    live_id = article.live_revision_id
    if live_id is not None and live_id != article.working_revision_id:
        live = rows.as_revision(rows.revision_row(live_id))
        shown = replace(article, state=State.PUBLISHED, scheduled_at=None)
        yield f"{day}{article.slug}.md", _file_of(shown, live, folder, tz)
        yield f"{day}{article.slug}.usulan.md", _file_of(article, working, folder, tz)
    else:
        yield f"{day}{article.slug}.md", _file_of(article, working, folder, tz)


def _file_of(article: Article, revision: Revision, folder: Path, tz: tzinfo) -> ArticleFile:
    lead_id = revision.text.lead_photo_id
    ids = [lead_id, *media.photo_ids(revision.text.body)]
    photos, files = photo_files.put(ids, folder)
    published, scheduled = article.published_at, article.scheduled_at
    old = [r.slug for r in _addresses(article) if not (article.is_live and r.slug == article.slug)]
    return ArticleFile(
        text=revision.text,
        markdown=photo_files.markdown_of(revision.text.body, files),
        slug=article.slug,
        aliases=tuple(old),
        kind=article.kind,
        state=article.state,
        published_at=published.astimezone(tz) if published else None,
        scheduled_at=scheduled.astimezone(tz) if scheduled else None,
        note=article.note if article.state in _WITH_NOTE else "",
        kominfo=article.sends_to_kominfo,
        has_lead=lead_id in files,
        photos=photos,
    )
