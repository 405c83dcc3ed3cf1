"""The library's rules: photos come in, are described, replaced, thrown away; the only writer.

    photo = add(actor, Path("IMG_2041.jpg"), caption="Warga bekerja bakti.", credit="Nur Aini")
    describe(actor, photo.id, alt="Enam orang memegang cangkul.")

Pictures are worked on before the transaction begins: a failed one leaves at most a file that
`desa media gc` removes. Renditions are made by followers.py, addresses by pictures.py.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from desa_web.core import db, due, journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import DAY_MS
from desa_web.core.disk import digest_of
from desa_web.core.errors import (
    Conflict,
    Damaged,
    Forbidden,
    InvalidInput,
    NotFound,
    ReadOnly,
    StaleVersion,
    TooLarge,
)
from desa_web.core.i18n import _
from desa_web.core.ids import new_id
from desa_web.core.journal import Change
from desa_web.core.site import Site, current_site
from desa_web.engines.images import Master, read_press_metadata
from desa_web.features.media import masters, space
from desa_web.features.media.models import PhotoRow, PhotoUploadRow
from desa_web.features.media.photo import (
    LIMITS,
    Children,
    Photo,
    as_photo,
    checked,
    clean_name,
    one_line,
    state_digest,
)

TRASH_DAYS = 30
_FIGURE = re.compile(r'<figure data-foto="([0-9A-Za-z][0-9A-Za-z-]{0,63})"')


def add(
    actor: Actor,
    file: Path,
    *,
    caption: str = "",
    credit: str = "",
    alt: str = "",
    name: str = "",
    sha256: str = "",
    patience_s: float = masters.PATIENCE_S,
) -> Photo:
    """Take a photo into the library and return it; the same bytes again are the same photo.

    What stands empty in the library is filled from `caption`, `credit`, `alt`, or from what the
    photographer wrote into the file. `sha256` is compared with what arrived, if given. Raises
    PhotoRefused, PhotoBusy, InvalidInput, TooLarge, DiskFull, ReadOnly.
    """
    actor.require(Permission.WRITE)
    site = actor.site
    words = checked({"caption": caption, "credit": credit, "alt": alt})
    upload = _arrived(site, file, sha256)
    known = _by_upload(upload)
    if known is None:
        _require_writable(site)
        space.require_room(site, min(file.stat().st_size, 2 << 20))
        made = masters.ingest(site, file, patience_s=patience_s)
        if site.config.flag("keep_originals"):
            masters.keep_original(site, file, upload)
        words = _with_press_words(words, file)
        return _keep(actor, made, upload, clean_name(name or file.name), words)
    with journal.change(actor) as change:
        row = PhotoRow.get_by_id(known)
        _revive(row, change)
        _fill(row, change, words)
    return as_photo(row)


def get(photo_id: str) -> Photo | None:
    """Return a photo that is not in the trash, or None."""
    row = PhotoRow.get_or_none((PhotoRow.id == photo_id) & PhotoRow.trashed_at.is_null())
    return None if row is None else as_photo(row)


def photos(ids: Iterable[str]) -> dict[str, Photo]:
    """Return the photos among `ids` that are not in the trash, by id (one query)."""
    wanted = sorted({i for i in ids if i})
    if not wanted:
        return {}
    marks = ", ".join("?" * len(wanted))
    rows = db.select(PhotoRow, f"id IN ({marks}) AND trashed_at IS NULL", *wanted)
    return {row.id: as_photo(row) for row in rows}


def photo_ids(body_html: str) -> list[str]:
    """Return the ids of the figures in a normalised body, in order, each once."""
    return list(dict.fromkeys(_FIGURE.findall(body_html)))


def export(photo: Photo, folder: Path) -> str:
    """Copy the master into `folder` (named "photos") and return "photos/<readable name>.jpg".

    Raises Damaged when the master is gone.
    """
    source = masters.path_of(current_site(), photo.master_sha256)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, folder / photo.file_name)
    except FileNotFoundError as error:
        sentence = _("Berkas foto {name} hilang dari server. Pulihkan dari cadangan.")
        raise Damaged(sentence.format(name=photo.file_name)) from error
    return f"{folder.name}/{photo.file_name}"


def describe(
    actor: Actor,
    photo_id: str,
    *,
    caption: str | None = None,
    credit: str | None = None,
    alt: str | None = None,
    licence: str | None = None,
    place: str | None = None,
    children: Children | None = None,
    focus: tuple[float, float] | None = None,
    version: int | None = None,
) -> Photo:
    """Change what is said about a photo; None leaves a part as it is.

    Raises NotFound, Forbidden, InvalidInput, StaleVersion (the photo is not at `version`).
    """
    words = {"caption": caption, "credit": credit, "alt": alt, "licence": licence, "place": place}
    values: dict[str, Any] = dict(checked({n: v for n, v in words.items() if v is not None}))
    if children is not None:
        values["children"] = children.value
    if focus is not None:
        if not all(0 <= part <= 1 for part in focus):
            raise InvalidInput(fields={"focus": _("Titik penting harus di dalam foto.")})
        values["focus_x"], values["focus_y"] = focus
    with journal.change(actor) as change:
        row = _editable(actor, photo_id, version)
        changed = {name: v for name, v in values.items() if getattr(row, name) != v}
        if changed:
            _update(row, change, "describe", note=", ".join(sorted(changed)), **changed)
    return as_photo(row)


def replace(
    actor: Actor, photo_id: str, file: Path, *, version: int | None = None, sha256: str = ""
) -> Photo:
    """Put another picture in a photo's place, everywhere; its words stay. Raises as `add`."""
    site = actor.site
    _editable(actor, photo_id, version)
    upload = _arrived(site, file, sha256)
    _require_writable(site)
    space.require_room(site, min(file.stat().st_size, 2 << 20))
    made = masters.ingest(site, file)
    if site.config.flag("keep_originals"):
        masters.keep_original(site, file, upload)
    with journal.change(actor) as change:
        row = _editable(actor, photo_id, version)
        _require_no_emblem(site, row)
        if row.master_sha256 == made.sha256:
            return as_photo(row)
        other = PhotoRow.get_or_none(PhotoRow.master_sha256 == made.sha256)
        if other is not None:
            raise Conflict(_("Foto ini sudah ada di pustaka. Pilih yang sudah ada, tidak diganti."))
        PhotoUploadRow.delete().where(PhotoUploadRow.photo_id == row.id).execute()
        PhotoUploadRow.put(sha256=upload, photo_id=row.id)
        # The old picture's pages and files must go, too.
        keys = {file_key(row.master_sha256)}
        _update(row, change, "replace", keys=keys, **_master_columns(made))
    return as_photo(row)


