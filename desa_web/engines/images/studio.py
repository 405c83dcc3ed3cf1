"""The engine's door: sends one photo at a time to the helper process and reads the outcome.

Safe to call from any thread of any process. It holds no picture and imports no Pillow; the
helper is started when first needed, leaves by itself when idle, and is started again.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from desa_web.core.errors import storage_error
from desa_web.engines.images.facts import Master, PhotoBusy, PhotoRefused, Reason, Rendition

# Generous: a loaded server is 3 to 8 times slower; the CPU limit of the child is the real one.
WALL_S = 300
# What one photo may take beside the libraries; the largest accepted ones need 420 MB.
MEMORY_BYTES = 450 * 2**20
# An idle helper holds 25 MB and takes 0.2 s to start.
IDLE_S = 60.0

_HELPER = "desa_web.engines.images.child"


class Studio:
    """Turns photos into masters and renditions in a helper process; close it when done.

    `last_usage` tells what the last photo cost: cpu_s, peak_mb, wall_s of its child; `restarts`
    counts helpers that were gone when a photo came.
    """

    def __init__(self, *, memory_bytes: int = MEMORY_BYTES, idle_s: float = IDLE_S) -> None:
        self._memory_bytes = memory_bytes
        self._idle_s = idle_s
        self._lock = Lock()
        self._helper: subprocess.Popen[bytes] | None = None
        self.last_usage: dict[str, float] = {}
        self.restarts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ingest(self, source: Path, master: Path, *, max_edge_px: int | None = 2560) -> Master:
        """Write the photo's master to `master`, atomically and durably, and return its facts.

        Upright, sRGB, JPEG (PNG for graphics and transparency), at most `max_edge_px` on the
        long edge (None: as it is, up to 50 MP), without any metadata. Raises PhotoRefused,
        PhotoBusy, or what core.errors.storage_error makes of a full or failing disk.
        """
        made = self._asked("master", source, master, max_edge_px)["master"]
        taken_on = made.pop("taken_on")
        return Master(**made, taken_on=date.fromisoformat(taken_on) if taken_on else None)

    def renditions(self, photo: Path, folder: Path) -> list[Rendition]:
        """Write the WebP steps and the fallback JPEG into `folder`, largest first.

        Long edges 1600, 1024, 640, 320; a smaller photo's own size is the top; never enlarged.
        Raises as `ingest` does.
        """
        made = self._asked("renditions", photo, folder, None)["renditions"]
        return [Rendition(**one) for one in made]

    @property
    def helper_pid(self) -> int:
        """The helper's process id; 0 while none is running."""
        return self._helper.pid if self._helper is not None else 0

    def warm(self) -> None:
        """Start the helper now, so that the first photo does not wait for it."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the helper process; the next call starts a new one."""
        with self._lock:
            self._stop()

    def _asked(self, do: str, photo: Path, target: Path, max_edge_px: int | None) -> dict[str, Any]:
        job = {
            "do": do,
            "photo": str(photo.absolute()),
            "target": str(target.absolute()),
            "max_edge_px": max_edge_px,
            "wall_s": WALL_S,
            "memory_bytes": self._memory_bytes,
        }
        with self._lock:
            # Twice: the helper may have just left for idleness, or was killed for memory.
            reply = self._exchanged(job)
            if reply is None:
                self.restarts += 1
                reply = self._exchanged(job)
            if reply is not None:
                self.last_usage = {key: reply.pop(key) for key in ("cpu_s", "peak_mb", "wall_s")}
        return _checked(reply)

    def _exchanged(self, job: dict[str, Any]) -> dict[str, Any] | None:
        helper = self._running()
        if helper.stdin is None or helper.stdout is None:
            return None
        try:
            helper.stdin.write(json.dumps(job).encode() + b"\n")
            line = _line(helper.stdout.fileno(), WALL_S + 30)
        except OSError:
            line = b""
        except BaseException:
            # An interrupted exchange would leave its reply for the next photo.
            self._stop()
            raise
        if not line:
            self._stop()
            return None
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _running(self) -> subprocess.Popen[bytes]:
        if self._helper is not None and self._helper.poll() is None:
            return self._helper
        self._stop()
        self._helper = subprocess.Popen(  # noqa: S603
            [sys.executable, "-W", "ignore", "-m", _HELPER, str(self._idle_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=_environment(),
        )
        return self._helper

    def _stop(self) -> None:
        helper, self._helper = self._helper, None
        if helper is None:
            return
        for stream in (helper.stdin, helper.stdout):
            if stream is not None:
                stream.close()
        try:
            helper.wait(timeout=2)
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.wait()


def _environment() -> dict[str, str]:
    return os.environ | {
        # The program may run from a folder that is on sys.path only (vendor/, a bare checkout).
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).parents[3]), *(entry for entry in sys.path if entry)]
        ),
        # One heap, and pictures in maps of their own: freed memory goes back to the system.
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": str(2**20),
        "MALLOC_TRIM_THRESHOLD_": str(2**20),
    }


def _line(descriptor: int, timeout_s: float) -> bytes:
    """Return one line, b"" when the other end closed or the time is over."""
    parts = b""
    deadline = time.monotonic() + timeout_s
    # poll: select() cannot wait for descriptors above 1023.
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    while not parts.endswith(b"\n"):
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return b""
        part = os.read(descriptor, 65536)
        if not part:
            return b""
        parts += part
    return parts


def _checked(reply: dict[str, Any] | None) -> dict[str, Any]:
    """Return the reply of a photo that worked out; raise what the others mean."""
    if reply is None:
        raise PhotoBusy
    if "refused" in reply:
        raise PhotoRefused(Reason(reply["refused"]))
    if "failed" in reply:
        failures = {"too_hard": Reason.TOO_HARD, "damaged": Reason.DAMAGED}
        if reply["failed"] in failures:
            raise PhotoRefused(failures[reply["failed"]])
        raise PhotoBusy
    if "errno" in reply:
        error = OSError(reply["errno"], reply["error"])
        raise storage_error(error) or error
    if "bug" in reply:
        raise RuntimeError(reply["bug"])
    return reply
