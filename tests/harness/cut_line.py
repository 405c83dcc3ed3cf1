"""A line between a village that pushes and its hub that breaks where a test says, in threads.

with CutLine(port) as line:
    line.cut(up=812)                    the next connection dies after 812 bytes to the hub
    line.cut(down=100)                  … after 100 bytes of the hub's answer
    line.url; line.up; line.down        bytes that passed since `cut`

What was cut never arrives; both ends see a reset. Later connections are whole.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)


class CutLine:
    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._ends: list[socket.socket] = []
        self._limits: dict[str, int | None] = {"up": None, "down": None}
        self._lock = threading.Lock()
        self.up = self.down = 0
        self.is_cut = False

    def aim(self, port: int) -> None:
        """Lead to another port: the hub was started again."""
        self._port = port

    def cut(self, *, up: int | None = None, down: int | None = None) -> None:
        """Break the next connection there; forget what passed."""
        with self._lock:
            self._limits = {"up": up, "down": down}
            self.up = self.down = 0
            self.is_cut = False

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A socket that is only closed leaves accept() waiting.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, work: object, *values: object) -> None:
        thread = threading.Thread(target=work, args=values, daemon=True)  # type: ignore[arg-type]
        self._threads = [t for t in self._threads if t.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._port), timeout=20)
            except OSError:
                _reset(near)
                near.close()
                continue
            self._ends = [end for end in self._ends if end.fileno() >= 0]
            for end in (near, far):
                self._ends.append(end)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._carry, near, far, "up")
            self._start(self._carry, far, near, "down")

    def _carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        try:
            while data := source.recv(65536):
                part, is_end = self._passing(way, data)
                sink.sendall(part)
                if is_end:
                    _reset(source)
                    _reset(sink)
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _passing(self, way: str, data: bytes) -> tuple[bytes, bool]:
        """Return what of `data` gets through, and whether the line breaks then."""
        with self._lock:
            passed: int = getattr(self, way)
            limit = self._limits[way]
            is_end = limit is not None and passed + len(data) >= limit
            part = data[: limit - passed] if is_end and limit is not None else data
            setattr(self, way, passed + len(part))
            if is_end:
                self._limits = {"up": None, "down": None}
                self.is_cut = True
            return part, is_end


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
