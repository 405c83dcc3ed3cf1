"""Pages as Markdown files and the menu as menu.toml: a folder in, a folder out, without loss.

    ---
    title: Sejarah
    slug: sejarah
    parent: profil-desa
    position: 11
    menu: true
    kind: page
    ---
    Desa ini …

A page is recognised by its slug. `menu: true` puts a page into the menu that is not there yet;
where a menu.toml comes along, that file alone decides. Twice changes nothing. Kept texts stay
behind: they belong to a backup.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from desa_web.core import front_matter, journal
from desa_web.core.actor import Actor
from desa_web.core.disk import write_atomic
from desa_web.core.errors import Conflict, DesaError, InvalidInput
from desa_web.core.i18n import _
from desa_web.core.ids import slugify
from desa_web.core.site import Site
from desa_web.features.media import service as media
from desa_web.features.news import photo_files
from desa_web.features.news.importer import Imported, Outcome, markdown_files, refused
from desa_web.features.news.photo_files import PhotoEntry
from desa_web.features.pages import menu, queries, service
from desa_web.features.pages.menu import Item, NewItem
from desa_web.features.pages.models import PageRow
from desa_web.features.pages.page import Kind, Page, Text

FIELDS = (
    "title", "slug", "aliases", "parent", "position", "menu", "kind", "standfirst", "lead_photo",
    "photos",
)  # fmt: skip
MENU_FILE = "menu.toml"
_FILE_MAX_BYTES = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """A parsed file. position None: last of its neighbours, or where it stands already."""

    text: Text
    markdown: str
    slug: str
    aliases: tuple[str, ...] = ()
    parent: str = ""
    position: int | None = None
    in_menu: bool | None = None
    kind: Kind = Kind.PAGE
    has_lead: bool = True
    photos: tuple[PhotoEntry, ...] = ()


def parse(content: bytes, name: str) -> PageFile:
    """Return the page in `content`. Raises InvalidInput naming the file and what is wrong."""
    front, markdown = front_matter.split(content, name, FIELDS)
    try:
        return _page(front, markdown)
    except InvalidInput as error:
        raise front_matter.wrong(name, str(error)) from error


def compose(file: PageFile) -> bytes:
    """Return the file; `parse` of it gives `file` again."""
    front: dict[str, object] = {
        "title": file.text.title,
        "slug": file.slug,
        "aliases": list(file.aliases),
        "parent": file.parent,
        "position": file.position,
        "menu": file.in_menu,
        "kind": file.kind.value,
        "standfirst": file.text.standfirst,
        "lead_photo": None if file.has_lead or not file.photos else False,
        "photos": photo_files.as_front(file.photos),
    }
    return front_matter.join(front, file.markdown)


def import_path(actor: Actor, path: Path) -> Iterator[Imported]:
    """Import a file or a folder, one result a file; of an exported folder pages and menu.

    Parents come in before what stands under them, whatever the files are called.
    """
    menu_file = path / MENU_FILE
    has_menu = menu_file.is_file()
    if (path / "pages").is_dir():
        path = path / "pages"
    root = path if path.is_dir() else path.parent
    files = markdown_files(path)
    parsed: list[tuple[Path, PageFile]] = []
    for file in files:
        try:
            if file.stat().st_size > _FILE_MAX_BYTES:
                raise front_matter.wrong(file.name, _("terlalu besar untuk satu halaman"))
            parsed.append((file, parse(file.read_bytes(), file.name)))
        except DesaError as error:
            yield refused(file.name, error)
    for file, page in _parents_first(parsed):
        try:
            yield _import(actor, file, page, root, joins_menu=not has_menu)
        except DesaError as error:
            yield refused(file.name, error)
    if has_menu:
        try:
            changed = import_menu(actor, menu_file)
            yield Imported(MENU_FILE, Outcome.UPDATED if changed else Outcome.UNCHANGED)
        except DesaError as error:
            yield refused(MENU_FILE, error)


def import_menu(actor: Actor, file: Path) -> bool:
    """Make the menu what the file says; False when it was. Raises InvalidInput naming the file."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("item", [])
        return menu.replace(actor, [_new_item(entry, depth=0) for entry in _tables(found)])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise front_matter.wrong(file.name, _("tidak terbaca: {why}").format(why=error)) from error
    except InvalidInput as error:
        raise front_matter.wrong(file.name, str(error)) from error


