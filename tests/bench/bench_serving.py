"""CPU per request of a kept page, beside a bare WSGI hello on stock waitress and beside nginx.

    python tests/bench/bench_serving.py [--requests 4000] [--rounds 3]

All servers run at the same time and are asked in turns, with 8 keep-alive connections and the
headers of a browser; CPU is the server processes' own, from the scheduler. Gates nothing.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 8
TARGET = "/berita/air-bersih"
HEADERS = (
    "Host: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36\r\n"
    "Accept: text/html,application/xhtml+xml\r\nAccept-Language: id,en;q=0.7\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
)

HELLO = """
import logging, waitress
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]
server = waitress.create_server(app, host="127.0.0.1", port=0)
print(server.effective_port, flush=True)
server.run()
"""
OURS = """
import sys
from pathlib import Path
from desa_web.engines.pages import Page, PageStore
from desa_web.web.server import Options, serve
store = PageStore(Path(sys.argv[1]), "bench")
words = "air bersih warga desa posyandu balai jalan sawah pasar batik sungai".split()
text = "".join(f"<p>{words[n % 11]} {words[n * 7 % 11]} {n}</p>" for n in range(900)).encode()
page = Page.of_body("200 OK", [("Content-Type", "text/html; charset=utf-8")], text)
store.put("/berita/air-bersih", page, {"menu"}, store.generation())
def app(environ, start):
    total = sum(n * n for n in range(40_000))
    start("200 OK", [("Content-Type", "text/plain")])
    return [str(total).encode()]
serve(app, store, host="127.0.0.1", port=0, options=Options(fast=sys.argv[2] == "fast"),
      on_ready=lambda host, port: print(port, flush=True))
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr error; {user}
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  types {{ text/html html; }}
  {temporary}
  server {{ listen 127.0.0.1:{port} backlog=1024; gzip_static on; root {root};
    location / {{ try_files $uri@.html =404; }} }}
}}
"""


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    port: int
    pids: tuple[int, ...]

    def cpu_s(self) -> float:
        """CPU of all threads, from the scheduler's own count in nanoseconds."""
        total = 0
        for pid in self.pids:
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory_mb(self) -> float:
        pages = 0
        for pid in self.pids:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def python_server(name: str, program: str, *arguments: str) -> Iterator[Target]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MALLOC_ARENA_MAX": "1"},
    )
    try:
        assert process.stdout is not None
        yield Target(name, int(process.stdout.readline()), (process.pid,))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def nginx_server(public: Path, folder: Path) -> Iterator[Target]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        NGINX.format(folder=folder, port=port, root=public, user=user, temporary=temporary)
    )
    process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)])
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (workers := children.read_text().split()):
            time.sleep(0.01)
        yield Target("nginx", port, tuple(int(pid) for pid in workers))
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(10)


class Client:
    """Keep-alive connections that ask in turns."""

    def __init__(self, port: int, target: str, connections: int = CONNECTIONS) -> None:
        self._request = f"GET {target} HTTP/1.1\r\n{HEADERS}\r\n".encode()
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        for sock in self._sockets:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, requests: int) -> None:
        for _ in range(requests // len(self._sockets)):
            for sock in self._sockets:
                sock.sendall(self._request)
            for sock in self._sockets:
                self._read(sock)

    def latencies_s(self, requests: int) -> list[float]:
        taken = []
        for _ in range(requests):
            began = time.perf_counter()
            self._sockets[0].sendall(self._request)
            self._read(self._sockets[0])
            taken.append(time.perf_counter() - began)
        return taken

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _read(self, sock: socket.socket) -> None:
        data = sock.recv(1 << 16)
        head, _, body = data.partition(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise RuntimeError(head.decode("latin-1"))
        lowered = head.lower()
        if b"content-length" not in lowered:
            raise RuntimeError("no length")
        length = int(lowered.split(b"content-length: ")[1].split(b"\r\n")[0])
        missing = length - len(body)
        while missing > 0:
            missing -= len(sock.recv(missing))


def cpu_us(target: Target, client: Client, requests: int) -> float:
    began = target.cpu_s()
    client.ask(requests)
    return (target.cpu_s() - began) / requests * 1e6


def busy_p50_ms(target: Target, seconds: float = 3.0) -> tuple[float, float]:
    """p50 and p99 of a kept page while 4 connections keep uncached pages busy."""
    stop = threading.Event()

    def keep_busy() -> None:
        client = Client(target.port, "/dinamis", 1)
        while not stop.is_set():
            client.latencies_s(1)
        client.close()

    threads = [threading.Thread(target=keep_busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    reader = Client(target.port, TARGET, 1)
    taken: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        taken += reader.latencies_s(20)
    stop.set()
    for thread in threads:
        thread.join()
    reader.close()
    return statistics.median(taken) * 1000, statistics.quantiles(taken, n=100)[98] * 1000


@contextmanager
def targets(folder: Path) -> Iterator[dict[str, Target]]:
    with ExitStack() as stack:
        running = {"hello": stack.enter_context(python_server("hello", HELLO))}
        for mode in ("fast", "wsgi"):
            place = folder / mode
            running[mode] = stack.enter_context(python_server(mode, OURS, str(place), mode))
        if shutil.which("nginx"):
            (folder / "nginx").mkdir()
            public = folder / "fast" / "public"
            running["nginx"] = stack.enter_context(nginx_server(public, folder / "nginx"))
        yield running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, targets(Path(name)) as running:
        costs: dict[str, list[float]] = {key: [] for key in running}
        clients = {
            key: Client(target.port, "/" if key == "hello" else TARGET)
            for key, target in running.items()
        }
        for key, client in clients.items():
            cpu_us(running[key], client, 400)
        for _ in range(options.rounds):
            for key, client in clients.items():
                costs[key].append(cpu_us(running[key], client, options.requests))
        for client in clients.values():
            client.close()
        middle = {key: statistics.median(values) for key, values in costs.items()}
        for key, value in middle.items():
            print(f"{key:6} {value:7.1f} us CPU a request, {running[key].memory_mb():5.1f} MB")
        print(f"fast / hello {middle['fast'] / middle['hello']:.2f}   (promised <= 0.3)")
        print(f"wsgi / hello {middle['wsgi'] / middle['hello']:.2f}   (promised <= 1.1)")
        if "nginx" in middle:
            print(f"fast / nginx {middle['fast'] / middle['nginx']:.2f}   (promised <= 2)")
        else:
            print("nginx is not installed: not compared")
        busy = {key: busy_p50_ms(running[key]) for key in ("fast", "wsgi")}
        for key, (half, most) in busy.items():
            print(f"{key}: p50 {half:.2f} ms, p99 {most:.2f} ms while 4 connections compute")
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"cpu_us": middle, "busy_p50_ms": busy}))


if __name__ == "__main__":
    main()
