"""The engine obeys the interface, and any string is a query."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desa_web.engines.search import Cursor, Document, Query, Removal, SearchIndex
from tests.harness.search_conformance import (
    JOURNAL,
    Engine,
    SearchConformance,
    article,
    found,
    marked,
)


class TestOurEngine(SearchConformance):
    def make(self, folder: Path) -> Engine:
        return SearchIndex(folder)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    """Return an index with a few real sentences of village life."""
    index = SearchIndex(tmp_path_factory.mktemp("village") / "index")
    index.rebuild(
        [
            article(1, "Penyaluran BLT-DD tahap dua", "Keluarga penerima antre di balai desa."),
            article(2, "Musyawarah anggaran", "Anggaran Pendapatan dan Belanja Desa disahkan."),
            article(3, "Jadwal salat Jum'at", "Khatib berkhotbah; anak-anak belajar mengaji."),
            article(4, "Wilujeng sumping", "Sampurasun, kumaha damang? Panjenengan sedaya."),
            article(5, "Café warga 🌾", "Kopi lereng Merapi naïf, harga Rp1.500.000 per kuintal."),
            article(6, "Pemeriksaan balita", "Kader PKK menimbang balita di Posyandu RT 03/RW 02."),
            article(7, "APBDes 2026 ditempel", "Warga dapat membaca papan informasi."),
        ],
        Cursor(JOURNAL, 1),
    )
    return index


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("menyalurkan bantuan langsung tunai", "1"),
        ("blt", "1"),
        ("APBDes disahkan", "2"),
        ("anggaran pendapatan dan belanja desa ditempel", "7"),
        ("sholat jumat", "3"),
        ("shalat", "3"),
        ("khutbah", "3"),
        ("anak", "3"),
        ("pelajaran", "3"),
        ("panjenengan", "4"),
        ("kumaha", "4"),
        ("cafe", "5"),
        ("naif", "5"),
        ("1500000", "5"),
        ("timbangan balita", "6"),
        ("rukun tetangga", "6"),
        ("pemberdayaan kesejahteraan keluarga", "6"),
        ("djadwal", "3"),
        ("balaidesa", "1"),
    ],
)
def test_people_find_what_they_mean(village: SearchIndex, asked: str, answer: str) -> None:
    assert found(village, asked)[:1] == [answer]


def test_words_with_apostrophes_and_accents_are_marked(village: SearchIndex) -> None:
    assert marked(village.find(Query("khotbah"))) == {"berkhotbah"}
    assert marked(village.find(Query("naif"))) == {"naïf"}
    assert marked(village.find(Query("apbdes disahkan"))) >= {"Anggaran", "Belanja", "Desa"}


def test_a_phrase_that_stands_nowhere_still_shows_the_closest(village: SearchIndex) -> None:
    results = village.find(Query('"balita menimbang"'))
    assert [hit.id for hit in results.hits] == ["6"]
    assert not results.has_all_words


_AWKWARD = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            ['"', "-", '-"', "AND", "OR", "NOT", "*", "(", ")", "desa", "title:", "\0", "~2", "^",
             "\u202e", "مسجد", "ꦗꦮ", "🌾", "'", "’", "a" * 60, "\\", "\ud800", "1.000", "--"]
        ),
        max_size=40,
    ).map(" ".join),
)  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=_AWKWARD, page=st.integers(-3, 10**9), size=st.integers(-3, 10**9))
def test_any_string_is_answered(village: SearchIndex, text: str, page: int, size: int) -> None:
    results = village.find(Query(text, page=page, size=size))
    assert len(results.hits) <= 100
    assert not results.is_partial
    village.suggest(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        '"' * 10_000,
        "- " * 5_000,
        "desa " * 2_000,
        " ".join(f"kata{n}" for n in range(2_000)),
        "\0" * 10_000,
        "\u202e\u05d0" * 5_000,
        "'a" * 5_000,
        "1.000" * 2_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_long_queries_cost_little(village: SearchIndex, text: str) -> None:
    village.find(Query("desaa"))
    start = time.process_time()
    village.find(Query(text))
    village.suggest(text)
    assert time.process_time() - start < 0.5


def test_awkward_documents_are_kept(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path)
    texts = ["", "\0\x1f\x1f\n", "\ud800 rusak", "a" * 100_000, "مسجد", "İstanbul ısı", "e\u0301"]
    index.rebuild(
        [article(n, text, text, tags=(text,), rubric=text) for n, text in enumerate(texts)],
        Cursor(JOURNAL, 1),
    )
    assert index.status().documents == len(texts)
    assert found(index, "rusak") == ["2"]
    assert found(index, "مسجد") == ["4"]
    assert found(index, "istanbul") == ["5"]
    assert found(index, "é") == ["6"]


def test_threads_search_while_another_writes(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path)
    index.rebuild([article(n, f"Tetap {n}") for n in range(60)], Cursor(JOURNAL, 0))
    stop = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        while not stop.is_set():
            try:
                results = index.find(Query("tetap", size=5))
            except Exception as error:
                wrong.append(error)
                return
            if results.total != 60 or len(results.hits) != 5 or results.is_partial:
                wrong.append(results)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(40):
        updates: list[Document | Removal] = [article(1_000 + number, "Sementara")]
        updates += [article(number, f"Tetap {number}"), Removal("article", str(999 + number))]
        index.apply(updates, Cursor(JOURNAL, number + 1))
    index.rebuild([article(n, f"Tetap {n}") for n in range(60)], Cursor(JOURNAL, 41))
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_another_process_sees_the_commit(tmp_path: Path) -> None:
    writer, reader = SearchIndex(tmp_path), SearchIndex(tmp_path)
    writer.rebuild([], Cursor(JOURNAL, 0))
    assert reader.find(Query("kabar")).total == 0
    for number in range(60):
        writer.apply([article(number, "Kabar")], Cursor(JOURNAL, number + 1))
        assert reader.find(Query("kabar")).total == number + 1


def test_the_old_index_answers_while_a_new_one_is_made(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path)
    index.rebuild([article(1, "Lama")], Cursor(JOURNAL, 1))
    seen = []

    def documents() -> list[Document]:
        seen.append((found(index, "lama"), index.status().condition.value))
        return [article(2, "Baru")]

    class Lazy:
        def __iter__(self) -> object:
            return iter(documents())

    index.rebuild(Lazy(), Cursor(JOURNAL, 2))  # type: ignore[arg-type]
    assert seen == [(["1"], "rebuilding")]
    assert found(index, "baru") == ["2"]


def test_a_withdrawn_word_is_neither_suggested_nor_used_to_correct(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path / "index")
    many = [article(number, f"Kabar {number}", "Warga bekerja bakti.") for number in range(1_200)]
    secret = article(5_000, "Perselisihan", "Kata rahasianya kumbokarno.")
    index.rebuild([*many, secret], Cursor(JOURNAL, 1))
    assert index.suggest("kumbok") == ["kumbokarno"]
    index.apply([Removal("article", "5000")], Cursor(JOURNAL, 2))
    assert index.suggest("kumbok") == []
    asked = index.find(Query(text="kumbokarna"))
    assert "kumbokarno" not in str(asked.corrections)
    assert asked.hits == () or all(hit.id != "5000" for hit in asked.hits)
