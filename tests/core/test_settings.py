"""Settings: checked by field, journaled only when something changed."""

from __future__ import annotations

import pytest

from desa_web.core import journal, settings
from desa_web.core.actor import Role, operator
from desa_web.core.errors import Forbidden, InvalidInput
from desa_web.core.site import Site
from tests.harness.site import actor_as


@pytest.mark.both_databases
def test_a_change_is_kept_journaled_and_touches_the_site(site: Site) -> None:
    settings.change(operator(site), {"village_name": "Sukamaju", "office_hours": "a: b\r\n\r\nc"})
    found = settings.read(site)
    assert found["village_name"] == "Sukamaju"
    assert found["office_hours"] == ["a: b", "c"]
    (row,) = journal.read(site, 0)
    assert (row.kind, row.keys, row.note) == ("settings", ("site",), "office_hours, village_name")
    settings.change(operator(site), {"village_name": "Sukamaju"})
    assert journal.head(site).seq == 1


def test_every_default_is_itself_acceptable(site: Site) -> None:
    settings.change(operator(site), {s.name: s.default for s in settings.SETTINGS})
    assert journal.head(site).seq == 0


def test_all_wrong_fields_are_named_at_once_and_none_is_kept(site: Site) -> None:
    values = {
        "village_name": "",
        "kode_wilayah": "35.22.7.2004",
        "email": "tanpa at",
        "accent_green": "hijau",
        "band": "polkadot",
        "time_zone": "UTC",
        "motto": "x" * 201,
        "address": "a\x00b",
        "public_address": "ftp://x",
    }
    with pytest.raises(InvalidInput) as caught:
        settings.change(operator(site), {**values, "regency": "Bojonegoro"})
    assert set(caught.value.fields) == set(values)
    assert settings.read(site)["regency"] == ""
    assert journal.head(site).seq == 0


def test_an_unknown_setting_is_refused_with_the_known_ones(site: Site) -> None:
    with pytest.raises(InvalidInput, match="village_name"):
        settings.change(operator(site), {"nama": "x"})


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.REPORTER])
def test_only_an_admin_changes_settings(site: Site, role: Role) -> None:
    with pytest.raises(Forbidden):
        settings.change(actor_as(site, role), {"motto": "x"})


@pytest.mark.parametrize(
    ("term", "name", "full", "short"),
    [
        ("Desa", "Sukamaju", "Desa Sukamaju", "Sukamaju"),
        ("Nagari", "Nagari Koto Gadang", "Nagari Koto Gadang", "Koto Gadang"),
        ("Nagari", "Nagarikita", "Nagari Nagarikita", "Nagarikita"),
        ("Desa", "desa Sukamaju", "desa Sukamaju", "Sukamaju"),
    ],
)
def test_the_term_is_not_said_twice(
    site: Site, term: str, name: str, full: str, short: str
) -> None:
    found = settings.change(operator(site), {"village_term": term, "village_name": name})
    assert (found.full_name, found.short_name) == (full, short)
