"""Media kits: one zip a newsroom can work from, of an article or of the village.

    made = of_article(site, "jalan-tani-dibangun")     # KitFile: path, name, size, photo_count
    size_of(site, article)                             # the same size, without building it

Built as a file in cache/kits under a name that says what went in, so it is built once and sent by
the server's file path. The same input gives the same bytes. Photos are masters with caption and
credit written into them, the picture data untouched; photos of unasked children stay out.
"""

from __future__ import annotations

import json
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from desa_web.core import settings
from desa_web.core.errors import Damaged, NotFound, storage_error
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.site import Site
from desa_web.engines.images import PressMetadata, write_press_metadata
from desa_web.features.media import albums, emblem, kit_sources, kit_texts, masters, ninjs, service
from desa_web.features.media.kit_sources import KitArticle
from desa_web.features.media.kit_texts import KitPhoto
from desa_web.features.media.photo import Photo
from desa_web.features.media.uses import uses
from desa_web.web import dates
from desa_web.web.context_parts import Licence
from desa_web.web.context_parts import Site as SiteContext
from desa_web.web.public import licence_named, site_context

# Raise it when the same input shall give other bytes: old files are then not taken any more.
FORMAT = 3
PRESS_ALBUM = "foto-pers"
PRESS_PHOTOS = 8
_TEXT_LEVEL = 6
# APPNOTE 4.3: local and central header of an entry, and the end of the central directory.
_ZIP_ENTRY_BYTES, _ZIP_END_BYTES = 30 + 46, 22
_CAPTION = re.compile(
    r'<figure data-foto="([0-9A-Za-z-]+)"><figcaption>(.*?)</figcaption></figure>', re.DOTALL
)
_lock = Lock()


@dataclass(frozen=True, slots=True)
class KitFile:
    """A finished kit; `keys` are the surrogate keys it was made from."""

    path: Path
    name: str
    size_bytes: int
    photo_count: int
    etag: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Content:
    """What goes into a zip: texts by name, and photos with what is written into them."""

    folder: str
    moment: datetime
    texts: dict[str, str]
    photos: tuple[KitPhoto, ...]
    headline: str
    tags: tuple[str, ...]
    files: tuple[tuple[str, Path], ...]
    context: SiteContext
    keys: frozenset[str]


def of_article(site: Site, slug_or_id: str) -> KitFile:
    """Return the kit of a live article. Raises NotFound."""
    giver = kit_sources.source()
    article = giver.kit_article(site, slug_or_id) if giver is not None else None
    if article is None:
        raise NotFound(_("Berita ini tidak ada, jadi paketnya juga tidak ada."))
    context = owned(context_of(site), article)
    content = _of_article(article, context)
    return _built(site, f"{slugify(context.short_name, fallback='desa')}-{article.slug}", content)


def size_of(site: Site, article: KitArticle) -> int:
    """Return the size in bytes that the article's zip has, or will have when somebody asks."""
    context = owned(context_of(site), article)
    content = _of_article(article, context)
    size_bytes = _ZIP_END_BYTES
    for name, text in content.texts.items():
        squeezer = zlib.compressobj(_TEXT_LEVEL, zlib.DEFLATED, -15)
        packed = len(squeezer.compress(text.encode())) + len(squeezer.flush())
        size_bytes += packed + _entry_bytes(content, name)
    for one in content.photos:
        master = masters.path_of(site, one.photo.master_sha256)
        if master.exists():
            words = _words(one, content)
            size_bytes += write_press_metadata(master, None, words)
            size_bytes += _entry_bytes(content, one.file)
    return size_bytes


def of_village(site: Site) -> KitFile:
    """Return the kit of the village: emblem, facts, contacts, press photos."""
    context = context_of(site)
    values = settings.read(site)
    photos = [KitPhoto(p, f"foto/{p.file_name}", p.caption) for p in press_photos(site)]
    # The first day that a zip can name, while there is no photo.
    first_day = datetime(1980, 1, 2, tzinfo=UTC)
    moment = max((one.photo.updated_at for one in photos), default=first_day)
    content = _Content(
        folder=slugify(context.name, fallback="desa"),
        moment=dates.local(moment, context.zone),
        texts={
            "profil.txt": kit_texts.village(values, context),
            "captions.csv": kit_texts.captions(photos, context),
            "LISENSI.txt": kit_texts.licence(context),
        },
        context=context,
        photos=tuple(photos),
        headline=context.name,
        tags=(),
        files=tuple(_emblems(site)),
        keys=frozenset({"site", "list:media", "list:album", "list:article"}),
    )
    return _built(site, f"{content.folder}-paket-media", content)


def article_photos(article: KitArticle) -> list[KitPhoto]:
    """Return the photos of an article that are offered, its own captions first."""
    ids = [article.lead_photo_id, *service.photo_ids(article.body)]
    known = service.photos(ids)
    own = {i: unescape(text) for i, text in _CAPTION.findall(article.body)}
    ordered = [known[i] for i in dict.fromkeys(ids) if i in known]
    return [
        KitPhoto(photo, f"foto/{photo.file_name}", own.get(photo.id) or photo.caption)
        for photo in ordered
        if not photo.is_private
    ]


def press_photos(site: Site) -> list[Photo]:
    """Return the album "foto-pers", or the newest published photos while there is none."""
    with suppress(NotFound):
        found = albums.photos(albums.get(PRESS_ALBUM).id)
        if found:
            return found
    ids = list(dict.fromkeys(i for use in uses(site).live()[:30] for i in use.live_ids[:1]))
    known = service.photos(ids)
    return [p for i in ids if (p := known.get(i)) and not p.is_private][:PRESS_PHOTOS]


