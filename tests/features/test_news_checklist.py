"""The checklist before a text goes out: private numbers, photos, new addresses."""

from __future__ import annotations

import pytest

from desa_web.core.site import Site
from desa_web.features.news import service
from desa_web.features.news.article import Text
from desa_web.features.news.checklist import checklist, private_numbers


@pytest.mark.parametrize(
    ("text", "niks", "phones"),
    [
        ("NIK 3522072004000001 tercatat", ["3522072004000001"], []),
        ("3522 0720 0400 0001", ["3522 0720 0400 0001"], []),
        ("hubungi 0812-3456-7890 atau +62 813 1111 2222", [],
         ["0812-3456-7890", "+62 813 1111 2222"]),
        ("Anggaran Rp214.000.000 pada 18/11/2026", [], []),
        ("rekening 12345678901234567", [], []),
        ("Jl. 0812", [], []),
    ],
)  # fmt: skip
def test_private_numbers_are_found(text: str, niks: list[str], phones: list[str]) -> None:
    found = private_numbers(Text(title="Judul", body=f"<p>{text}</p>"))
    assert found == (niks, phones)


def test_the_checklist_says_what_to_do(site: Site) -> None:
    text = Text(title="x" * 71, body='<p>0812 3456 7890 <a href="https://judi.example/">x</a></p>')
    points = checklist(text, [], service.new_domains(text.body))
    bad = [p for p in points if not p.is_good]
    assert len(bad) == 4
    assert all(p.hint for p in bad)
    assert any("judi.example" in p.sentence for p in bad)