def trash(actor: Actor, photo_id: str, *, version: int | None = None) -> Photo:
    """Throw an unused photo away; it can be taken back for 30 days. Raises Conflict if used."""
    from desa_web.features.media.uses import shown_to, uses

    with journal.change(actor) as change:
        row = _editable(actor, photo_id, version)
        _require_no_emblem(actor.site, row)
        used_in = shown_to(actor, {row.id: uses(actor.site).of(row.id)})[row.id]
        if used_in:
            raise Conflict(
                _("Foto ini masih dipakai di “{title}”. Ganti dulu fotonya di sana.").format(
                    title=used_in[0].title
                )
            )
        at_ms = change.at_ms + TRASH_DAYS * DAY_MS
        due.plan("media.purge", row.id, at_ms)
        _update(row, change, "trash", keys={file_key(row.master_sha256)}, trashed_at=change.at_ms)
    return as_photo(row)


def restore(actor: Actor, photo_id: str) -> Photo:
    """Take a photo back from the trash."""
    with journal.change(actor) as change:
        row = _editable(actor, photo_id, None, trashed=True)
        _revive(row, change)
    return as_photo(row)


def purge(actor: Actor, photo_id: str) -> None:
    """Forget a photo of the trash for good; its files go with the next `desa media gc`."""
    with journal.change(actor) as change:
        due.cancel("media.purge", photo_id)
        row = PhotoRow.get_or_none(PhotoRow.id == photo_id)
        if row is None or row.trashed_at is None:
            return
        if not actor.may(Permission.EDIT_ALL):
            raise _not_yours()
        PhotoRow.delete().where(PhotoRow.id == photo_id).execute()
        change.record("media", photo_id, "purge", keys={f"media:{photo_id}", "list:media"})


def _arrived(site: Site, file: Path, sha256: str) -> str:
    """Return the upload's hash. Raises TooLarge, or Damaged when it is not what was sent."""
    limit_mb = site.config.number("max_upload_mb")
    if file.stat().st_size > limit_mb << 20:
        raise TooLarge(
            _("Berkas foto lebih dari {n} MB. Kecilkan fotonya, lalu kirim ulang.").format(
                n=limit_mb
            )
        )
    found = digest_of(file)
    if sha256 and found != sha256.lower():
        raise Damaged(_("Foto berubah di perjalanan. Tidak ada yang disimpan; kirim sekali lagi."))
    return found


def _require_writable(site: Site) -> None:
    if db.is_read_only(site.database):
        raise ReadOnly(_("Server hanya bisa dibaca sekarang, jadi foto belum bisa disimpan."))


def _by_upload(sha256: str) -> str | None:
    row = PhotoUploadRow.get_or_none(PhotoUploadRow.sha256 == sha256)
    return None if row is None else str(row.photo_id)


def _with_press_words(words: dict[str, str], file: Path) -> dict[str, str]:
    """Fill what is empty from XMP and IPTC: a photographer's own words, never a camera's."""
    if words["caption"] and words["credit"]:
        return words
    written = read_press_metadata(file)
    found = {"caption": written.caption, "credit": written.byline or written.credit}
    filled = {name: words[name] or one_line(text)[: LIMITS[name]] for name, text in found.items()}
    return {**words, **filled}


