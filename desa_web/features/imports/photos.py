"""Pictures of the old site: from its folder or over the network, through the media service.

The folder is foreign: a name that leads out of it, by "..", a link or any other way, is not
opened. Over the network only what engines/sync/client.py may ask: no address inside, bounded.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from desa_web.core import journal
from desa_web.core.actor import Actor
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.engines.sync.unreachable import Unreachable
from desa_web.features.imports import old_files
from desa_web.features.imports.item import NOWHERE, Picture
from desa_web.features.imports.models import ImportedPhotoRow
from desa_web.features.imports.notes import Note, Topic
from desa_web.features.imports.old_files import FOLDERS, SIZED
from desa_web.features.media import documents
from desa_web.features.media import service as media
from desa_web.features.media.photo import LIMITS, one_line

if TYPE_CHECKING:
    from desa_web.engines.sync.client import Client

_NAMES = re.compile(r"^(?:kecil_|sedang_)?")
_TIMEOUT_S = 120
DRY_ID = "percobaan"


class Photos:
    """Finds the pictures of one source; `fetches`: what is not in the folder is downloaded."""

    def __init__(
        self, actor: Actor, source: str, folder: Path | None, *, fetches: bool, is_dry_run: bool
    ) -> None:
        self._actor = actor
        self._source = source
        self._folder = folder.resolve() if folder else None
        self._fetches = fetches
        self._is_dry_run = is_dry_run
        self._runner: asyncio.Runner | None = None
        self._client: Client | None = None
        self._failed: dict[str, Note] = {}
        self._shown: set[str] = set()

    @property
    def count(self) -> int:
        """How many different photos the texts show so far."""
        return len(self._shown)

    def take(self, picture: Picture, notes: list[Note]) -> str:
        """Return the id of the photo for a picture, "" and a note when it cannot be had.

        On a dry run every picture that is there has the id DRY_ID.
        """
        known = ImportedPhotoRow.get_or_none(
            ImportedPhotoRow.source == self._source, ImportedPhotoRow.url == picture.url
        )
        if known is not None and media.get(known.photo_id) is not None:
            self._shown.add(known.photo_id)
            return str(known.photo_id)
        if picture.url in self._failed:
            notes.append(self._failed[picture.url])
            return ""
        try:
            return self._take(picture)
        except DesaError as error:
            note = Note(Topic.PHOTO, _name_of(picture.url), _why(error))
            self._failed[picture.url] = note
            notes.append(note)
            return ""

    def document(self, url: str, title: str, notes: list[Note]) -> str:
        """Return the address here of a PDF of the old site, "" and a note when it cannot be had."""
        try:
            file = self._in_folder(url)
            if file is None and not self._fetches:
                raise self._missing()
            if self._is_dry_run:
                return "/"
            name = _name_of(url)
            words = one_line(title)[: documents.TITLE_MAX]
            if file is not None:
                made = documents.add(self._actor, file, title=words, name=name)
            else:
                with self._folder_for_one() as folder:
                    fetched = self._fetched(url, folder)
                    made = documents.add(self._actor, fetched, title=words, name=name)
            self._remember(url, "document", made.id)
            return made.url
        except DesaError as error:
            notes.append(Note(Topic.DOCUMENT, _name_of(url), _why(error)))
            return ""

    def remember(self) -> None:
        """Give the pictures of earlier runs their old addresses, too."""
        known = ImportedPhotoRow.select().where(ImportedPhotoRow.source == self._source)
        for row in known:
            self._remember(row.url, "photo", row.photo_id)

    def close(self) -> None:
        if self._runner is not None:
            if self._client is not None:
                self._runner.run(self._client.__aexit__(None, None, None))
            self._runner.close()
            self._runner = self._client = None

    def _take(self, picture: Picture) -> str:
        file = self._in_folder(picture.url)
        if file is None and not self._fetches:
            raise self._missing()
        if self._is_dry_run:
            self._shown.add(str(file) if file else SIZED.sub("", picture.url))
            return DRY_ID
        if file is not None:
            return self._keep(picture, file)
        with self._folder_for_one() as folder:
            return self._keep(picture, self._fetched(picture.url, folder))

    def _keep(self, picture: Picture, file: Path) -> str:
        photo = media.add(
            self._actor,
            file,
            caption=_cut(picture.caption, "caption"),
            credit=_cut(picture.credit, "credit"),
            alt=_cut(picture.alt, "alt"),
            name=_name_of(picture.url),
        )
        with journal.change(self._actor):
            ImportedPhotoRow.put(source=self._source, url=picture.url, photo_id=photo.id)
            self._remember(picture.url, "photo", photo.id)
        self._shown.add(photo.id)
        return photo.id

    def _missing(self) -> DesaError:
        if self._folder is None:
            return DesaError(
                _(
                    "Folder foto situs lama belum disebut. Salin foldernya ke komputer ini, lalu "
                    "ulangi dengan --media FOLDER; foto itu menyusul ke tulisannya."
                )
            )
        return DesaError(
            _(
                "Tidak ada di folder yang disebut dengan --media. Lengkapi foldernya, lalu ulangi; "
                "foto itu menyusul ke tulisannya."
            )
        )

    def _remember(self, url: str, kind: str, target: str) -> None:
        """Let readers who come by a file's address on the old site find it here."""
        if self._is_dry_run or not self._is_of_old_site(url) or old_files.is_kept(url):
            return
        with journal.change(self._actor) as change:
            old_files.keep(change, url, kind, target)

    def _is_of_old_site(self, url: str) -> bool:
        """Pictures of strangers have the same folders at another address."""
        own = self._source.partition(":")[2]
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        # Behind a picture service the old site's name stands in the path.
        is_own = not own or host == own or f"/{own}/" in url
        return (is_own or url.startswith(NOWHERE)) and old_files.is_upload(url)

    @contextmanager
    def _folder_for_one(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._actor.site.cache, prefix="impor-") as folder:
            yield Path(folder)

    def _in_folder(self, url: str) -> Path | None:
        if self._folder is None:
            return None
        for name in _names(url):
            try:
                path = (self._folder / name).resolve()
                if path.is_relative_to(self._folder) and path.is_file():
                    return path
            except (OSError, ValueError):
                continue
        return None

    def _fetched(self, url: str, folder: Path) -> Path:
        limit = self._actor.site.config.number("max_upload_mb") << 20
        file = folder / "foto"
        client = self._opened()
        assert self._runner is not None  # noqa: S101 - made with the client
        original = SIZED.sub("", url) if FOLDERS[0] in url else url
        for wanted in dict.fromkeys((original, url)):
            try:
                fetching = client.download(wanted, file, max_bytes=limit, timeout_s=_TIMEOUT_S)
                self._runner.run(fetching)
            except DesaError:
                if wanted == url:
                    raise
            else:
                break
        return file

    def _opened(self) -> Client:
        if self._client is None:
            from desa_web.engines.sync.client import Client

            self._runner = asyncio.Runner()
            client = Client(
                allow_private=self._actor.site.config.flag("allow_private_sources"),
                clock=self._actor.site.clock,
            )
            self._client = self._runner.run(client.__aenter__())
        return self._client


