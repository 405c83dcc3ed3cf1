"""Fixtures of the hub's tests: `hub` (`both_databases`: on SQLite and on PostgreSQL), `desa`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desa_web.core.site import Site
from desa_web.features.hub.source import Source
from desa_web.features.news import rubrics
from tests.harness.hub import Desa, make_hub
from tests.harness.postgres import Postgres


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hub" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("both_databases") is not None:
        postgresql = pytest.param("postgresql", marks=pytest.mark.postgres)
        metafunc.parametrize("hub", ["sqlite", postgresql], indirect=True)


@pytest.fixture
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A media centre, bound for the length of the test."""
    folder = tmp_path / "hub"
    if getattr(request, "param", "sqlite") == "sqlite":
        yield from _bound(make_hub(folder))
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.fresh_url() as url:
        yield from _bound(make_hub(folder, database_url=url))


@pytest.fixture
def desa(tmp_path: Path) -> Iterator[Desa]:
    """A village with the usual rubrics."""
    made = Desa.make(tmp_path / "desa")
    with made.site.bound():
        rubrics.add_defaults(made.actor)
    yield made
    made.site.close()


@pytest.fixture
def source(hub: Site, desa: Desa) -> Source:
    """The village as a source of the hub."""
    return desa.known_to(hub)


def _bound(site: Site) -> Iterator[Site]:
    with site.bound():
        yield site
    site.close()
