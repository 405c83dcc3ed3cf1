"""Gives a village back what it lost with its disk: files that `desa news import` takes in.

    files = write(actor, source_id, Path("/media/stik"))

Texts and photos as the village itself said them last; nothing of the hub's edits. Brought in and
published there, they come back here as the articles they were (intake.py knows them again).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from desa_web.core import html, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc, zone
from desa_web.core.disk import write_atomic
from desa_web.core.errors import InvalidInput
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.features.hub import content, items, photos
from desa_web.features.hub.content import Content
from desa_web.features.hub.models import ItemRow
from desa_web.features.news.article import State, Text
from desa_web.features.news.markdown_files import ArticleFile, compose
from desa_web.features.news.photo_files import PhotoEntry, markdown_of
from desa_web.features.sync.bundles import received_path


def write(actor: Actor, source_id: str, folder: Path) -> list[Path]:
    """Write what the village lost into `folder`; return the files, [] when it lost nothing.

    Raises InvalidInput when the folder holds other things already.
    """
    actor.require(Permission.RUN_HUB)
    found = items.lost(source_id)
    if found and folder.exists() and any(folder.iterdir()):
        sentence = _("Folder {path} sudah berisi. Pilih folder kosong.")
        raise InvalidInput(sentence.format(path=folder))
    return [_write(actor, items.row_of(one.id), folder) for one in found]


def _write(actor: Actor, row: ItemRow, folder: Path) -> Path:
    said = content.read(row.content)
    entries, files = _photos(actor, row, said, folder)
    tz = zone(settings.read(actor.site)["time_zone"])
    moment = as_utc(row.published_at).astimezone(tz)
    slug = slugify(said.slug, fallback=row.id[-12:])
    text = Text(
        title=said.title, rubric=said.rubric, tags=said.tags, standfirst=said.standfirst,
        dateline=said.dateline, byline=said.byline, initials=said.initials,
        correction=said.correction, corrected_on=said.corrected_on, expires_on=said.expires_on,
    )  # fmt: skip
    file = folder / "news" / f"{moment:%Y-%m-%d}-{slug}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    made = ArticleFile(
        text=text, markdown=markdown_of(html.normalise(said.body), files), slug=slug,
        kind=said.kind, state=State.PUBLISHED, published_at=moment, photos=entries,
        has_lead=bool(entries) and any(p.is_lead and p.id in files for p in said.pictures),
    )  # fmt: skip
    write_atomic(file, compose(made))
    return file


def _photos(
    actor: Actor, row: ItemRow, said: Content, folder: Path
) -> tuple[tuple[PhotoEntry, ...], dict[str, str]]:
    """Copy the photos that are here; return their entries and the file of each id."""
    here = photos.files_of(row, said)
    entries: list[PhotoEntry] = []
    files: dict[str, str] = {}
    # The first of a file is the lead photo.
    for picture in sorted(said.pictures, key=lambda p: not p.is_lead):
        sha256 = here.get(picture.ref)
        source = received_path(actor.site, sha256) if sha256 else None
        if source is None or not source.exists():
            continue
        name = f"photos/{source.name[:16]}.jpg"
        (folder / "photos").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
        files[picture.id] = name
        entries.append(
            PhotoEntry(
                file=name,
                caption=picture.caption,
                credit=picture.credit,
                alt=picture.alt,
                licence=picture.licence,
            )
        )
    return tuple(entries), files