@contextmanager
def photos(
    actor: Actor, source: str, folder: Path | None, *, fetches: bool, is_dry_run: bool
) -> Iterator[Photos]:
    """Give the pictures of one source; connections are closed at the end."""
    made = Photos(actor, source, folder, fetches=fetches, is_dry_run=is_dry_run)
    try:
        yield made
    finally:
        made.close()


def _why(error: DesaError) -> str:
    """Return the reason in sentences; only this command tries again, and only when it is asked."""
    if not isinstance(error, Unreachable):
        return error.message
    again = _("Ulangi perintahnya nanti; foto itu menyusul ke tulisannya.")
    return f"{error.fact} {again}" if error.may_pass else error.fact


def _names(url: str) -> list[str]:
    """Return where a picture may lie below the media folder, the original before its copies."""
    path = unquote(urlsplit(url).path).lstrip("/").replace("\x00", "")
    below = path
    for mark in FOLDERS:
        _before, found, rest = path.partition(mark)
        if found:
            below = rest
            break
    places = [path, below, *(mark + below for mark in FOLDERS)]
    found_names: list[str] = []
    for place in places:
        folder, _slash, name = place.rpartition("/")
        plain = _NAMES.sub("", name, count=1)
        for wanted in (SIZED.sub("", name), name, f"sedang_{plain}", plain, f"kecil_{plain}"):
            found_names.append(f"{folder}/{wanted}" if folder else wanted)
    return list(dict.fromkeys(found_names))


def _name_of(url: str) -> str:
    return one_line(unquote(urlsplit(url).path).rpartition("/")[2])[: LIMITS["name"]] or "foto"


def _cut(text: str, name: str) -> str:
    clean = one_line(text)
    return clean if len(clean) <= LIMITS[name] else clean[: LIMITS[name] - 1] + "…"
