"""The quicker Jinja of the shipped themes writes what Jinja itself writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from desa_web.web.context_parts import Card, Link
from desa_web.web.contexts import HomePage, ListPage, Page
from desa_web.web.theme_filters import in_zone
from desa_web.web.theme_layers import chain
from desa_web.web.theme_samples import sample_pages
from desa_web.web.theme_writer import written
from desa_web.web.theming import Theme

THEMES = ("desa", "pesisir")
EVIL = "<script>alert('1')</script> & \"kutip\""


def as_jinja_writes_it(theme: Theme, page: Page) -> str:
    """Render with an Environment of Jinja that has nothing of ours but loader and globals."""
    plain = Environment(
        loader=theme.environment.loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plain.globals.update(theme.environment.globals)
    plain.filters.update(theme.environment.filters)

    def part(name: str) -> Markup:
        html = plain.get_template(name).render(page=page, site=page.site)
        return Markup(html)

    plain.globals["part"] = part
    with in_zone(page.site.zone):
        return plain.get_template(page.template).render(page=page, site=page.site)


@pytest.mark.parametrize("name", THEMES)
def test_every_page_is_what_jinja_writes(name: str) -> None:
    theme = Theme(name, chain(name, None))
    for page in sample_pages():
        expected = as_jinja_writes_it(theme, page)
        assert theme.render(page) == expected, page.template
        assert theme.render(page) == expected, f"{page.template}, from what was kept"


@given(st.text())
def test_a_value_is_escaped_as_jinja_escapes_it(text: str) -> None:
    assert str(written(text)) == str(escape(text))
    assert str(written(Markup(text))) == text


@pytest.mark.parametrize("value", [0, -7, 2.5, None, True, EVIL, Markup("<b>")])
def test_other_values_are_written_as_jinja_writes_them(value: object) -> None:
    assert str(written(value)) == str(escape(value))


def cards(theme: Theme, *shown: Card) -> str:
    home = next(page for page in sample_pages() if isinstance(page, HomePage))
    return theme.render(replace(home, cards=shown))


def test_a_kept_card_is_not_taken_for_one_that_differs() -> None:
    theme = Theme("desa", chain("desa", None))
    at = datetime(2026, 11, 21, 3, 42, tzinfo=UTC)
    card = Card(title="Panen raya", url="/berita/panen-raya", published_at=at)
    variants = [
        card,
        replace(card, title=EVIL),
        replace(card, url="/berita/lain"),
        replace(card, byline="Nur"),
        replace(card, kicker=Link(text="Budaya", url="/rubrik/budaya")),
        replace(card, published_at=datetime(2026, 11, 22, 3, 42, tzinfo=UTC)),
    ]
    assert len({cards(theme, one) for one in variants}) == len(variants)
    assert cards(theme, card) == cards(theme, card)
    assert "<script>alert" not in cards(theme, variants[1])


def test_what_was_written_for_one_zone_is_not_shown_in_another() -> None:
    theme = Theme("desa", chain("desa", None))
    page = next(page for page in sample_pages() if isinstance(page, ListPage) and page.cards)
    late = replace(page.cards[0], published_at=datetime(2026, 11, 21, 16, 30, tzinfo=UTC))
    west = replace(page, cards=(late,), site=replace(page.site, zone="WIB"))
    east = replace(page, cards=(late,), site=replace(page.site, zone="WIT"))
    assert "21 Nov 2026" in theme.render(west)
    assert "22 Nov 2026" in theme.render(east)


def test_many_cards_do_not_grow_the_memory() -> None:
    theme = Theme("desa", chain("desa", None))
    at = datetime(2026, 11, 21, tzinfo=UTC)
    for number in range(700):
        cards(theme, Card(title=f"Kabar {number}", url=f"/berita/{number}", published_at=at))
    assert len(theme.environment.kept._known) <= 200  # type: ignore[attr-defined]