def export_folder(
    actor: Actor, folder: Path, progress: Callable[[str], None] = lambda _name: None
) -> int:
    """Write all pages into `folder`/pages and the menu beside it; return how many pages.

    Raises InvalidInput when there are pages or a menu in the folder already.
    """
    pages = folder / "pages"
    if (pages.exists() and any(pages.iterdir())) or (folder / MENU_FILE).exists():
        raise InvalidInput(
            _("Folder {path} sudah berisi. Pilih folder kosong.").format(path=folder)
        )
    pages.mkdir(parents=True, exist_ok=True)
    nodes = queries.tree(actor.site)
    slugs = {node.id: node.slug for node in nodes}
    for node in nodes:
        file = _file_of(node.id, slugs, folder)
        write_atomic(pages / f"{node.slug}.md", compose(file))
        progress(f"{node.slug}.md")
    write_atomic(folder / MENU_FILE, menu_toml(actor.site).encode())
    return len(nodes)


def menu_toml(site: Site) -> str:
    """Return the menu as menu.toml."""
    lines = ["# Menu situs. Tiap butir menunjuk halaman (page) atau alamat di situs ini (url)."]
    for item in menu.items(site):
        if not item.is_hidden:
            lines += ["", "[[item]]", *_toml_item(item)]
        for child in item.children:
            if not child.is_hidden:
                table = "[[item]]" if item.is_hidden else "[[item.children]]"
                lines += ["", table, *_toml_item(child)]
    return "\n".join(lines) + "\n"


def _page(front: Mapping[str, object], markdown: str) -> PageFile:
    read = front_matter
    title = read.text(front.get("title"))
    return PageFile(
        text=Text(title=title, standfirst=read.text(front.get("standfirst"))),
        markdown=markdown,
        slug=read.text(front.get("slug")) or slugify(title, fallback=""),
        aliases=read.texts(front.get("aliases")),
        parent=read.text(front.get("parent")),
        position=read.number(front.get("position"), "position"),
        in_menu=read.flag(front.get("menu"), "menu"),
        kind=read.choice(Kind, front.get("kind"), Kind.PAGE),
        has_lead=read.flag(front.get("lead_photo"), "lead_photo") is not False,
        photos=photo_files.entries(front.get("photos")),
    )


def _parents_first(found: Sequence[tuple[Path, PageFile]]) -> Iterator[tuple[Path, PageFile]]:
    waiting = list(found)
    while waiting:
        missing = {page.slug for _file, page in waiting}
        ready = [(f, p) for f, p in waiting if p.parent not in missing or p.parent == p.slug]
        # Two pages that name each other: the service says what is wrong with that.
        yield from ready or waiting
        waiting = [entry for entry in waiting if ready and entry not in ready]


