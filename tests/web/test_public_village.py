"""What all pages say of the village is kept between requests, and is never older than the site."""

from __future__ import annotations

import subprocess
import sys

import pytest

from desa_web.core import db, journal, settings
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.pages import menu
from desa_web.features.pages import service as pages
from desa_web.features.pages.page import Text
from desa_web.web.public import public_site
from tests.harness.site import ROOT, actor_as, app_of

_RENAME = """
import sys
from pathlib import Path
from desa_web.core import settings
from desa_web.core.actor import operator
from desa_web.core.site import open_site
site = open_site(Path(sys.argv[1]))
with site.bound():
    settings.change(operator(site), {"village_name": sys.argv[2]})
site.close()
"""


@pytest.fixture
def village(site: Site) -> Site:
    actor_as(site, Role.ADMIN)
    settings.change(operator(site), {"village_name": "Sukamaju"})
    return site


def page(site: Site, path: str = "/berita/") -> str:
    return app_of(site).test_client().get(path).text


@pytest.mark.both_databases
def test_every_page_asks_only_where_the_journal_stands(village: Site) -> None:
    assert "Desa Sukamaju" in page(village)
    seen: list[str] = []
    village.database.query_hooks.append(lambda event: seen.append(event.sql))
    page(village)
    village.database.query_hooks.clear()
    assert [sql for sql in seen if "FROM setting" in sql or "menu_item" in sql] == []
    assert len([sql for sql in seen if "journal_head" in sql]) == 1


def test_a_change_by_another_process_stands_on_the_next_page(village: Site) -> None:
    assert "Desa Sukamaju" in page(village)
    subprocess.run(
        [sys.executable, "-c", _RENAME, str(village.path), "Karangsari"], cwd=ROOT, check=True
    )
    assert "Desa Karangsari" in page(village)
    assert "Sukamaju" not in page(village, "/pengumuman/")


@pytest.mark.both_databases
def test_a_menu_that_changed_stands_on_the_next_page(village: Site) -> None:
    boss = operator(village)
    made = pages.create(boss, Text(title="Sejarah kami", body="<p>Isi.</p>"))
    menu.add(boss, "Sejarah kami", page_id=made.id)
    assert "Sejarah kami" in page(village)
    pages.trash(boss, made.id)
    assert "Sejarah kami" not in page(village)


@pytest.mark.both_databases
def test_a_restored_journal_of_the_same_length_is_not_taken_for_the_old_one(village: Site) -> None:
    assert "Desa Sukamaju" in page(village)
    with db.write(village.database):
        sql = "UPDATE setting SET value = ? WHERE name = 'village_name'"
        db.execute(village.database, sql, '"Karangsari"')
    journal.renew(village)
    assert "Desa Karangsari" in page(village)


def rename_and_fail(village: Site) -> None:
    boss = operator(village)
    with journal.change(boss):
        settings.change(boss, {"village_name": "Karangsari"})
        with app_of(village).test_request_context("/"):
            assert public_site().context().name == "Desa Karangsari"
        raise ZeroDivisionError


@pytest.mark.both_databases
def test_what_was_never_committed_is_not_kept(village: Site) -> None:
    with pytest.raises(ZeroDivisionError):
        rename_and_fail(village)
    assert "Desa Sukamaju" in page(village)
