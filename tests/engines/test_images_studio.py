"""The helper process: one photo at a time, nothing left behind, deaths told apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from desa_web.engines.images import PhotoBusy, PhotoRefused, Reason, Studio
from tests.harness.hostile_images import picture

_OWNER = """
import sys, time
from pathlib import Path
from desa_web.engines.images import Studio
studio = Studio()
studio.ingest(Path(sys.argv[1]), Path(sys.argv[2]))
print(studio.helper_pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    picture((900, 600)).save(path)
    return path


@pytest.fixture(scope="module")
def slow_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slow") / "slow.jpg"
    Image.effect_noise((4000, 3000), 40).convert("RGB").save(path, progressive=True)
    return path


def wait_for(condition: Callable[[], object], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        (signal.SIGKILL, None),
        (signal.SIGSEGV, Reason.DAMAGED),
        (signal.SIGABRT, Reason.DAMAGED),
        (signal.SIGXCPU, Reason.TOO_HARD),
    ],
)
def test_a_killed_child_blames_the_machine_and_a_crashed_one_the_photo(
    death: signal.Signals, reason: Reason | None, slow_photo: Path, tmp_path: Path
) -> None:
    raised: list[Exception] = []

    def work() -> None:
        try:
            studio.ingest(slow_photo, tmp_path / "m")
        except (PhotoBusy, PhotoRefused) as error:
            raised.append(error)

    with Studio() as studio:
        studio.warm()
        worker = threading.Thread(target=work)
        worker.start()
        wait_for(lambda: children_of(studio.helper_pid))
        os.kill(children_of(studio.helper_pid)[0], death)
        worker.join()
        assert len(raised) == 1
        if reason is None:
            assert isinstance(raised[0], PhotoBusy)
            assert "sibuk" in str(raised[0])
        else:
            assert isinstance(raised[0], PhotoRefused)
            assert raised[0].reason is reason
        assert not (tmp_path / "m").exists()
        # The helper lives on and the same photo works.
        assert studio.ingest(slow_photo, tmp_path / "m").width_px == 2560
        assert studio.restarts == 0


def test_too_little_memory_is_never_blamed_on_the_photo(slow_photo: Path, tmp_path: Path) -> None:
    with Studio(memory_bytes=8 * 2**20) as studio, pytest.raises(PhotoBusy):
        studio.ingest(slow_photo, tmp_path / "m")


def test_a_killed_helper_is_replaced_and_the_photo_still_done(
    slow_photo: Path, tmp_path: Path
) -> None:
    with Studio() as studio:
        studio.warm()
        first = studio.helper_pid
        masters = []
        worker = threading.Thread(
            target=lambda: masters.append(studio.ingest(slow_photo, tmp_path / "m"))
        )
        worker.start()
        wait_for(lambda: children_of(first))
        os.kill(first, signal.SIGKILL)
        worker.join()
        assert masters[0].width_px == 2560
        assert studio.helper_pid != first


def test_an_idle_helper_leaves_and_comes_back(photo: Path, tmp_path: Path) -> None:
    with Studio(idle_s=0.05) as studio:
        studio.ingest(photo, tmp_path / "m")
        gone = studio.helper_pid
        wait_for(lambda: not is_alive(gone))
        assert studio.ingest(photo, tmp_path / "m").width_px == 900


def test_threads_take_turns(photo: Path, tmp_path: Path) -> None:
    masters = []
    most = 0
    with Studio() as studio:
        studio.warm()
        workers = [
            threading.Thread(
                target=lambda i=i: masters.append(studio.ingest(photo, tmp_path / f"m{i}"))
            )
            for i in range(6)
        ]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            most = max(most, len(children_of(studio.helper_pid)))
        assert len({master.sha256 for master in masters}) == 1
        assert len(masters) == 6
        assert most == 1


def test_the_helper_does_not_grow(photo: Path, tmp_path: Path) -> None:
    def resident_kb() -> int:
        return int(Path(f"/proc/{studio.helper_pid}/statm").read_text().split()[1]) * 4

    with Studio() as studio:
        for _ in range(5):
            studio.ingest(photo, tmp_path / "m")
        before = resident_kb()
        for _ in range(40):
            studio.ingest(photo, tmp_path / "m")
        assert resident_kb() - before < 512
        assert len(list(Path(f"/proc/{studio.helper_pid}/fd").iterdir())) <= 6


def test_the_helper_ends_when_its_owner_is_killed(photo: Path, tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, photo, tmp_path / "m"],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert owner.stdout is not None
    helper = int(owner.stdout.readline())
    assert is_alive(helper)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    wait_for(lambda: not is_alive(helper))


def test_a_master_is_whole_whenever_the_machine_stops(slow_photo: Path, tmp_path: Path) -> None:
    """Kill everything at moments spread over the work: no master, or a whole one."""
    with Studio() as studio:
        expected = studio.ingest(slow_photo, tmp_path / "whole")
        took_s = studio.last_usage["wall_s"]
    for step in range(6):
        master = tmp_path / f"m{step}"
        with Studio() as studio:
            studio.warm()
            worker = threading.Thread(target=_quietly, args=(studio, slow_photo, master))
            worker.start()
            wait_for(lambda studio=studio: children_of(studio.helper_pid))
            moment = time.monotonic() + took_s * step / 5
            wait_for(lambda moment=moment: time.monotonic() >= moment)
            for child in children_of(studio.helper_pid):
                os.kill(child, signal.SIGKILL)
            worker.join()
        if master.exists():
            assert master.stat().st_size == expected.size_bytes


def _quietly(studio: Studio, photo: Path, master: Path) -> None:
    try:
        studio.ingest(photo, master)
    except PhotoBusy:
        return


def test_a_missing_file_and_a_bad_folder_are_the_callers_errors(
    photo: Path, tmp_path: Path
) -> None:
    with Studio() as studio:
        with pytest.raises(FileNotFoundError):
            studio.ingest(tmp_path / "none.jpg", tmp_path / "m")
        with pytest.raises(FileExistsError):
            studio.ingest(photo, photo / "m")


def test_the_engine_is_imported_without_pillow() -> None:
    script = "import sys, desa_web.engines.images; print([m for m in sys.modules if 'PIL' in m])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"
