"""Words and their roots: a written oracle, spelling variants, regional languages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desa_web.engines.search import analysis
from desa_web.engines.search.stem import stem
from tests.harness.site import ROOT

ORACLE = Path(__file__).with_name("test_search_oracle.txt")


def test_the_stemmer_is_right_on_the_oracle() -> None:
    lines = [line for line in ORACLE.read_text().splitlines() if not line.startswith("#")]
    pairs = [tuple(pair.split(":")) for pair in " ".join(lines).split()]
    wrong = [f"{form}→{stem(form)} not {root}" for form, root in pairs if stem(form) != root]
    assert len(pairs) >= 150
    assert len(wrong) <= 0.1 * len(pairs), wrong


@pytest.mark.parametrize(
    "word",
    ["panjenengan", "kaliyan", "kangge", "dinten", "sedherek", "menika", "nuwun", "kumaha", "urang",
     "wilujeng", "sampurasun", "hatur", "mekaten", "pinten", "ngariung", "geulis", "keprabon"],
)  # fmt: skip
def test_javanese_and_sundanese_stay_whole(word: str) -> None:
    assert stem(word) == word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sholat", "salat"), ("shalat", "solat"), ("resiko", "risiko"), ("obyek", "objek"),
        ("Pebruari", "Februari"), ("nopember", "november"), ("tjari", "cari"), ("djalan", "jalan"),
        ("oentoek", "untuk"), ("Soerabaja", "Surabaya"), ("ijin", "izin"), ("Jum'at", "jumat"),
        ("qur’an", "Alquran"), ("Ramadhan", "romadon"), ("praktek", "praktik"),
        ("mesjid", "masjid"), ("ANAK", "anak2"), ("café", "cafe"), ("1.500", "1500"),
        ("berijin", "izin"),
        ("mengijinkan", "diizinkan"),
    ],
)  # fmt: skip
def test_spellings_of_one_word_meet(one: str, other: str) -> None:
    first, second = analysis.terms_of(one), analysis.terms_of(other)
    assert first is not None
    assert second is not None
    assert first[0] == second[0]


def test_there_are_a_hundred_spelling_variants() -> None:
    assert len(analysis._variants()) >= 100
    assert not set(analysis._variants()) & set(analysis._variants().values())


@pytest.mark.parametrize(
    "text", ["anak-anak", "berlari-lari", "tolong-menolong", "kebarat-baratan"]
)
def test_reduplication_is_one_word(text: str) -> None:
    terms = [analysis.terms_of(token) for token in analysis.tokens(text)]
    assert len({term[0] for term in terms if term}) == 1


@pytest.mark.parametrize(
    ("word", "clitics"),
    [("rumah", ("nya", "ku", "mu")), ("baca", ("lah", "kah")), ("warga", ("nya", "lah", "pun"))],
)
def test_clitics_are_cut(word: str, clitics: tuple[str, ...]) -> None:
    assert {stem(word + clitic) for clitic in clitics} == {word}


def test_emoji_and_signs_are_no_words() -> None:
    assert analysis.tokens("🌾 — … 👍🏽 !!") == []
    assert analysis.terms_of("___") is None


def test_scripts_keep_their_vowel_signs() -> None:
    assert analysis.tokens("ꦱꦸꦒꦼꦁ ꦫꦮꦸꦃ") == ["ꦱꦸꦒꦼꦁ", "ꦫꦮꦸꦃ"]
    assert analysis.tokens("ᮝᮤᮜᮥᮏᮨᮀ") == ["ᮝᮤᮜᮥᮏᮨᮀ"]


_LOADED = """
import sys
from desa_web.engines.search import stem
assert stem.stem("ngelindur") and stem.stem("diviralkan") == "viral"
print(*(name for name in sys.modules if name.startswith("snowballstemmer")))
import snowballstemmer
assert "english" in snowballstemmer.algorithms()
"""


def test_only_one_language_is_loaded_and_the_package_stays_whole_for_others() -> None:
    """All forty take 3.5 MB of a village's server."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, cwd=ROOT, check=True
    )
    languages = [name for name in done.stdout.split() if name.endswith("_stemmer")]
    assert languages == ["snowballstemmer.indonesian_stemmer"]
