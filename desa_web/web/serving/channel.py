"""One connection, guarded: one request at a time, little unread input, bounded output, deadlines.

Also the door to the fast path (fastpath.py), which answers before any task is made.
"""

import contextlib
import fcntl
import logging
import socket
import struct
import termios
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
    # When a byte of a request came last.
    _came_at = 0.0
    # All that was given to the kernel, and how much of it the reader had taken when last asked.
    _sent_bytes = 0
    _taken_bytes = 0
    _taken_at = 0.0
    # When output began to wait for the reader, and what he had taken by then.
    _waiting_since = 0.0
    _taken_before = 0

    def add_channel(self, map: Any = None) -> None:
        super().add_channel(map)
        self.server.restless.add(self._fileno)

    def del_channel(self, map: Any = None) -> None:
        # Closed twice: by a failed write, then by the event of the same reset.
        if self._fileno is not None:
            self.server.unwatch(self._fileno)
        super().del_channel(map)

    def handle_read(self) -> None:
        try:
            data = self.recv(self.adj.recv_bytes)
        except BlockingIOError:
            # An event without data is nobody's fault; waitress would close the connection.
            return
        except OSError:
            self.handle_close()
            return
        if data:
            self.last_activity = time.time()
            self.received(data)
        else:
            self.connected = False

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
        return count

    def received(self, data: bytes) -> bool:
        self._held = self._held + data if self._held else data
        self._came_bytes += len(data)
        self._came_at = time.monotonic()
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
            return self._keeps_us_waiting(now)
        self._waiting_since = 0.0
        if self.request is None or not self._began_at or self.requests:
            return False
        age = now - self._began_at
        if not self.request.headers_finished:
            return age > header_s
        if age <= self.server.limits.grace_s:
            return False
        slow = self._is_slow(age, self._came_bytes)
        self._began_at, self._came_bytes = self._came_at, 0
        return slow

    def _keeps_us_waiting(self, now: float) -> bool:
        """Does the reader take less than the least rate? Asked about once a second.

        Only what the other side has acknowledged counts. What the kernel takes from us says
        nothing: it takes more whenever memory is freed, for instance by closing other attackers.
        """
        taken = self._sent_bytes - self._unacknowledged_bytes()
        if not self._waiting_since:
            self._waiting_since, self._taken_before = now, taken
            self._taken_bytes, self._taken_at = taken, now
        if taken > self._taken_bytes:
            self._taken_bytes, self._taken_at = taken, now
        age = now - self._waiting_since
        if age <= self.server.limits.grace_s:
            return False
        slow = self._is_slow(age, taken - self._taken_before)
        # Window by window, each from the last byte that was taken: a burst is no credit for later.
        self._waiting_since, self._taken_before = self._taken_at, taken
        return slow

    def _unacknowledged_bytes(self) -> int:
        """Bytes that the kernel holds for this reader (SIOCOUTQ)."""
        try:
            answer = fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (OSError, AttributeError):
            return 0
        return int(struct.unpack("i", answer)[0])

    def _is_slow(self, age_s: float, moved_bytes: int) -> bool:
        return moved_bytes < age_s * self.server.limits.min_rate
