"""What people paste arrives clean, with all that the subset can hold; saving it again is silent."""

from pathlib import Path

import pytest

from desa_web.core.html import (
    from_markdown,
    from_plain_text,
    normalise,
    outbound_domains,
    plain_text,
    to_markdown,
)
from tests.harness.xss import dangers

CORPUS = Path(__file__).parents[1] / "corpus" / "paste"
PASTES = sorted(p for p in CORPUS.iterdir() if not p.name.endswith(".expected.html"))
READERS = {".html": normalise, ".txt": from_plain_text, ".md": from_markdown}


def _expected(paste: Path) -> str:
    return paste.with_name(f"{paste.stem}.expected.html").read_text("utf-8").rstrip("\n")


def _cleaned(paste: Path) -> str:
    return READERS[paste.suffix](paste.read_text("utf-8"))


def test_the_corpus_has_every_kind_of_paste():
    assert len(PASTES) >= 16
    assert {p.suffix for p in PASTES} == set(READERS)


@pytest.mark.parametrize("paste", PASTES, ids=lambda p: p.name)
def test_a_paste_becomes_what_is_expected(paste: Path):
    assert _cleaned(paste) == _expected(paste)


@pytest.mark.parametrize("paste", PASTES, ids=lambda p: p.name)
def test_opening_and_saving_a_paste_changes_nothing(paste: Path):
    text = _cleaned(paste)
    assert normalise(text) == text
    assert from_markdown(to_markdown(text)) == text
    assert dangers(text) == []


def test_no_hidden_gambling_link_survives():
    text = _cleaned(CORPUS / "gambling.html")
    assert outbound_domains(text) == {"kabupaten.example"}
    for word in ("slot", "togel", "judi", "maxwin", "mahjong", "poker", "bonus", "deposit"):
        assert word not in plain_text(text).lower()


def test_ten_thousand_words_keep_every_word():
    words = [f"kata{n}" if n % 7 else f"<b>tebal{n}</b>" for n in range(10_000)]
    pasted = "".join(
        f"<p class=MsoNormal style='margin:0'>{' '.join(words[at : at + 80])}<o:p></o:p></p>\r\n"
        for at in range(0, len(words), 80)
    )
    text = normalise(pasted)
    assert plain_text(text).split() == [w.removeprefix("<b>").removesuffix("</b>") for w in words]
    assert text.count("<p>") == 125
    assert normalise(text) == text