def context_of(site: Site) -> SiteContext:
    """Return the village as texts speak of it."""
    return site_context(
        settings.read(site),
        base_url=site.config.text("base_url"),
        is_hub=settings.is_hub(site),
    )


def owned(context: SiteContext, article: KitArticle) -> SiteContext:
    """Return the context in which a text that was taken over is its owner's, not ours."""
    if not article.owner:
        return context
    # A feed that names no licence has given none; ours is not theirs.
    sentence = _("{name} tidak menyebut lisensi. Mintalah izin sebelum memakai ulang.")
    unnamed = Licence(name="", url="", sentence=sentence.format(name=article.owner))
    licence = licence_named(article.licence) if article.licence else unnamed
    return replace(context, name=article.owner, short_name=article.owner, code="", licence=licence)


def _of_article(article: KitArticle, context: SiteContext) -> _Content:
    photos = article_photos(article)
    return _Content(
        folder=article.slug,
        moment=dates.local(article.updated_at, context.zone),
        texts={
            "naskah.txt": kit_texts.manuscript(article, photos, context),
            "naskah.html": kit_texts.page(article, photos, context),
            "captions.csv": kit_texts.captions(photos, context),
            "LISENSI.txt": kit_texts.licence(context),
            "ninjs.json": ninjs.document(article, photos, context),
        },
        context=context,
        photos=tuple(photos),
        headline=article.title,
        tags=article.tags,
        files=(),
        keys=article.keys | {"site"},
    )


def _built(site: Site, stem: str, content: _Content) -> KitFile:
    """Return the file for this content, building it when it is not there."""
    digest = _digest(content)
    # The stem names the object: older files of it are removed, other objects' are not.
    name = sha256(content.folder.encode()).hexdigest()[:12]
    path = site.cache / "kits" / f"{name}-{digest[:24]}.zip"
    keys = content.keys | {f"media:{one.photo.id}" for one in content.photos}
    try:
        with _lock:
            if not path.exists():
                _write(site, path, content)
        size_bytes = path.stat().st_size
    except OSError as error:
        raise storage_error(error) or error from error
    count = len(content.photos)
    return KitFile(path, f"{stem}.zip", size_bytes, count, digest[:24], keys)


def _digest(content: _Content) -> str:
    parts: list[object] = [FORMAT, content.folder, content.moment.isoformat(), content.texts]
    parts += [[one.photo.master_sha256, one.file] for one in content.photos]
    parts += [[name, sha256(path.read_bytes()).hexdigest()] for name, path in content.files]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _write(site: Site, path: Path, content: _Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with TemporaryDirectory(dir=path.parent, prefix=".foto-") as folder:
            files = [*content.files, *_press_files(site, content, Path(folder))]
            with zipfile.ZipFile(fresh, "w") as archive:
                for name, text in content.texts.items():
                    info = _info(content, name, zipfile.ZIP_DEFLATED)
                    archive.writestr(info, text.encode(), compresslevel=_TEXT_LEVEL)
                for name, file in files:
                    # JPEG does not get smaller, and stored bytes can be copied in blocks.
                    with (
                        file.open("rb") as source,
                        archive.open(
                            _info(content, name, zipfile.ZIP_STORED, file.stat().st_size), "w"
                        ) as target,
                    ):
                        while block := source.read(1 << 18):
                            target.write(block)
        for old in path.parent.glob(f"{path.name.partition('-')[0]}-*.zip"):
            old.unlink(missing_ok=True)
        fresh.replace(path)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _press_files(site: Site, content: _Content, folder: Path) -> Iterable[tuple[str, Path]]:
    """Write each photo with its words inside, one at a time."""
    for one in content.photos:
        master = masters.path_of(site, one.photo.master_sha256)
        if not master.exists():
            sentence = _("Berkas foto {name} hilang dari server. Pulihkan dari cadangan.")
            raise Damaged(sentence.format(name=one.photo.file_name))
        target = folder / one.photo.file_name
        write_press_metadata(master, target, _words(one, content))
        yield one.file, target


def _words(one: KitPhoto, content: _Content) -> PressMetadata:
    return kit_texts.press_metadata(one, content.context, content.headline, content.tags)


def _entry_bytes(content: _Content, name: str) -> int:
    return _ZIP_ENTRY_BYTES + 2 * len(f"{content.folder}/{name}".encode())


def _info(content: _Content, name: str, how: int, size_bytes: int = 0) -> zipfile.ZipInfo:
    moment = content.moment
    stamp = (max(1980, min(2107, moment.year)), *moment.timetuple()[1:6])
    info = zipfile.ZipInfo(f"{content.folder}/{name}", stamp)
    info.compress_type = how
    info.file_size = size_bytes
    info.external_attr = 0o644 << 16
    # "Unix", wherever it was made: the same bytes on every system.
    info.create_system = 3
    return info


def _emblems(site: Site) -> Sequence[tuple[str, Path]]:
    """Return the village's emblem under its name in the kit; the theme's while it has none."""
    own = emblem.chosen(site)
    if own is not None:
        return [(f"lambang{own.suffix}", masters.path_of(site, own.master_sha256))]
    spec = find_spec("desa_web.themes")
    places = list(spec.submodule_search_locations or []) if spec else []
    places.append(str(Path(__file__).parents[3] / "themes"))
    found = (Path(place) / "desa" / "static" / "lambang.svg" for place in places)
    return [("lambang.svg", path) for path in found if path.is_file()][:1]
