"""Do photos that come in slow readers down? 50 readers, idle and during a burst of 100 photos.

    python -m tests.bench.bench_burst [--readers 50] [--photos 100] [--senders 4] [--edge 3000]

One real `desa serve` with its followers inside. Readers ask for pages and pictures every quarter
of a second on connections they keep; senders upload distinct JPEGs by tus as fast as they are
taken. The run ends when all renditions are there. Readers are a process of their own, so that
they measure the server and not the senders. Prints readers' p50 and p95 in both phases and their
ratio, the server's memory before, at its peak and after, and what became of the photos. Gates
nothing; on a machine that others load, idle is as noisy as the burst.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import multiprocessing
import os
import re
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from desa_web.core.actor import Role, operator
from desa_web.core.clock import SystemClock
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.accounts import sessions
from desa_web.features.media import library, service
from desa_web.features.media.library import Filter
from desa_web.features.media.renditions import renditions
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from tests.harness.photos import photo_file
from tests.harness.site import actor_as, make_site, running

PAUSE_S = 0.25
IDLE_S = 12.0


@dataclass
class Phase:
    """What readers met: seconds a request, and how many failed."""

    waits_s: list[float] = field(default_factory=list)
    failed: int = 0

    def ms(self, share: float) -> float:
        ordered = sorted(self.waits_s)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Readers:
    """Readers on connections they keep; `phase` is where their waits go now."""

    def __init__(self, port: int, paths: list[str]) -> None:
        self._port, self._paths = port, paths
        self.phase = Phase()
        self.stopping = False

    async def run(self, count: int, orders: Connection) -> None:
        """Read until told to stop; each order names the phase that begins."""
        tasks = [asyncio.create_task(self._read(n)) for n in range(count)]
        found: dict[str, Phase] = {}
        while not self.stopping:
            await asyncio.sleep(0.05)
            if orders.poll():
                name = orders.recv()
                self.phase = found[name] = Phase()
                self.stopping = name == "stop"
        await asyncio.gather(*tasks)
        orders.send(found)

    async def _read(self, number: int) -> None:
        await asyncio.sleep(number * PAUSE_S / 50)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        at = number
        while not self.stopping:
            path = self._paths[at % len(self._paths)]
            at += 1
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            try:
                status = await _answer(reader)
            except (OSError, asyncio.IncompleteReadError):
                status = 0
            self.phase.waits_s.append(time.perf_counter() - began)
            self.phase.failed += status not in (200, 304)
            if not status:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            await asyncio.sleep(PAUSE_S)
        writer.close()


def _read_elsewhere(port: int, paths: list[str], count: int, orders: Connection) -> None:
    asyncio.run(Readers(port, paths).run(count, orders))


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head.split()[1])


async def _ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = {"Host": "127.0.0.1", "Tus-Resumable": "1.0.0", "Content-Length": str(len(body))}
    text = "".join(f"{name}: {value}\r\n" for name, value in {**lines, **headers}.items())
    writer.write(f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode() + body)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head


async def _send(port: int, cookie: str, todo: list[bytes]) -> None:
    while todo:
        data = todo.pop()
        wish = {"Cookie": cookie, "Upload-Length": str(len(data))}
        made = await _ask(port, "POST", "/api/v1/uploads", wish, b"")
        found = re.search(rb"(?i)location: (\S+)", made)
        assert found is not None, made
        url, offset = found[1].decode(), 0
        while offset < len(data):
            part = data[offset : offset + 262_144]
            headers = {
                "Cookie": cookie,
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            }
            done = await _ask(port, "PATCH", url, headers, part)
            if b" 204 " not in done.split(b"\r\n")[0]:
                await asyncio.sleep(3)
                head = await _ask(port, "HEAD", url, {"Cookie": cookie}, b"")
                found = re.search(rb"(?i)upload-offset: (\d+)", head)
                # A 503 again: its turn has not come; all bytes are there.
                offset = int(found[1]) if found else offset
                if offset == len(data) and b"Desa-Photo" not in head:
                    offset = len(data) - 1
                continue
            offset += len(part)


def _photos(count: int, edge_px: int) -> list[bytes]:
    base = Image.effect_noise((edge_px // 8, edge_px // 12), 70).resize(
        (edge_px, edge_px * 2 // 3), Image.Resampling.BICUBIC
    )
    base = base.convert("RGB")
    made = []
    for number in range(count):
        base.paste(Image.effect_noise((64, 64), 90).convert("RGB"), (number * 7 % edge_px, 20))
        out = io.BytesIO()
        base.save(out, "JPEG", quality=90)
        made.append(out.getvalue())
    return made


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _filled(site: Site, folder: Path) -> list[str]:
    boss = operator(site)
    paths = ["/", "/berita/", "/galeri/"]
    for number in range(20):
        kept = service.add(boss, photo_file(folder, number, (900, 600)), caption="Warga.")
        body = f'<p>{"Warga bekerja bakti. " * 80}</p><figure data-foto="{kept.id}"></figure>'
        made = news.create(boss, Text(title=f"Kabar ke-{number}", body=body))
        news.publish_now(boss, made.id)
        paths.append(f"/berita/{made.slug}")
    return paths


async def _run(options: argparse.Namespace, site: Site, pid: int, port: int, cookie: str,
               orders: Connection, todo: list[bytes]) -> None:  # fmt: skip
    await asyncio.sleep(2)
    orders.send("idle")
    before_mb = _rss_mb(pid)
    await asyncio.sleep(IDLE_S)
    orders.send("burst")
    began, peak_mb, size = time.perf_counter(), before_mb, sum(map(len, todo))
    # Phones have processors of their own: here they take what the server and its readers leave.
    os.nice(19)
    senders = [asyncio.create_task(_send(port, cookie, todo)) for _ in range(options.senders)]
    shelf = renditions(site)
    count = 0
    while count < options.photos + 20:
        await asyncio.sleep(0.5)
        peak_mb = max(peak_mb, _rss_mb(pid))
        photos = library.photos(site, Filter(), limit=10_000).photos
        count = sum(shelf.state(p.master_sha256) is not None for p in photos)
        for sender in senders:
            if sender.done():
                sender.result()
    took = time.perf_counter() - began
    orders.send("stop")
    found: dict[str, Phase] = await asyncio.to_thread(orders.recv)
    print(f"photos        {options.photos} of {size / options.photos / 1e6:.2f} MB in {took:.0f} s")
    idle, burst = found["idle"], found["burst"]
    for name, phase in (("idle", idle), ("burst", burst)):
        print(f"{name:<13} {len(phase.waits_s)} requests, p50 {phase.ms(0.5):.1f} ms, "
              f"p95 {phase.ms(0.95):.1f} ms, failed {phase.failed}")  # fmt: skip
    print(f"p95 ratio     {burst.ms(0.95) / idle.ms(0.95):.1f}")
    print(f"server memory {before_mb:.0f} MB before, {peak_mb:.0f} peak, {_rss_mb(pid):.0f} after")
    print(f"mean wait     {statistics.mean(burst.waits_s) * 1000:.1f} ms in the burst")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--edge", type=int, default=3000, help="long edge of a photo in pixels")
    options = parser.parse_args()
    todo = _photos(options.photos, options.edge)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = make_site(folder, clock=SystemClock(), village_name="Sukamaju")  # type: ignore[arg-type]
        with site.bound():
            paths = _filled(site, folder)
            reporter = actor_as(site, Role.REPORTER)
            person = accounts.user(operator(site), reporter.user_id or "")
            cookie = f"desa_sesi={sessions.start(site, person, description='bench').token}"
            with running("--site", site.path, "serve", "--port", "0") as (process, url):
                port = urlsplit(url).port or 0
                orders, theirs = multiprocessing.Pipe()
                readers = multiprocessing.get_context("spawn").Process(
                    target=_read_elsewhere, args=(port, paths, options.readers, theirs)
                )
                readers.start()
                asyncio.run(_run(options, site, process.pid, port, cookie, orders, todo))
                readers.join()
        site.close()


if __name__ == "__main__":
    main()
