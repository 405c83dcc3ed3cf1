"""Pages: a tree of standing texts that one person changes at once; the menu above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from desa_web.core import checks, due, journal
from desa_web.core.actor import Actor, Role, operator
from desa_web.core.errors import Conflict, Forbidden, Gone, InvalidInput, NotFound, StaleVersion
from desa_web.core.site import Site
from desa_web.features import due_handlers
from desa_web.features.media import service as media
from desa_web.features.media.uses import uses
from desa_web.features.pages import menu, queries, service
from desa_web.features.pages.checks import CHECKS
from desa_web.features.pages.menu import NewItem
from desa_web.features.pages.models import PageRevisionRow
from desa_web.features.pages.page import Page, Text
from tests.harness.site import FakeClock, actor_as

pytestmark = pytest.mark.both_databases


@pytest.fixture
def editor(site: Site) -> Actor:
    return actor_as(site, Role.EDITOR)


def make(actor: Actor, title: str, parent: Page | None = None, **wish: object) -> Page:
    text = Text(title=title, body=f"<p>Tentang {title}.</p>")
    return service.create(actor, text, parent_id=parent.id if parent else None, **wish)  # type: ignore[arg-type]


def titles(site: Site) -> list[str]:
    return ["  " * node.depth + node.title for node in queries.tree(site)]


def broken(site: Site) -> list[str]:
    return [f.sentence for f in checks.run(site, CHECKS) if f.level is not checks.Level.GOOD]


@pytest.mark.parametrize("role", [Role.REPORTER, Role.APPROVER])
def test_only_who_manages_pages_may_touch_them(site: Site, editor: Actor, role: Role) -> None:
    page = make(editor, "Sejarah")
    other = actor_as(site, role)
    for deed in (
        lambda: make(other, "Potensi"),
        lambda: service.save(other, page.id, Text(title="Lain")),
        lambda: service.place(other, page.id, slug="lain"),
        lambda: service.shift(other, page.id, up=True),
        lambda: service.trash(other, page.id),
        lambda: service.restore(other, page.id),
        lambda: service.purge(other, page.id),
        lambda: service.add_addresses(other, page.id, ["lain"]),
        lambda: menu.add(other, "Lain", path="/berita/"),
        lambda: menu.replace(other, []),
    ):
        with pytest.raises(Forbidden):
            deed()
    assert titles(site) == ["Sejarah"]


def test_every_saving_is_kept_and_can_be_brought_back(site: Site, editor: Actor) -> None:
    page = make(editor, "Sejarah")
    for body in ("<p>Kedua.</p>", "<p>Ketiga.</p>"):
        page = service.save(editor, page.id, Text(title="Sejarah", body=body))
    first = queries.revisions(page.id)[-1]
    service.restore_text(editor, page.id, first.id)
    kept = queries.revisions(page.id)
    assert [r.number for r in kept] == [4, 3, 2, 1]
    assert kept[0].text == first.text
    assert broken(site) == []


def test_the_same_text_leaves_no_trace(site: Site, editor: Actor) -> None:
    page = make(editor, "Sejarah")
    before = journal.head(site)
    after = service.save(editor, page.id, Text(title=" Sejarah ", body="<p>Tentang Sejarah.</p>"))
    assert after.version == page.version
    assert journal.head(site) == before


def test_a_sheet_that_grew_old_does_not_overwrite(site: Site, editor: Actor) -> None:
    page = make(editor, "Sejarah")
    service.save(editor, page.id, Text(title="Sejarah", body="<p>Baru.</p>"), version=page.version)
    with pytest.raises(StaleVersion):
        service.save(editor, page.id, Text(title="Lain"), version=page.version)
    with pytest.raises(StaleVersion):
        service.trash(editor, page.id, version=page.version)
    assert queries.get(page.id)[1].text.body == "<p>Baru.</p>"


def test_an_old_address_leads_to_the_page_for_ever(site: Site, editor: Actor) -> None:
    page = make(editor, "Visi & Misi")
    assert page.slug == "visi-misi"
    service.place(editor, page.id, slug="Visi Desa")
    moved = queries.live("visi-misi")
    assert isinstance(moved, queries.Moved)
    assert moved.slug == "visi-desa"
    with pytest.raises(Conflict):
        make(editor, "Lain", slug="visi-misi")
    assert make(editor, "Visi & Misi").slug == "visi-misi-2"
    service.place(editor, page.id, slug="visi-misi")
    assert queries.old_slugs(queries.find("visi-misi")) == ["visi-desa"]


def test_what_is_thrown_away_is_gone_and_comes_back_for_thirty_days(
    site: Site, clock: FakeClock, editor: Actor
) -> None:
    page = make(editor, "Sejarah")
    menu.add(editor, "Sejarah", page_id=page.id)
    service.trash(editor, page.id)
    with pytest.raises(Gone):
        queries.live("sejarah")
    assert menu.readers_menu(site) == ()
    service.restore(editor, page.id)
    assert [item.text for item in menu.readers_menu(site)] == ["Sejarah"]
    service.trash(editor, page.id)
    clock.advance(days=29)
    assert due.tick(site, due_handlers(site)) == 0
    clock.advance(days=1, seconds=1)
    assert due.tick(site, due_handlers(site)) == 1
    with pytest.raises(Gone):
        queries.live("sejarah")
    with pytest.raises(NotFound):
        queries.get(page.id, trashed=True)
    assert menu.items(site) == []
    assert broken(site) == []


def test_a_page_with_others_under_it_is_not_thrown_away(site: Site, editor: Actor) -> None:
    profile = make(editor, "Profil")
    history = make(editor, "Sejarah", profile)
    with pytest.raises(Conflict):
        service.trash(editor, profile.id)
    service.trash(editor, history.id)
    service.trash(editor, profile.id)
    back = service.restore(editor, history.id)
    assert back.parent_id is None
    service.purge(editor, profile.id)
    assert titles(site) == ["Sejarah"]
    assert broken(site) == []


def test_a_page_never_stands_under_itself_nor_too_deep(site: Site, editor: Actor) -> None:
    one = make(editor, "Satu")
    two = make(editor, "Dua", one)
    three = make(editor, "Tiga", two)
    for page_id, parent_id in ((one.id, three.id), (one.id, one.id)):
        with pytest.raises(InvalidInput):
            service.place(editor, page_id, parent_id=parent_id)
    with pytest.raises(InvalidInput):
        make(editor, "Empat", three)
    other = make(editor, "Lain")
    with pytest.raises(InvalidInput):
        service.place(editor, one.id, parent_id=other.id)
    assert titles(site) == ["Satu", "  Dua", "    Tiga", "Lain"]


def test_order_is_changed_by_stepping_past_the_neighbour(site: Site, editor: Actor) -> None:
    pages = [make(editor, name, position=5) for name in ("A", "B", "C")]
    service.shift(editor, pages[2].id, up=True)
    assert titles(site) == ["A", "C", "B"]
    service.shift(editor, pages[0].id, up=True)
    service.shift(editor, pages[0].id, up=False)
    assert titles(site) == ["C", "A", "B"]
    service.shift(editor, pages[1].id, up=False)
    assert titles(site) == ["C", "A", "B"]
    assert broken(site) == []


def test_keys_name_the_page_the_tree_and_the_menu_only_when_they_change(
    site: Site, editor: Actor
) -> None:
    page = make(editor, "Sejarah")
    menu.add(editor, "Sejarah", page_id=page.id)

    def keys(deed: object) -> set[str]:
        head = journal.head(site).seq
        deed()  # type: ignore[operator]
        return {key for row in journal.read(site, head) for key in row.keys}

    own = f"page:{page.id}"
    same_title = Text(title="Sejarah", body="<p>Lain.</p>")
    assert keys(lambda: service.save(editor, page.id, same_title)) == {own}
    renamed = Text(title="Sejarah desa", body="<p>Lain.</p>")
    assert keys(lambda: service.save(editor, page.id, renamed)) == {own, "pages", "menu"}
    assert menu.items(site)[0].title == "Sejarah desa"
    assert keys(lambda: service.place(editor, page.id, slug="asal")) == {own, "pages", "menu"}
    assert keys(lambda: service.trash(editor, page.id)) == {own, "pages", "menu"}
    assert keys(lambda: menu.add(editor, "Berita", path="/berita/")) == {"menu"}


def test_the_menu_has_two_levels_and_leads_to_pages_or_paths(site: Site, editor: Actor) -> None:
    page = make(editor, "Profil")
    top = menu.add(editor, "Profil", page_id=page.id)
    child = menu.add(editor, "Berita", path="/berita/", parent_id=top)
    for wish in (
        {"path": "berita"},
        {"path": "//jahat.example"},
        {"path": "/\\jahat.example"},
        {"path": "https://jahat.example"},
        {"path": "/be rita"},
        {"path": ""},
        {"page_id": "tidak-ada"},
        {"page_id": page.id, "path": "/berita/"},
        {"path": "/x", "parent_id": child},
    ):
        with pytest.raises(InvalidInput):
            menu.add(editor, "Lain", **wish)
    with pytest.raises(InvalidInput):
        menu.add(editor, "", path="/x")
    with pytest.raises(InvalidInput):
        menu.change_item(editor, top, "Profil", page_id=page.id, parent_id=top)
    shown = menu.readers_menu(site)
    # A heading opens its list on a phone, so its own page is the first entry of it.
    assert [(c.text, c.url) for c in shown[0].children] == [
        ("Profil", "/halaman/profil"),
        ("Berita", "/berita/"),
    ]


def test_menu_items_step_past_their_neighbours_and_go_with_their_children(
    site: Site, editor: Actor
) -> None:
    ids = [menu.add(editor, name, path=f"/{name}") for name in "abc"]
    menu.add(editor, "d", path="/d", parent_id=ids[0])
    menu.shift(editor, ids[2], up=True)
    menu.shift(editor, ids[0], up=True)
    assert [i.title for i in menu.items(site)] == ["a", "c", "b"]
    menu.change_item(editor, ids[1], "b", path="/b", parent_id=ids[0])
    assert [c.title for c in menu.items(site)[0].children] == ["d", "b"]
    menu.remove(editor, ids[0])
    assert [i.title for i in menu.items(site)] == ["c"]
    assert broken(site) == []


def test_a_purged_page_leaves_its_menu_children_behind(site: Site, editor: Actor) -> None:
    page = make(editor, "Profil")
    top = menu.add(editor, "Profil", page_id=page.id)
    menu.add(editor, "Berita", path="/berita/", parent_id=top)
    service.trash(editor, page.id)
    assert [i.text for i in menu.readers_menu(site)] == ["Berita"]
    service.purge(editor, page.id)
    assert [i.title for i in menu.items(site)] == ["Berita"]
    assert broken(site) == []


def test_replacing_the_menu_with_itself_leaves_no_trace(site: Site, editor: Actor) -> None:
    wanted = [
        NewItem(title="Beranda", path="/"),
        NewItem(title="Kabar", path="/berita/", children=(NewItem(title="Tag", path="/tag/x"),)),
    ]
    assert menu.replace(editor, wanted)
    head = journal.head(site)
    assert not menu.replace(editor, wanted)
    assert journal.head(site) == head
    with pytest.raises(InvalidInput):
        menu.replace(editor, [NewItem(title="Buntu", path="buntu")])
    assert [i.title for i in menu.items(site)] == ["Beranda", "Kabar"]


def test_doctor_sees_a_text_that_changed_behind_the_programs_back(
    site: Site, editor: Actor
) -> None:
    page = make(editor, "Sejarah")
    assert broken(site) == []
    PageRevisionRow.update(body="<p>Judi.</p>").where(PageRevisionRow.page_id == page.id).execute()
    assert "Sejarah" in broken(site)[0]


def test_doctor_names_menu_items_without_a_page(site: Site, editor: Actor) -> None:
    menu.add(editor, "Hilang", path="/halaman/tidak-ada")
    assert "Hilang" in broken(site)[0]


def test_photos_of_pages_are_in_use(site: Site, editor: Actor, photo: Path) -> None:
    taken = media.add(editor, photo, caption="Balai desa")
    text = Text(title="Profil", lead_photo_id=taken.id)
    page = service.create(editor, text)
    assert [use.url for use in uses(site).of(taken.id)] == ["/halaman/profil"]
    with pytest.raises(Conflict):
        media.trash(operator(site), taken.id)
    service.trash(editor, page.id)
    assert uses(site).of(taken.id) == []


@pytest.mark.parametrize(
    "text",
    [
        Text(title=""),
        Text(title="x" * 121),
        Text(title="a\x00b"),
        Text(title="a", standfirst="x" * 321),
        Text(title="a", body="\ud800"),
    ],
)
def test_what_cannot_be_a_page_is_refused(site: Site, editor: Actor, text: Text) -> None:
    with pytest.raises(InvalidInput):
        service.create(editor, text)
    assert titles(site) == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    from PIL import Image

    file = tmp_path / "balai.jpg"
    Image.radial_gradient("L").resize((400, 300)).convert("RGB").save(file)
    return file
