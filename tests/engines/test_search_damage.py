"""Killed at any moment, damaged in any way: never a wrong answer, never an error, always healed."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from desa_web.engines.search import Condition, Cursor, Document, Query, SearchIndex
from desa_web.engines.search.segment import Builder, Segment
from tests.harness.search_conformance import JOURNAL, article, found

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [
    article(n, f"Kabar nomor{n}", f"Isi tulisan{n} dari warga desa. " * 8) for n in range(70)
]

# Commits one document after another, for ever; says which commit is acknowledged.
WRITER = """
import sys
from pathlib import Path
from desa_web.engines.search import Cursor, Document, Removal, SearchIndex
index = SearchIndex(Path(sys.argv[1]))
seq = index.status().cursor.seq
while True:
    seq += 1
    updates = [Document("article", str(seq), "/", f"Kabar nomor{seq}", "isi " * 50)]
    if seq % 3 == 0:
        updates.append(Removal("article", str(seq - 2)))
    if seq % 25 == 0:
        updates += [Document("article", f"s{seq}-{n}", "/", "Banyak sekali") for n in range(60)]
    index.apply(updates, Cursor("jurnal-uji", seq))
    print(seq, flush=True)
"""


def _living(seq: int) -> set[str]:
    removed = {n - 2 for n in range(3, seq + 1, 3)}
    return {str(n) for n in range(1, seq + 1) if n not in removed}


def _kill_during_commits(folder: Path, rounds: int) -> None:
    picker = random.Random(rounds)
    index = SearchIndex(folder)
    index.rebuild([], Cursor(JOURNAL, 0))
    acknowledged = 0
    for _ in range(rounds):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        ) as writer:
            assert writer.stdout is not None
            for _line in range(picker.randint(1, 6)):
                acknowledged = int(writer.stdout.readline())
            # Somewhere within the next commit; the moment is measured in work, not in seconds.
            for _spin in range(picker.randrange(200_000)):
                pass
            os.kill(writer.pid, signal.SIGKILL)
            lines = writer.stdout.read().splitlines(keepends=True)
            acknowledged = max([acknowledged, *(int(x) for x in lines if x.endswith(b"\n"))])
        fresh = SearchIndex(folder)
        status = fresh.status()
        assert status.condition is Condition.READY, status.reason
        assert status.cursor is not None
        assert status.cursor.seq in (acknowledged, acknowledged + 1)
        living = _living(status.cursor.seq)
        results = fresh.find(Query("kabar", size=100))
        assert results.total == len(living)
        assert {hit.id for hit in results.hits} <= living
        assert found(fresh, f"nomor{status.cursor.seq}", may_correct=False) == [
            str(status.cursor.seq)
        ]


def test_a_kill_leaves_the_state_before_or_after_a_commit(tmp_path: Path) -> None:
    _kill_during_commits(tmp_path, 20)


@pytest.mark.long
def test_two_hundred_kills_leave_whole_states(tmp_path: Path) -> None:
    _kill_during_commits(tmp_path, 200)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a sound index of two segments."""
    folder = tmp_path_factory.mktemp("whole") / "index"
    index = SearchIndex(folder)
    index.rebuild(DOCUMENTS[:60], Cursor(JOURNAL, 60))
    index.apply(DOCUMENTS[60:], Cursor(JOURNAL, 70))
    assert index.status().segments == 2
    return folder


class _Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path(os.environ["DESA_TEST_EVIL"]),))


