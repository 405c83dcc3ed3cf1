"""Fixtures all tests share. `site`: a real, bound site in a temporary folder.

A test or module marked `both_databases` gets `site` twice: on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from desa_web.core.site import Site
from tests.harness.postgres import Postgres, running_postgres
from tests.harness.site import FakeClock, clock_of, make_site


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_databases: `site` on SQLite and on PostgreSQL")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that hangs fails with its trace; the exhaustive ones may take their time."""
    for item in items:
        if item.get_closest_marker("long") is None:
            item.add_marker(pytest.mark.timeout(240))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "site" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("both_databases") is not None:
        postgresql = pytest.param("postgresql", marks=pytest.mark.postgres)
        metafunc.parametrize("site", ["sqlite", postgresql], indirect=True)


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A new site, bound for the length of the test, with a FakeClock (`clock`)."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield from _bound(make_site(tmp_path))
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.fresh_url() as url:
        yield from _bound(make_site(tmp_path, database_url=url))


@pytest.fixture
def clock(site: Site) -> FakeClock:
    """The clock of `site`."""
    return clock_of(site)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The run's PostgreSQL server."""
    with running_postgres() as server:
        yield server


def _bound(site: Site) -> Iterator[Site]:
    with site.bound():
        yield site
    site.close()


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a program that ran inside a test did to logging: others read the log."""
    yield
    logging.disable(logging.NOTSET)
    for known in logging.root.manager.loggerDict.values():
        if isinstance(known, logging.Logger) and known.name.startswith("desa_web"):
            known.disabled, known.propagate = False, True
            known.setLevel(logging.NOTSET)
