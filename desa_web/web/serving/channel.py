"""One connection, guarded: one request at a time, little unread input, bounded output, deadlines.

Also the door to the fast path (fastpath.py), which answers before any task is made.
"""

import contextlib
import logging
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel

from desa_web.web.serving.fastpath import answer
from desa_web.web.serving.output import Tail
from desa_web.web.serving.parser import StrictParser
from desa_web.web.serving.tasks import KeepAliveTask, PlainErrorTask

if TYPE_CHECKING:
    from desa_web.web.serving.loop import GuardedServer

log = logging.getLogger("desa_web.server")

_DRAIN_BLOCKS, _DRAIN_BYTES = 8, 1 << 16


class GuardedChannel(HTTPChannel):  # type: ignore[misc]
    """HTTPChannel that looks at the next request only when the last answer has left."""

    parser_class = StrictParser
    task_class = KeepAliveTask
    error_task_class = PlainErrorTask
    server: "GuardedServer"
    request: Any = None
    sent_continue = False

    # Bytes received and not looked at yet: at most one recv().
    _held = b""
    # When the unfinished request began (monotonic), and how much of it came.
    _began_at = 0.0
    _came_bytes = 0
    # When output began to wait for the reader, and how much went since.
    _waiting_since = 0.0
    _sent_bytes = 0
    # When a byte came or went last.
    _moved_at = 0.0

    def add_channel(self, map: Any = None) -> None:
        super().add_channel(map)
        self.server.restless.add(self._fileno)

    @property
    def is_busy(self) -> bool:
        """An answer is being made or sent, or the connection is closing."""
        return bool(
            self.requests
            or self.total_outbufs_len
            or self.will_close
            or self.close_when_flushed
            or self.socket is None
        )

    @property
    def has_wishes(self) -> bool:
        """Does the loop have to ask again what to wait for?"""
        return bool(self._held) or self.is_busy

    def readable(self) -> bool:
        if self._held and not self.is_busy:
            # The loop asks outside its own error handling: nothing may get out here.
            try:
                self._pump()
            except Exception:
                log.exception("reading a request failed")
                self.handle_close()
        return not (self._held or self.is_busy)

    def writable(self) -> bool:
        pending = self.total_outbufs_len or self.will_close or self.close_when_flushed
        return bool(pending) and self.socket is not None

    def send(self, data: bytes, do_close: bool = True) -> int:
        count: int = super().send(data, do_close)
        if count:
            self._sent_bytes += count
            self._moved_at = time.monotonic()
        return count

    def received(self, data: bytes) -> bool:
        self._held = self._held + data if self._held else data
        self._came_bytes += len(data)
        self._moved_at = time.monotonic()
        self._pump()
        return True

    def _pump(self) -> None:
        with self.requests_lock:
            while self._held and not self.is_busy:
                if self.request is None:
                    used = answer(self, self._held)
                    if used:
                        self._held = self._held[used:]
                        continue
                    self.request = self.parser_class(self.adj)
                    self._began_at, self._came_bytes = time.monotonic(), len(self._held)
                self._parse()

    def _parse(self) -> None:
        request = self.request
        used = request.received(self._held)
        if request.expect_continue and request.headers_finished and not self.sent_continue:
            self.send_continue()
        self._held = self._held[used:]
        if not request.completed:
            return
        self.sent_continue, self.request, self._began_at = False, None, 0.0
        if not request.empty:
            self.requests.append(request)
            self.server.add_task(self)

    def wait_for_reader(self, tail: Tail) -> None:
        """Queue what the socket did not take at once."""
        with self.outbuf_lock:
            self.outbufs += [tail, OverflowableBuffer(self.adj.outbuf_overflow)]
            self.current_outbuf_count = 0
            self.total_outbufs_len += len(tail)

    def finish(self) -> None:
        """Close as soon as everything has left."""
        if self.socket is not None:
            if self.total_outbufs_len:
                self.close_when_flushed = True
            else:
                self.handle_close()

    def handle_close(self) -> None:
        # Unread input turns the close into a reset, and the client may lose our last answer.
        with contextlib.suppress(OSError):
            for _ in range(_DRAIN_BLOCKS):
                if self.socket is None or not self.socket.recv(_DRAIN_BYTES):
                    break
        super().handle_close()

    def abort(self) -> None:
        """Close with a reset: the kernel lets go of what this client never read."""
        with contextlib.suppress(OSError):
            if self.socket is not None:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        super().handle_close()

    def held_output_bytes(self) -> int:
        """Waiting output that is ours alone: neither a kept page nor a file."""
        with self.outbuf_lock:
            return sum(len(out) for out in self.outbufs if isinstance(out, OverflowableBuffer))

    def idle_since(self) -> float | None:
        """Wall time since when nothing is going on; None while something is."""
        if self.request is not None or self._held or self.is_busy:
            return None
        return float(self.last_activity)

    def is_overdue(self, now: float, header_s: float) -> bool:
        """Has the client used up its time for headers, body or reading? `now` is monotonic."""
        if self.total_outbufs_len:
            if not self._waiting_since:
                self._waiting_since, self._sent_bytes = now, 0
            if now - self._waiting_since <= self.server.limits.grace_s:
                return False
            # Window by window, each from the last byte that moved: what went at once into the
            # kernel's buffers is no credit for later.
            slow = self._is_slow(now - self._waiting_since, self._sent_bytes)
            self._waiting_since, self._sent_bytes = self._moved_at, 0
            return slow
        self._waiting_since = 0.0
        if self.request is None or not self._began_at or self.requests:
            return False
        age = now - self._began_at
        if not self.request.headers_finished:
            return age > header_s
        if age <= self.server.limits.grace_s:
            return False
        slow = self._is_slow(age, self._came_bytes)
        self._began_at, self._came_bytes = self._moved_at, 0
        return slow

    def _is_slow(self, age_s: float, moved_bytes: int) -> bool:
        return moved_bytes < age_s * self.server.limits.min_rate
