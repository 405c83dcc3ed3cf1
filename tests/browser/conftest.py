"""Fixtures of the browser tests: one Chromium for all, a fresh tab for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.browser import Chromium, Killers, chromium, killers


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """A running Chromium; `browser.open(width=…)` gives tabs."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def mortals() -> Iterator[Killers]:
    """Starts browsers on a profile, made to be killed. Not together with `browser`."""
    with killers() as starter:
        yield starter