def _import(
    actor: Actor, file: Path, parsed: PageFile, root: Path, *, joins_menu: bool
) -> Imported:
    text = _text(actor, parsed, file, root)
    known = PageRow.get_or_none(PageRow.slug == parsed.slug)
    if known is not None and known.trashed_at is not None:
        sentence = _("Halaman {slug} ada di tempat sampah. Pulihkan dulu, lalu impor lagi.")
        raise Conflict(sentence.format(slug=parsed.slug))
    with journal.change(actor) as change:
        before = len(change.rows)
        parent_id = _parent_id(parsed)
        if known is None:
            page = service.create(
                actor,
                text,
                slug=parsed.slug,
                parent_id=parent_id,
                position=parsed.position,
                kind=parsed.kind,
            )
        else:
            service.save(actor, known.id, text)
            page = service.place(actor, known.id, parent_id=parent_id, position=parsed.position)
        service.add_addresses(actor, page.id, parsed.aliases)
        if joins_menu and parsed.in_menu and not menu.leads_to(page.id):
            menu.add(actor, text.title, page_id=page.id)
        is_same = len(change.rows) == before
    if is_same:
        return Imported(file.name, Outcome.UNCHANGED, page.id)
    outcome = Outcome.CREATED if known is None else Outcome.UPDATED
    return Imported(file.name, outcome, page.id)


def _text(actor: Actor, parsed: PageFile, file: Path, root: Path) -> Text:
    photos = {p.file: photo_files.take(actor, p, file, root).id for p in parsed.photos}
    lead = photos[parsed.photos[0].file] if parsed.photos and parsed.has_lead else ""
    body = photo_files.body_of(parsed.markdown, photos)
    return replace(parsed.text, body=body, lead_photo_id=lead)


def _parent_id(parsed: PageFile) -> str | None:
    if not parsed.parent:
        return None
    above = PageRow.get_or_none((PageRow.slug == parsed.parent) & PageRow.trashed_at.is_null())
    if above is None:
        sentence = _("Halaman induk {slug} tidak ada. Masukkan dulu halaman itu.")
        raise InvalidInput(sentence.format(slug=parsed.parent))
    return str(above.id)


def _file_of(page_id: str, slugs: Mapping[str, str], folder: Path) -> PageFile:
    page, revision = queries.get(page_id)
    lead_id = revision.text.lead_photo_id
    photos, files = photo_files.put([lead_id, *media.photo_ids(revision.text.body)], folder)
    return PageFile(
        text=revision.text,
        markdown=photo_files.markdown_of(revision.text.body, files),
        slug=page.slug,
        aliases=tuple(queries.old_slugs(page)),
        parent=slugs.get(page.parent_id or "", ""),
        position=page.position,
        in_menu=menu.leads_to(page.id),
        kind=page.kind,
        has_lead=lead_id in files,
        photos=photos,
    )


def _tables(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise InvalidInput(_("tiap butir ditulis di bawah [[item]]"))
    return value


def _new_item(entry: Mapping[str, object], *, depth: int) -> NewItem:
    slug, title = front_matter.text(entry.get("page")), front_matter.text(entry.get("title"))
    unknown = sorted(entry.keys() - {"title", "page", "url", "children"})
    if unknown:
        raise InvalidInput(_("keterangan tidak dikenal: {names}").format(names=", ".join(unknown)))
    below = _tables(entry.get("children", []))
    if below and depth:
        raise InvalidInput(_("menu hanya dua tingkat"))
    return NewItem(
        title=title,
        page_id=_linked(slug) if slug else "",
        path=front_matter.text(entry.get("url")),
        children=tuple(_new_item(child, depth=depth + 1) for child in below),
    )


def _linked(slug: str) -> str:
    try:
        return queries.find(slug).id
    except DesaError as error:
        sentence = _("halaman {slug} belum ada")
        raise InvalidInput(sentence.format(slug=slug)) from error


def _toml_item(item: Item) -> list[str]:
    title = json.dumps(item.title, ensure_ascii=False)
    target = f'page = "{item.page_slug}"' if item.page_id else f"url = {json.dumps(item.path)}"
    return [f"title = {title}", target]


def page_record(page: Page, title: str) -> dict[str, object]:
    """Return a page as plain data, for JSON on the command line."""
    return {
        "id": page.id,
        "slug": page.slug,
        "title": title,
        "parent_id": page.parent_id,
        "position": page.position,
        "kind": page.kind.value,
        "version": page.version,
        "updated_at": page.updated_at.isoformat(timespec="seconds"),
    }
