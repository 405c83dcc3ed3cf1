"""The server while its cache is on a bad disk, is deleted, or the process is killed."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from desa_web.engines.pages import PageStore
from desa_web.web.server import serve
def app(environ, start):
    path = environ["PATH_INFO"]
    environ["desa.surrogate_keys"] = frozenset({"menu", "article:" + path})
    start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    # Text that gzip cannot shrink to nothing: a full disk has to become full.
    import hashlib
    words = [hashlib.blake2b(f"{path} {n}".encode()).hexdigest() for n in range(40)]
    return [("\\n".join(words)).encode()]
serve(app, PageStore(Path(sys.argv[1]), "satu"), host="127.0.0.1", port=int(sys.argv[2]),
      on_ready=lambda host, port: print(port, flush=True))
"""


@contextmanager
def running(
    folder: Path, port: int = 0, file_limit_bytes: int = resource.RLIM_INFINITY
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (file_limit_bytes, resource.RLIM_INFINITY)
        ),
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def get(port: int, path: str) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.settimeout(10)
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        sock.sendall(request.encode())
        out = b""
        while block := sock.recv(1 << 16):
            out += block
    head, _, body = out.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1 MB."""
    path = tmp_path / "kecil"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_keeps_serving(small_disk: Path) -> None:
    with running(small_disk / "pages") as (port, process):
        first = {n: get(port, f"/berita/{n}") for n in range(200)}
        assert Counter(status for status, _ in first.values()) == {200: 200}
        left = shutil.disk_usage(small_disk).free
        assert left < 32 << 10, "the disk never filled"
        assert {n: get(port, f"/berita/{n}") for n in range(200)} == first
        assert process.poll() is None


def test_files_that_cannot_grow_keep_serving(tmp_path: Path) -> None:
    with running(tmp_path / "pages", file_limit_bytes=40_000) as (port, process):
        first = {n: get(port, f"/berita/{n}") for n in range(200)}
        assert Counter(status for status, _ in first.values()) == {200: 200}
        assert {n: get(port, f"/berita/{n}") for n in range(200)} == first
        assert process.poll() is None
    kept = len(list((tmp_path / "pages").glob("public/**/*@.html")))
    assert 0 < kept < 200, "the limit was never met"


def test_a_read_only_disk_keeps_serving(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with running(small_disk / "pages") as (port, process):
        first = get(port, "/berita/1")
        assert first[0] == 200
        assert get(port, "/berita/1") == first
        assert process.poll() is None


def test_the_cache_may_be_deleted_under_load(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with running(folder / "pages") as (port, process):
        want = {n: get(port, f"/berita/{n}") for n in range(20)}
        wrong: list[int] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                wrong.extend(n for n in range(20) if get(port, f"/berita/{n}") != want[n])

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for _ in range(10):
            shutil.rmtree(folder, ignore_errors=True)
            for number in range(20):
                assert get(port, f"/berita/{number}")[0] == 200
        stop.set()
        for reader in readers:
            reader.join()
        assert not wrong
        assert process.poll() is None
        get(port, "/berita/1")
        assert (folder / "pages" / "public" / "berita" / "1@.html").exists()


def test_a_kill_under_load_leaves_a_store_that_serves_right(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    want: dict[int, tuple[int, bytes]] = {}
    port = 0
    for round_number in range(4):
        with running(folder, port) as (port, process):
            for number in range(40):
                answer = get(port, f"/berita/{number}")
                assert want.setdefault(number, answer) == answer

            def read(port: int = port, base: int = 100 * round_number) -> None:
                try:
                    for number in range(100, 10_000):
                        get(port, f"/berita/{base + number}")
                except (OSError, IndexError):
                    return

            readers = [threading.Thread(target=read) for _ in range(3)]
            for reader in readers:
                reader.start()
            for number in range(40):
                assert get(port, f"/berita/{number}") == want[number]
            process.send_signal(signal.SIGKILL)
            for reader in readers:
                reader.join()


def test_five_hundred_readers_at_once_are_all_served(tmp_path: Path) -> None:
    with running(tmp_path / "pages") as (port, _):
        want = get(port, "/berita/1")
        sockets = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(500)]
        for sock in sockets:
            sock.settimeout(10)
            sock.sendall(b"GET /berita/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        for sock in sockets:
            out = b""
            while block := sock.recv(1 << 16):
                out += block
            assert out.partition(b"\r\n\r\n")[2] == want[1]
            sock.close()
