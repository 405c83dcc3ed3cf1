"""A bad line between a client and a server: slow, and cut whenever the test says.

    with SlowLink(port, bytes_per_s=2000, cut_after=[5_000, 12_345]) as link:
        client("http://127.0.0.1:%d" % link.port)

A real TCP proxy. `cut_after` are counts of bytes towards the server: when that many have passed
since the last cut, every open connection is reset, in the middle of whatever is under way. The
bytes that the server has not seen by then are lost.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

# SO_LINGER with zero seconds: close sends RST, as a lost signal looks after a while.
_RESET = struct.pack("ii", 1, 0)


class SlowLink:
    """Forwards 127.0.0.1:`port` to the server's port."""

    def __init__(
        self, server_port: int, *, bytes_per_s: float = 0, cut_after: Sequence[int] = ()
    ) -> None:
        self._server_port = server_port
        self._bytes_per_s = bytes_per_s
        self._cuts = list(cut_after)
        self._since_cut = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopping = False
        self.sent_up = 0
        self.cuts_done = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping = True
        # Closing alone does not wake a thread in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset_all()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            for source, target, is_up in ((client, server, True), (server, client, False)):
                pump = threading.Thread(
                    target=self._pump, args=(source, target, is_up), daemon=True
                )
                pump.start()

    def _pump(self, source: socket.socket, target: socket.socket, is_up: bool) -> None:
        # Small pieces, so that a cut falls inside headers and parts alike.
        size = 512 if self._bytes_per_s else 4096
        try:
            while data := source.recv(size):
                if self._bytes_per_s:
                    time.sleep(len(data) / self._bytes_per_s)
                allowed = self._count(len(data)) if is_up else len(data)
                target.sendall(data[:allowed])
                if allowed < len(data):
                    self._reset_all()
                    return
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            self._forget(source)

    def _count(self, size: int) -> int:
        """Return how many of these bytes still pass before the next cut."""
        with self._lock:
            if not self._cuts or self._since_cut + size <= self._cuts[0]:
                self._since_cut += size
                self.sent_up += size
                return size
            passing = self._cuts.pop(0) - self._since_cut
            self._since_cut = 0
            self.sent_up += passing
            self.cuts_done += 1
            return max(0, passing)

    def _reset_all(self) -> None:
        with self._lock:
            victims, self._open = self._open, set()
        for victim in victims:
            with suppress(OSError):
                victim.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            # shutdown wakes the other thread that reads from it.
            with suppress(OSError):
                victim.shutdown(socket.SHUT_RDWR)
            victim.close()

    def _forget(self, one: socket.socket) -> None:
        with self._lock:
            known = one in self._open
            self._open.discard(one)
        if known:
            one.close()