def _keep(actor: Actor, made: Master, upload: str, name: str, words: dict[str, str]) -> Photo:
    """Write the row of a new master, unless somebody was faster with the same photo."""
    with journal.change(actor) as change:
        row = _same_photo(made, upload)
        if row is None:
            row = _insert(actor, change, made, name, words)
        else:
            _revive(row, change)
            _fill(row, change, words)
        _remember_upload(made.sha256, row.id)
        _remember_upload(upload, row.id)
    return as_photo(row)


def _same_photo(made: Master, upload: str) -> PhotoRow | None:
    known = _by_upload(upload)
    same = PhotoRow.id == known if known else PhotoRow.master_sha256 == made.sha256
    found: PhotoRow | None = PhotoRow.get_or_none(same)
    return found


def _insert(
    actor: Actor, change: Change, made: Master, name: str, words: dict[str, str]
) -> PhotoRow:
    row = PhotoRow(
        id=new_id(change.at_ms),
        name=name,
        **words,
        **_master_columns(made),
        licence="",
        place="",
        children=Children.NONE.value,
        focus_x=0.5,
        focus_y=0.5,
        version=1,
        uploader_id=actor.user_id,
        uploader_name=actor.name,
        created_at=change.at_ms,
        updated_at=change.at_ms,
    )
    row.save(force_insert=True)
    # Not the lists: no page can show a photo that nobody has put anywhere yet.
    change.record("media", row.id, "add", keys={f"media:{row.id}"}, digest=state_digest(row))
    return row


def _remember_upload(sha256: str, photo_id: str) -> None:
    PhotoUploadRow.put(sha256=sha256, photo_id=photo_id)


def _master_columns(made: Master) -> dict[str, Any]:
    return {
        "master_sha256": made.sha256,
        "mime": made.mime,
        "width_px": made.width_px,
        "height_px": made.height_px,
        "size_bytes": made.size_bytes,
        "dhash": made.dhash,
        "taken_on": made.taken_on.isoformat() if made.taken_on else "",
    }


def _revive(row: PhotoRow, change: Change) -> None:
    if row.trashed_at is not None:
        due.cancel("media.purge", row.id)
        _update(row, change, "restore", trashed_at=None)


def _fill(row: PhotoRow, change: Change, words: dict[str, str]) -> None:
    """Write the words for which nothing stands in the library yet."""
    missing = {name: v for name, v in words.items() if v and not getattr(row, name)}
    if missing:
        _update(row, change, "describe", note=", ".join(sorted(missing)), **missing)


def _editable(
    actor: Actor, photo_id: str, version: int | None, *, trashed: bool = False
) -> PhotoRow:
    actor.require(Permission.WRITE)
    row = PhotoRow.get_or_none(PhotoRow.id == photo_id)
    if row is None or (row.trashed_at is not None) != trashed:
        raise NotFound(_("Foto ini tidak ada, atau sudah dibuang."))
    is_own = actor.user_id is not None and row.uploader_id == actor.user_id
    if not (is_own or actor.may(Permission.EDIT_ALL) or actor.may(Permission.REVIEW)):
        raise _not_yours()
    if version is not None and version != row.version:
        raise StaleVersion(
            _("Keterangan foto ini baru saja diubah orang lain. Muat ulang, lalu ulangi.")
        )
    return row


def _update(
    row: PhotoRow,
    change: Change,
    op: str,
    *,
    keys: Iterable[str] = (),
    note: str = "",
    **values: Any,
) -> None:
    """Change the row only if nobody was faster, and journal it."""
    before = row.version
    values |= {"version": before + 1, "updated_at": change.at_ms}
    same = (PhotoRow.id == row.id) & (PhotoRow.version == before)
    if not PhotoRow.update(**values).where(same).execute():
        raise StaleVersion(
            _("Keterangan foto ini baru saja diubah orang lain. Muat ulang, lalu ulangi.")
        )
    for name, value in values.items():
        setattr(row, name, value)
    all_keys = {*_keys(row.id), *keys}
    change.record("media", row.id, op, keys=all_keys, digest=state_digest(row), note=note)


def _keys(photo_id: str) -> set[str]:
    return {f"media:{photo_id}", "list:media"}


def _require_no_emblem(site: Site, row: PhotoRow) -> None:
    """The header of every page names the emblem by its hash."""
    if settings.read(site)["emblem"] == row.master_sha256:
        raise Conflict(_("Foto ini lambang situs. Ganti dulu di Pengaturan, Lambang."))


def file_key(sha256: str) -> str:
    """Return the surrogate key of everything that is served of one master."""
    return f"file:{sha256[:20]}"


def _not_yours() -> Forbidden:
    return Forbidden(_("Foto ini bukan milik Anda. Mintalah bantuan Redaksi atau Admin."))
