"""Rules of themes: lookup order, sandbox, fall back to the parent, static names, check and new."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from jinja2.exceptions import SecurityError

from desa_web.core.errors import InvalidInput
from desa_web.web.contexts import PAGE_TYPES, Accents, ArticlePage, Page
from desa_web.web.theme_samples import bare_pages, full_pages, sample_pages
from desa_web.web.theming import Theme, check_theme, new_theme, shipped_themes

HOME = full_pages()["beranda"]
MARK = "<p>tanda</p>"


def make_theme(folder: Path, name: str, templates: dict[str, str], toml: str = "") -> Path:
    theme = folder / name
    (theme / "templates").mkdir(parents=True)
    if toml:
        (theme / "theme.toml").write_text(toml, encoding="utf-8")
    for path, text in templates.items():
        (theme / "templates" / path).write_text(text, encoding="utf-8")
    return theme


def add_css(theme: Path, name: str, text: str) -> None:
    (theme / "static" / "css").mkdir(parents=True, exist_ok=True)
    (theme / "static" / "css" / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", ["desa", "pesisir"])
def test_shipped_theme_renders_every_page_type_full_and_bare(name: str) -> None:
    theme = Theme.load(name)
    seen = set()
    for page in sample_pages():
        html = theme.render(page)
        assert html.startswith("<!DOCTYPE html>")
        assert html.rstrip().endswith("</html>")
        assert page.site.name in html
        seen.add(type(page))
    assert seen == set(PAGE_TYPES)
    assert theme.problems == []


def test_every_page_type_has_a_shipped_template() -> None:
    for page_type in PAGE_TYPES:
        assert (shipped_themes() / "desa" / "templates" / page_type.template).is_file()


def test_sites_own_theme_is_asked_before_a_shipped_one_of_its_name(tmp_path: Path) -> None:
    make_theme(tmp_path, "desa", {"_footer_extra.html": MARK})
    assert MARK in Theme.load("desa", site_themes=tmp_path).render(HOME)
    assert MARK not in Theme.load("desa").render(HOME)


def test_own_template_may_extend_the_shipped_one_of_the_same_name(tmp_path: Path) -> None:
    text = '{% extends "desa/home.html" %}{% block main %}' + MARK + "{{ super() }}{% endblock %}"
    make_theme(tmp_path, "desa", {"home.html": text})
    theme = Theme.load("desa", site_themes=tmp_path)
    html = theme.render(HOME)
    assert MARK in html
    assert "Kabar terbaru" in html
    assert theme.problems == []


def test_theme_inherits_through_two_parents(tmp_path: Path) -> None:
    make_theme(tmp_path, "ibu", {"_footer_extra.html": "<p>ibu</p>"}, 'extends = "desa"')
    make_theme(tmp_path, "anak", {}, 'extends = "ibu"')
    assert "<p>ibu</p>" in Theme.load("anak", site_themes=tmp_path).render(HOME)


def test_features_default_templates_are_asked_last(tmp_path: Path) -> None:
    defaults = tmp_path / "templates"
    defaults.mkdir()
    (defaults / "home.html").write_text("default", encoding="utf-8")
    (defaults / "poll.html").write_text("poll of {{ site.name }}", encoding="utf-8")
    theme = Theme.load("desa", defaults=[defaults])

    class PollPage(Page):
        template = "poll.html"

    assert theme.render(HOME) != "default"
    assert theme.render(PollPage(site=HOME.site, meta=HOME.meta)) == "poll of Desa Sukamaju"


def test_theme_cycle_ends(tmp_path: Path) -> None:
    make_theme(tmp_path, "a", {}, 'extends = "b"')
    make_theme(tmp_path, "b", {}, 'extends = "a"')
    assert "Desa Sukamaju" in Theme.load("a", site_themes=tmp_path).render(HOME)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("{% if %}", "Expected an expression"),
        ("{{ page.headline }}", "headline"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ('{% extends "nowhere.html" %}', "nowhere.html"),
        ('{{ asset("tidak-ada.png") }}', "tidak-ada.png"),
    ],
)
def test_broken_site_template_falls_back_to_the_parent_and_is_recorded(
    tmp_path: Path, broken: str, said: str
) -> None:
    make_theme(tmp_path, "kita", {"home.html": broken}, 'extends = "desa"')
    theme = Theme.load("kita", site_themes=tmp_path)
    assert theme.render(HOME) == Theme.load("desa").render(HOME)
    theme.render(HOME)
    assert [said in problem.message for problem in theme.problems] == [True]
    assert theme.problems[0].path == "home.html"
    assert theme.problems[0].line in (0, 1)


def test_broken_template_names_its_line(tmp_path: Path) -> None:
    text = '{% extends "base.html" %}\n{% block main %}\n<p>{{ page.nothing }}</p>\n{% endblock %}'
    make_theme(tmp_path, "kita", {"home.html": text}, 'extends = "desa"')
    theme = Theme.load("kita", site_themes=tmp_path)
    theme.render(HOME)
    assert [(problem.path, problem.line) for problem in theme.problems] == [("home.html", 3)]


def test_failing_template_does_not_grow_the_memory(tmp_path: Path) -> None:
    make_theme(tmp_path, "kita", {"home.html": "{{ page.meta.path.x }}"}, 'extends = "desa"')
    make_theme(tmp_path, "lain", {"home.html": "{{ page[page.meta.title] }}"}, 'extends = "desa"')
    theme = Theme.load("lain", site_themes=tmp_path)
    for at in range(80):
        meta = dataclasses.replace(HOME.meta, title=f"judul {at}")
        theme.render(dataclasses.replace(HOME, meta=meta))
    assert len(theme.problems) == 50


def test_theme_that_extends_nothing_still_shows_missing_pages(tmp_path: Path) -> None:
    make_theme(tmp_path, "sendiri", {"home.html": "rumah {{ site.name }}"}, 'title = "Sendiri"')
    theme = Theme.load("sendiri", site_themes=tmp_path)
    assert theme.render(HOME) == "rumah Desa Sukamaju"
    assert "Belum ketemu" in theme.render(full_pages()["cari-kosong"])


@pytest.mark.parametrize("name", ["tidak-ada", "../desa", "", "Desa"])
def test_missing_theme_is_replaced_by_the_default_and_recorded(tmp_path: Path, name: str) -> None:
    theme = Theme.load(name, site_themes=tmp_path)
    assert "Desa Sukamaju" in theme.render(HOME)
    assert theme.name == "desa"
    assert len(theme.problems) == 1


def test_unreadable_theme_toml_is_replaced_by_the_default(tmp_path: Path) -> None:
    make_theme(tmp_path, "kita", {}, "title = ")
    theme = Theme.load("kita", site_themes=tmp_path)
    assert "Desa Sukamaju" in theme.render(HOME)
    assert "theme.toml" in theme.problems[0].message


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ page.__init__.__globals__ }}",
        "{{ asset.__func__.__globals__ }}",
        "{{ _.__globals__['__builtins__'] }}",
        "{{ site.menu.__add__ }}",
        "{% set x = [] %}{{ x.append(1) }}",
        "{{ range(999999999)|list }}",
    ],
)
def test_sites_own_theme_cannot_leave_the_sandbox(tmp_path: Path, attack: str) -> None:
    make_theme(tmp_path, "kita", {"home.html": attack}, 'extends = "desa"')
    theme = Theme.load("kita", site_themes=tmp_path)
    with pytest.raises((SecurityError, OverflowError)):
        theme.render_strictly(HOME)
    assert theme.render(HOME) == Theme.load("desa").render(HOME)


def test_template_of_a_parent_is_sandboxed_too_when_a_child_is_the_sites(tmp_path: Path) -> None:
    make_theme(tmp_path, "kita", {"_footer_extra.html": MARK}, 'extends = "desa"')
    theme = Theme.load("kita", site_themes=tmp_path)
    for page in sample_pages():
        theme.render_strictly(page)


@pytest.mark.parametrize("name", list(full_pages()))
def test_text_from_people_is_escaped_everywhere(name: str) -> None:
    page = poisoned(full_pages()[name])
    html = Theme.load().render(page)
    assert "<x-" not in html


def poisoned(value: object, depth: int = 0) -> object:
    """Return the page with markup put into every text that is not an address or safe HTML."""
    if type(value) is str and not value.startswith(("/", "http", "tel:", "mailto:", "#")):
        return value + "\"'<x-y>" if value else value
    if isinstance(value, tuple):
        return tuple(poisoned(item, depth + 1) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, Accents):
        keep = {"zone", "band", "focus", "language", "kind", "sources", "face", "icon", "opens",
                "closes"}  # fmt: skip
        fields = {
            field.name: poisoned(getattr(value, field.name), depth + 1)
            for field in dataclasses.fields(value)
            if field.name not in keep
        }
        return dataclasses.replace(value, **fields)  # type: ignore[type-var]
    return value


def test_page_does_not_depend_on_who_asks_for_it() -> None:
    from desa_web.core.i18n import language

    with language("en"):
        english_desk = Theme.load().render(HOME)
    assert english_desk == Theme.load().render(HOME)


def test_static_names_hold_the_hash_of_their_content(tmp_path: Path) -> None:
    theme = Theme.load("desa", static_url="/tema/")
    for name in ("situs.css", "situs.js", "lambang.svg"):
        url = theme.asset_url(name)
        served = theme.static_file(url.removeprefix("/tema/"))
        assert served is not None
        assert served.is_immutable
        assert url in theme.render(HOME)


def test_old_hash_gets_todays_file_but_not_for_ever() -> None:
    served = Theme.load().static_file("situs.0123456789ab.css")
    assert served is not None
    assert not served.is_immutable
    assert served.content_type == "text/css; charset=utf-8"


@pytest.mark.parametrize("name", ["../theme.toml", "theme.toml", "css/../../theme.toml", "x.css"])
def test_only_static_files_are_served(name: str) -> None:
    assert Theme.load().static_file(name) is None


def test_link_out_of_a_theme_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "rahasia.svg"
    secret.write_text("rahasia", encoding="utf-8")
    theme = make_theme(tmp_path / "themes", "kita", {}, 'extends = "desa"')
    (theme / "static").mkdir()
    (theme / "static" / "tautan.svg").symlink_to(secret)
    assert Theme.load("kita", site_themes=tmp_path / "themes").static_file("tautan.svg") is None


def test_childs_component_comes_after_or_replaces_the_parents(tmp_path: Path) -> None:
    theme = make_theme(tmp_path, "kita", {}, 'extends = "desa"')
    add_css(theme, "90-kita.css", ".kita { color : red; }")
    add_css(theme, "25-pita.css", ".pita{height:3px}")
    css = Theme.load("kita", site_themes=tmp_path).bundle("situs.css", Accents()).decode()
    assert css.endswith(".kita{color :red}")
    assert "background-size:14px" not in css
    assert css.index(".pita{height:3px}") < css.index(".siar{")


def test_smaller_stylesheet_keeps_strings_and_selectors() -> None:
    from desa_web.web.theme_layers import smaller_css

    text = """
    a :hover , b > c { content: "/* ;  { kept } */" ; margin : 0 auto; }  /* it's gone */
    @media (min-width: 48em) { .x:not(.y) { background: url('data:image/svg+xml; a') } }
    """
    assert smaller_css(text) == (
        'a :hover,b>c{content: "/* ;  { kept } */";margin :0 auto}'
        "@media (min-width: 48em){.x:not(.y){background: url('data:image/svg+xml; a')}}"
    )


def test_identity_changes_with_any_file_and_only_then(tmp_path: Path) -> None:
    theme = make_theme(tmp_path, "kita", {"_footer_extra.html": MARK}, 'extends = "desa"')

    def identity() -> str:
        return Theme.load("kita", site_themes=tmp_path).identity

    first = identity()
    assert identity() == first
    add_css(theme, "90-kita.css", "a{}")
    second = identity()
    (theme / "templates" / "_footer_extra.html").write_text("", encoding="utf-8")
    assert len({first, second, identity(), Theme.load().identity}) == 4


def test_new_theme_passes_its_own_check(tmp_path: Path) -> None:
    theme = new_theme(tmp_path, "kita")
    assert check_theme(theme) == []
    assert "Desa Sukamaju, Kec. Danderejo" in Theme.load("kita", site_themes=tmp_path).render(HOME)
    with pytest.raises(InvalidInput, match="sudah ada"):
        new_theme(tmp_path, "kita")
    with pytest.raises(InvalidInput, match="huruf kecil"):
        new_theme(tmp_path, "../kita")


@pytest.mark.parametrize("name", ["desa", "pesisir"])
def test_shipped_theme_passes_its_check(name: str) -> None:
    found = check_theme(shipped_themes() / name)
    # The icons are constants of the theme itself, the one place where |safe is right.
    assert [(p.path, p.message) for p in found if p.path != "_icons.html"] == []


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ page.nothing }}", "nothing"),
        ('{% extends "base.html" %}{% block main %}<p style="x">{% endblock %}', "static/css"),
        ('{% extends "base.html" %}{% block main %}<p onclick="x">{% endblock %}', "static/js"),
        (
            '{% extends "base.html" %}{% block main %}<script>x()</script>{% endblock %}',
            "static/js",
        ),
        (
            '{% extends "base.html" %}{% block main %}<img src="https://x/y.png">{% endblock %}',
            "x/y",
        ),
        ('{% extends "base.html" %}{% block main %}<p>Tanpa judul</p>{% endblock %}', "h1"),
        ("{{ page.meta.title|safe }}", "|safe"),
        ("<p>Tanpa kerangka", "html lang"),
    ],
)
def test_check_finds_what_readers_would_suffer_from(
    tmp_path: Path, template: str, said: str
) -> None:
    theme = make_theme(tmp_path, "kita", {"home.html": template}, 'extends = "desa"')
    found = [problem for problem in check_theme(theme) if problem.is_error]
    assert any(said in problem.message for problem in found)


def test_check_warns_of_heavy_and_foreign_files(tmp_path: Path) -> None:
    theme = make_theme(tmp_path, "kita", {}, 'extends = "desa"\ncolour = "x"')
    add_css(theme, "90.css", "@import url(https://x/y.css);" + "".join(
        f".k{at * 7919 % 100003}{{color:#{at * 7 % 4096:03x}}}" for at in range(3000)
    ))  # fmt: skip
    messages = [problem.message for problem in check_theme(theme)]
    assert any("situs lain" in message for message in messages)
    assert any("anggarannya" in message for message in messages)
    assert any("colour" in message for message in messages)


def test_check_of_an_empty_or_missing_theme_says_so(tmp_path: Path) -> None:
    (tmp_path / "kosong").mkdir()
    assert any("kosong" in problem.message for problem in check_theme(tmp_path / "kosong"))
    assert "tidak ada" in check_theme(tmp_path / "hilang")[0].message


def test_second_theme_is_less_than_a_hundred_lines() -> None:
    files = [path for path in (shipped_themes() / "pesisir").rglob("*") if path.is_file()]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 100


def test_pages_on_the_first_day_have_no_empty_slots() -> None:
    html = Theme.load().render(bare_pages()["polos-beranda"])
    for word in ("Agenda", "Uang desa", "Papan", "layanan</", "Jelajahi", "None"):
        assert word not in html


def test_article_without_an_address_offers_no_dead_share_link() -> None:
    page = bare_pages()["polos-artikel"]
    assert isinstance(page, ArticlePage)
    assert page.whatsapp_url == ""
    assert "wa.me" not in Theme.load().render(page)
