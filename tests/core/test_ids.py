"""Identifiers and slugs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desa_web.core import ids


@given(st.integers(min_value=-(2**60), max_value=2**60))
def test_an_id_is_a_uuid_version_7_whatever_the_clock_says(now_ms: int) -> None:
    made = ids.new_id(now_ms)
    assert ids.is_id(made)
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made
    )
    assert int(made.replace("-", "")[:12], 16) == min(max(now_ms, 0), 2**48 - 1)


def test_ids_of_one_moment_differ() -> None:
    assert len({ids.new_id(5) for _n in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Kader Posyandu Dilatih!", "kader-posyandu-dilatih"),
        ("Jum’at & “Café” Desa", "jumat-cafe-desa"),
        ("  ---  ", "berita-1"),
        ("ꦱꦸꦒꦼꦁ", "berita-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("Rp1.250.000", "rp1-250-000"),
    ],
)
def test_a_slug_is_plain_ascii(title: str, slug: str) -> None:
    assert ids.slugify(title, fallback="berita-1") == slug


@given(st.text(max_size=300))
def test_any_title_becomes_a_safe_slug(title: str) -> None:
    slug = ids.slugify(title, fallback="berita-1")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= ids.SLUG_MAX
