"""What any search engine behind the interface of engines/search must do.

Subclass `SearchConformance` in a test module and give it `make`; the rules come along. Nothing
here knows how an index is kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import pytest

from desa_web.engines.search import (
    Condition,
    Cursor,
    Document,
    IndexDamaged,
    Query,
    Removal,
    Results,
    Status,
)

JOURNAL = "jurnal-uji"


class Engine(Protocol):
    def apply(self, updates: Iterable[Document | Removal], cursor: Cursor) -> None: ...
    def find(self, query: Query) -> Results: ...
    def suggest(self, prefix: str, limit: int = 8) -> list[str]: ...
    def rebuild(self, documents: Iterable[Document], cursor: Cursor) -> None: ...
    def status(self) -> Status: ...


def article(number: int, title: str, body: str = "", **others: object) -> Document:
    """Make an article with sensible values where none are given."""
    values: dict[str, object] = {
        "kind": "article",
        "id": str(number),
        "url": f"/berita/{number}",
        "published_at": 1_700_000_000_000 + number,
        **others,
    }
    return Document(title=title, body=body, **values)  # type: ignore[arg-type]


def found(engine: Engine, text: str, **others: object) -> list[str]:
    return [hit.id for hit in engine.find(Query(text, **others)).hits]  # type: ignore[arg-type]


def marked(results: Results) -> set[str]:
    return {part.text for hit in results.hits for part in hit.snippet if part.is_match}


class SearchConformance(ABC):
    """The rules. `make(folder)` opens the engine under test on a folder."""

    @abstractmethod
    def make(self, folder: Path) -> Engine: ...

    @pytest.fixture
    def engine(self, tmp_path: Path) -> Engine:
        engine = self.make(tmp_path / "index")
        engine.rebuild([], Cursor(JOURNAL, 0))
        return engine

    def test_a_folder_without_an_index_answers_nothing_and_asks_for_a_rebuild(
        self, tmp_path: Path
    ) -> None:
        engine = self.make(tmp_path / "index")
        assert engine.status().condition is Condition.NEEDS_REBUILD
        results = engine.find(Query("jalan"))
        assert results.hits == ()
        assert results.is_partial
        assert engine.suggest("jal") == []
        with pytest.raises(IndexDamaged):
            engine.apply([article(1, "Jalan")], Cursor(JOURNAL, 1))

    def test_an_applied_document_is_found_and_the_cursor_remembered(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        engine.apply([article(1, "Jalan baru")], Cursor(JOURNAL, 7))
        assert found(engine, "jalan") == ["1"]
        assert engine.status().cursor == Cursor(JOURNAL, 7)
        again = self.make(tmp_path / "index")
        assert found(again, "jalan") == ["1"]
        assert again.status().cursor == Cursor(JOURNAL, 7)
        assert again.status().condition is Condition.READY

    def test_the_last_update_of_an_object_counts(self, engine: Engine) -> None:
        first, last = article(1, "Jembatan"), article(1, "Irigasi")
        engine.apply([first, Removal("article", "1"), first, last], Cursor(JOURNAL, 1))
        assert found(engine, "jembatan") == []
        assert found(engine, "irigasi") == ["1"]
        assert engine.status().documents == 1
        engine.apply([first, Removal("article", "1")], Cursor(JOURNAL, 2))
        assert engine.status().documents == 0

    def test_applying_twice_changes_nothing(self, engine: Engine) -> None:
        updates = [article(1, "Panen raya"), article(2, "Panen padi"), Removal("page", "9")]
        for _ in range(2):
            engine.apply(updates, Cursor(JOURNAL, 3))
        assert sorted(found(engine, "panen")) == ["1", "2"]
        assert engine.status().documents == 2

    def test_one_id_of_two_kinds_is_two_objects(self, engine: Engine) -> None:
        engine.apply(
            [article(1, "Profil desa"), article(1, "Profil desa", kind="page")], Cursor(JOURNAL, 1)
        )
        engine.apply([Removal("page", "1")], Cursor(JOURNAL, 2))
        assert [hit.kind for hit in engine.find(Query("profil")).hits] == ["article"]

    def test_a_rebuild_replaces_everything_and_the_last_of_an_identity_counts(
        self, engine: Engine
    ) -> None:
        engine.apply([article(1, "Lama sekali")], Cursor(JOURNAL, 5))
        engine.rebuild(
            (article(n, title) for n, title in [(2, "Pertama"), (3, "Kedua"), (2, "Ketiga")]),
            Cursor("jurnal-baru", 9),
        )
        assert found(engine, "lama") == found(engine, "pertama") == []
        assert found(engine, "ketiga") == ["2"]
        assert engine.status().cursor == Cursor("jurnal-baru", 9)
        assert engine.status().documents == 2

    def test_many_commits_leave_every_document_found_once(self, engine: Engine) -> None:
        for number in range(120):
            updates: list[Document | Removal] = [article(number, f"Kabar nomor{number} desa")]
            if number % 5 == 4:
                updates.append(Removal("article", str(number - 3)))
            engine.apply(updates, Cursor(JOURNAL, number + 1))
        living = {str(n) for n in range(120)} - {str(n - 3) for n in range(4, 120, 5)}
        assert set(found(engine, "kabar", size=100)) <= living
        results = engine.find(Query("kabar desa", size=100))
        assert results.total == len(living) == engine.status().documents
        assert len({hit.id for hit in results.hits}) == len(results.hits)
        assert found(engine, "nomor119") == ["119"]

    def test_title_beats_tags_and_tags_beat_the_body(self, engine: Engine) -> None:
        filler = "berita warga yang lain lagi " * 5
        engine.apply(
            [
                article(1, "Kabar pagi", filler + "lumbung"),
                article(2, "Kabar siang", filler, tags=("lumbung",)),
                article(3, "Lumbung pangan", filler),
            ],
            Cursor(JOURNAL, 1),
        )
        assert found(engine, "lumbung") == ["3", "2", "1"]

    def test_all_words_come_before_fewer(self, engine: Engine) -> None:
        engine.apply(
            [
                article(1, "Irigasi irigasi irigasi", "irigasi sawah"),
                article(2, "Kabar", "irigasi di dusun utara mengalir lagi"),
            ],
            Cursor(JOURNAL, 1),
        )
        results = engine.find(Query("irigasi utara"))
        assert [hit.id for hit in results.hits] == ["2", "1"]
        assert not results.has_all_words

    def test_words_side_by_side_come_first(self, engine: Engine) -> None:
        apart = "dana untuk warga miskin tiap desa"
        near = "untuk warga miskin dana desa tiap"
        engine.apply(
            [article(n, "Kabar", near if n == 1 else apart) for n in range(12)],
            Cursor(JOURNAL, 1),
        )
        assert found(engine, "dana desa")[0] == "1"

    def test_of_equal_articles_the_newer_comes_first(self, engine: Engine) -> None:
        day_ms = 86_400_000
        engine.apply(
            [article(n, "Posyandu", published_at=1_600_000_000_000 + n * 90 * day_ms)
             for n in (2, 1, 3)],
            Cursor(JOURNAL, 1),
        )  # fmt: skip
        assert found(engine, "posyandu") == ["3", "2", "1"]

    def test_quotes_ask_for_the_very_words(self, engine: Engine) -> None:
        engine.apply(
            [
                article(1, "Kabar", "warga kerja bakti di balai"),
                article(2, "Kabar", "bakti warga dan kerja keras"),
            ],
            Cursor(JOURNAL, 1),
        )
        assert found(engine, '"kerja bakti"') == ["1"]
        assert found(engine, "“Kerja Bakti”") == ["1"]

    def test_a_minus_excludes(self, engine: Engine) -> None:
        engine.apply(
            [article(1, "Lomba masak"), article(2, "Lomba lari"), article(3, "Lomba lari malam")],
            Cursor(JOURNAL, 1),
        )
        assert sorted(found(engine, "lomba -masak")) == ["2", "3"]
        assert found(engine, 'lomba -"lari malam" -masak') == ["2"]

    def test_facets_count_all_answers_and_filters_narrow_them(self, engine: Engine) -> None:
        year_ms = 31_557_600_000
        engine.apply(
            [
                article(n, "Rapat warga", rubric="Kabar" if n % 3 else "Tani",
                        kind="article" if n % 2 else "page",
                        published_at=1_640_000_000_000 + (n % 2) * year_ms)
                for n in range(30)
            ],
            Cursor(JOURNAL, 1),
        )  # fmt: skip
        facets = engine.find(Query("rapat")).facets
        assert {row.value: row.count for row in facets.rubrics} == {"Kabar": 20, "Tani": 10}
        assert {row.value: row.count for row in facets.kinds} == {"article": 15, "page": 15}
        assert [row.value for row in facets.years] == ["2022", "2021"]
        narrowed = engine.find(Query("rapat", rubric="Tani", kind="page"))
        assert narrowed.total == 5
        assert {hit.rubric for hit in narrowed.hits} == {"Tani"}
        assert {row.value: row.count for row in narrowed.facets.rubrics} == {"Kabar": 10, "Tani": 5}
        assert engine.find(Query("rapat", year=2022)).total == 15
        assert engine.find(Query("rapat", year=1999)).total == 0

    def test_pages_follow_each_other_without_gaps(self, engine: Engine) -> None:
        engine.apply([article(n, f"Panen {n}") for n in range(25)], Cursor(JOURNAL, 1))
        pages = [found(engine, "panen", page=page, size=10) for page in (1, 2, 3, 4)]
        assert [len(page) for page in pages] == [10, 10, 5, 0]
        assert len({number for page in pages for number in page}) == 25
        assert found(engine, "panen", page=-5, size=10_000) == found(engine, "panen", size=100)

    def test_a_typing_error_is_corrected_said_and_undone(self, engine: Engine) -> None:
        engine.apply([article(1, "Pembangunan jembatan")], Cursor(JOURNAL, 1))
        results = engine.find(Query("jembatn"))
        assert [hit.id for hit in results.hits] == ["1"]
        assert [(c.typed, c.used) for c in results.corrections] == [("jembatn", "jembatan")]
        undone = engine.find(Query("jembatn", may_correct=False))
        assert (undone.hits, undone.corrections) == ((), ())

    def test_a_known_word_is_never_corrected(self, engine: Engine) -> None:
        engine.apply(
            [article(n, "Bulan") for n in range(9)] + [article(9, "Bulat")], Cursor(JOURNAL, 1)
        )
        results = engine.find(Query("bulat"))
        assert [hit.id for hit in results.hits] == ["9"]
        assert results.corrections == ()

    def test_snippets_show_the_place_and_mark_the_words(self, engine: Engine) -> None:
        body = "Pembukaan biasa saja. " * 60 + "Warga membangun jembatan gantung. " + "Lalu. " * 90
        engine.apply([article(1, "Kabar <b>desa</b>", body)], Cursor(JOURNAL, 1))
        results = engine.find(Query("pembangunan jembatan"))
        text = "".join(part.text for part in results.hits[0].snippet)
        assert "jembatan gantung" in text
        assert len(text) <= 300
        assert marked(results) == {"membangun", "jembatan"}
        assert results.hits[0].title == "Kabar <b>desa</b>"

    def test_extra_text_is_found_and_shown(self, engine: Engine) -> None:
        engine.apply([article(1, "Lampiran", extra="tabel rincian tembakau")], Cursor(JOURNAL, 1))
        assert marked(engine.find(Query("tembakau"))) == {"tembakau"}

    def test_suggestions_complete_the_last_word_by_frequency(self, engine: Engine) -> None:
        engine.apply(
            [article(1, "Posyandu balita"), article(2, "Posyandu"), article(3, "Posko banjir")],
            Cursor(JOURNAL, 1),
        )
        assert engine.suggest("pos") == ["posyandu", "posko"]
        assert engine.suggest("jadwal Posk") == ["jadwal posko"]
        assert engine.suggest("pos", limit=1) == ["posyandu"]
        assert engine.suggest("") == engine.suggest("pos ") == engine.suggest("xyz") == []