def _cut(picker: random.Random, path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(picker.randrange(path.stat().st_size))


def _zero(picker: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = picker.randrange(len(data))
    data[start : start + 64] = bytes(len(data[start : start + 64]))
    path.write_bytes(data)


def _flip(picker: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[picker.randrange(len(data))] ^= 1 << picker.randrange(8)
    path.write_bytes(data)


def _delete(_picker: random.Random, path: Path) -> None:
    path.unlink()


def _swap(picker: random.Random, path: Path) -> None:
    others = [other for other in path.parent.iterdir() if other != path and other.name != "lock"]
    other = picker.choice(others)
    aside = path.with_name("aside")
    path.rename(aside)
    other.rename(path)
    aside.rename(other)


def _foreign_pickle(_picker: random.Random, path: Path) -> None:
    path.write_bytes(pickle.dumps(_Evil()))


def _pickle_inside(picker: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    evil = pickle.dumps(_Evil())
    start = picker.randrange(len(data))
    data[start : start + len(evil)] = evil
    path.write_bytes(data)


DAMAGES = (_cut, _zero, _flip, _delete, _swap, _foreign_pickle, _pickle_inside)
Damage = Callable[[random.Random, Path], None]


def _damage_and_heal(whole: Path, folder: Path, number: int) -> None:
    picker = random.Random(number)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    is_open = picker.random() < 0.3
    index = SearchIndex(folder)
    if is_open:
        index.find(Query("kabar"))
    paths = sorted(path for path in folder.iterdir() if path.name != "lock")
    path = picker.choice(paths)
    before = path.read_bytes()
    DAMAGES[number % len(DAMAGES)](picker, path)
    is_same = path.exists() and path.read_bytes() == before
    for document in picker.sample(DOCUMENTS, 5):
        results = index.find(Query(f"nomor{document.id}", may_correct=False))
        assert [hit.id for hit in results.hits] in ([], [document.id])
        assert results.hits or results.is_partial
        index.suggest("nom")
        for hit in results.hits:
            assert hit.title == document.title
            text = "".join(part.text for part in hit.snippet)
            assert not text or f"tulisan{document.id}" in text
    fresh = SearchIndex(folder)
    if not is_same:
        assert fresh.status().condition is Condition.NEEDS_REBUILD
    fresh.rebuild(DOCUMENTS, Cursor(JOURNAL, 70))
    assert fresh.status().condition is Condition.READY
    assert index.find(Query("kabar")).total == len(DOCUMENTS)
    assert not index.find(Query("kabar")).is_partial
    assert len(list(folder.glob("*.segment"))) == 1


@pytest.fixture
def no_evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    trace = tmp_path / "code-was-run"
    monkeypatch.setenv("DESA_TEST_EVIL", str(trace))
    pickle.loads(pickle.dumps(_Evil()))
    assert trace.exists(), "the pickle must be able to do harm"
    trace.unlink()
    return trace


def test_damage_gives_no_wrong_answer_and_is_healed(
    whole: Path, tmp_path: Path, no_evil: Path
) -> None:
    for number in range(28):
        _damage_and_heal(whole, tmp_path / "index", number)
    assert not no_evil.exists()


@pytest.mark.long
def test_a_hundred_damages_are_healed(whole: Path, tmp_path: Path, no_evil: Path) -> None:
    for number in range(1_000, 1_105):
        _damage_and_heal(whole, tmp_path / "index", number)
    assert not no_evil.exists()


def test_no_bytes_of_a_segment_are_run_even_with_a_right_checksum(
    tmp_path: Path, no_evil: Path
) -> None:
    """An attacker can recompute checksums; there must be nothing to unpickle at all."""
    from hashlib import blake2b

    builder = Builder()
    for document in DOCUMENTS[:5]:
        builder.add(document)
    builder.write(tmp_path / "good")
    good = (tmp_path / "good").read_bytes()
    evil = pickle.dumps(_Evil())
    for start in range(0, len(good), 37):
        data = good[:start] + evil + good[start + len(evil) :]
        path = tmp_path / "bad"
        path.write_bytes(data)
        digest = blake2b(data, digest_size=16).hexdigest()
        try:
            segment = Segment(path, len(data), digest)
            segment.postings(b"skabar")
            list(segment.entries())
            segment.head(0)
        except Exception:
            continue
    assert not no_evil.exists()


def test_nothing_is_unpickled_while_an_index_is_used(tmp_path: Path) -> None:
    script = """
import pickle, sys
def refuse(*_a, **_k): raise SystemExit("unpickled")
import whoosh.filedb.structfile, whoosh.columns
for module in (whoosh.filedb.structfile, whoosh.columns):
    for name in ("load_pickle", "loads"):
        if hasattr(module, name): setattr(module, name, refuse)
from pathlib import Path
from desa_web.engines.search import Query, SearchIndex
index = SearchIndex(Path(sys.argv[1]))
print(index.find(Query("kabar")).total, index.suggest("kab"))
"""
    index = SearchIndex(tmp_path)
    index.rebuild(DOCUMENTS, Cursor(JOURNAL, 1))
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert ran.stdout.split()[0] == "70", ran.stderr


def test_a_text_that_changes_on_disk_while_open_is_not_shown(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shutil.copytree(whole, folder)
    index = SearchIndex(folder)
    assert found(index, "nomor6") == ["6"]
    for path in folder.glob("*.segment"):
        path.write_bytes(path.read_bytes().replace(b"tulisan5 ", b"bohong55 "))
    results = index.find(Query("nomor5"))
    assert results.is_partial
    assert results.hits[0].snippet == ()
    assert index.status().condition is Condition.NEEDS_REBUILD


def test_another_analyser_or_program_version_asks_for_a_rebuild(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    shutil.copytree(whole, folder)
    assert SearchIndex(folder).status().condition is Condition.READY
    monkeypatch.setattr("desa_web.__version__", "999")
    assert SearchIndex(folder).status().condition is Condition.NEEDS_REBUILD


def test_a_failed_rebuild_leaves_the_old_index(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shutil.copytree(whole, folder)
    index = SearchIndex(folder)

    def broken() -> object:
        yield DOCUMENTS[0]
        raise ValueError("the source failed")

    with pytest.raises(ValueError, match="the source failed"):
        index.rebuild(broken(), Cursor(JOURNAL, 99))  # type: ignore[arg-type]
    assert index.status().condition is Condition.READY
    assert index.status().cursor == Cursor(JOURNAL, 70)
    assert found(index, "nomor5") == ["5"]


def test_a_full_disk_leaves_the_old_index_and_no_rubbish(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shutil.copytree(whole, folder)
    before = sorted(folder.iterdir())
    script = """
import resource, signal, sys
from pathlib import Path
from desa_web.engines.search import Cursor, Document, RebuildFailed, SearchIndex
index = SearchIndex(Path(sys.argv[1]))
index.status()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))
updates = [Document("article", "new", "/", "Baru", "isi " * 2_000)]
for write in (index.apply, index.rebuild):
    try:
        write(updates, Cursor("jurnal-uji", 99))
    except (OSError, RebuildFailed) as error:
        print(type(error).__name__)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert ran.stdout.split() == ["OSError", "RebuildFailed"], ran.stderr
    assert sorted(folder.iterdir()) == before
    assert found(SearchIndex(folder), "nomor5") == ["5"]


def test_a_deleted_folder_comes_back_by_a_rebuild(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shutil.copytree(whole, folder)
    index = SearchIndex(folder)
    assert found(index, "nomor5") == ["5"]
    shutil.rmtree(folder)
    assert index.find(Query("nomor5")).is_partial
    assert index.status().condition is Condition.NEEDS_REBUILD
    index.rebuild([Document("article", "1", "/", "Kembali")], Cursor(JOURNAL, 1))
    assert found(index, "kembali") == ["1"]
