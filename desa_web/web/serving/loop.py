"""The guarded waitress server: epoll loop, accepting, maintenance, stopping.

waitress asks every connection at every turn of its loop; here only those whose wishes can have
changed are asked, so that a thousand idle ones cost nothing. What a connection may do is in
channel.py.
"""

import contextlib
import logging
import select
import time
from dataclasses import dataclass
from typing import Any

from waitress import wasyncore
from waitress.server import TcpWSGIServer
from waitress.wasyncore import readwrite

from desa_web.engines.pages import PageStore
from desa_web.web.serving.channel import GuardedChannel

log = logging.getLogger("desa_web.server")

_IDLE = select.POLLIN | select.POLLPRI
# Connections taken at one turn: a flood of them must not starve the others.
_ACCEPTS = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a client may take. From `crowded_share` of the connections on, it is less."""

    connections: int = 1_200
    header_s: float = 10.0
    idle_s: float = 30.0
    # After this long a body must come, and an answer be read, at this many bytes per second.
    grace_s: float = 60.0
    min_rate: float = 256.0
    crowded_share: float = 0.8
    crowded_s: float = 5.0
    # Answers waiting for slow readers, all together.
    output_bytes: int = 16 << 20


class GuardedServer(TcpWSGIServer):  # type: ignore[misc]
    """One listening socket. `break_fast_path` is the circuit breaker."""

    channel_class = GuardedChannel

    def __init__(
        self,
        application: Any,
        *,
        store: PageStore,
        limits: Limits,
        hosts: frozenset[str],
        private_cookies: tuple[bytes, ...],
        fast: bool,
        **arguments: Any,
    ) -> None:
        self.store = store
        self.limits = limits
        self.hosts = hosts
        self.private_cookies = private_cookies
        self.is_fast = fast
        # The date header is the same for a whole second.
        self.date_at, self.date = 0, b""
        # Descriptors whose wishes may have changed without an event on them.
        self.restless: set[int] = set()
        self._stop_by: float | None = None
        self._epoll: Any = None
        super().__init__(application, **arguments)

    def break_fast_path(self, error: Exception) -> None:
        """After an error nobody foresaw everything goes through WSGI; said once."""
        if self.is_fast:
            self.is_fast = False
            log.error("the fast path is off until the next start", exc_info=error)

    def stop(self, grace_s: float = 10.0) -> None:
        """Ask the loop to end: no new connection, and this long for answers under way.

        May be called from any thread and from a signal handler.
        """
        self._stop_by = time.monotonic() + grace_s
        self.pull_trigger()

    def run(self) -> None:
        """Serve until stop()."""
        try:
            if hasattr(select, "epoll"):
                self._run_epoll()
            else:
                while self._goes_on():
                    wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)
        except (SystemExit, KeyboardInterrupt):
            log.info("interrupted")
        finally:
            self.task_dispatcher.shutdown(timeout=5)
            wasyncore.close_all(self._map, ignore_all=True)

    def _run_epoll(self) -> None:
        epoll = self._epoll = select.epoll()
        known: dict[int, tuple[Any, int]] = {}
        # The listening socket and the trigger are asked at every turn.
        always = {fd for fd, it in self._map.items() if not isinstance(it, GuardedChannel)}
        try:
            while self._goes_on():
                self.restless |= always
                self._update(epoll, known)
                for fd, flags in epoll.poll(self.adj.asyncore_loop_timeout):
                    it = self._map.get(fd)
                    before = known.get(fd)
                    # A number that was closed and given again in this turn is somebody else.
                    if it is None or before is None or before[0] is not it:
                        continue
                    readwrite(it, flags)
                    # Answered on the fast path and idle again, as it is registered: nothing to ask.
                    if before[1] != _IDLE or fd in always or it.has_wishes:
                        self.restless.add(fd)
        finally:
            self._epoll = None
            epoll.close()

    def unwatch(self, fd: int) -> None:
        """Forget a connection before it closes.

        A child process that is just being started holds a copy of it for a moment: without this
        its last events would be taken for those of whoever gets the same number next.
        """
        if self._epoll is not None:
            with contextlib.suppress(OSError, ValueError):
                self._epoll.unregister(fd)

    def _update(self, epoll: "select.epoll", known: dict[int, tuple[Any, int]]) -> None:
        for fd in list(self.restless):
            it = self._map.get(fd)
            flags = 0
            if it is not None:
                flags = _IDLE if it.readable() else 0
                if it.writable() and not it.accepting:
                    flags |= select.POLLOUT
            if it is None or self._map.get(fd) is not it:
                known.pop(fd, None)
                self.restless.discard(fd)
                continue
            before = known.get(fd)
            if before is None or before[0] is not it:
                epoll.register(fd, flags)
            elif before[1] != flags:
                epoll.modify(fd, flags)
            known[fd] = it, flags
            # Only an event can change these two; a task under way can change all others. Asked in
            # this order: a task may send the last of its output just before it ends, and a full
            # socket would then never tell us to look at the next request.
            sends = flags == select.POLLOUT and not it.requests and it.total_outbufs_len
            if flags == _IDLE or sends:
                self.restless.discard(fd)

    def _goes_on(self) -> bool:
        if self._stop_by is None:
            return True
        if self.accepting:
            wasyncore.dispatcher.close(self)
        for channel in list(self.active_channels.values()):
            if not channel.requests and not channel.total_outbufs_len:
                channel.handle_close()
        return bool(self.active_channels) and time.monotonic() < self._stop_by

    def handle_accept(self) -> None:
        for _ in range(_ACCEPTS):
            before = len(self._map)
            if before >= self.adj.connection_limit:
                return
            try:
                super().handle_accept()
            except Exception:
                # Never let one bad connection close the listening socket.
                log.exception("accepting a connection failed")
                return
            if len(self._map) == before:
                return

    def maintenance(self, now: float) -> None:
        """Close who has used up the time; called about once a second by the loop."""
        try:
            self._enforce(now, time.monotonic())
        except Exception:
            log.exception("maintenance failed")

    def _enforce(self, now: float, monotonic: float) -> None:
        limits = self.limits
        crowded = len(self._map) > limits.connections * limits.crowded_share
        idle_s = limits.crowded_s if crowded else limits.idle_s
        header_s = min(limits.crowded_s, limits.header_s) if crowded else limits.header_s
        waiting: list[GuardedChannel] = []
        for fd, channel in list(self.active_channels.items()):
            if channel.has_wishes:
                self.restless.add(fd)
            idle_since = channel.idle_since()
            if channel.is_overdue(monotonic, header_s):
                channel.abort()
            elif channel.will_close or (idle_since is not None and now - idle_since > idle_s):
                channel.handle_close()
            elif channel.total_outbufs_len:
                waiting.append(channel)
        self._bound_output(waiting)

    def _bound_output(self, waiting: list[GuardedChannel]) -> None:
        # Bytes of a kept page or a file are shared and cost nothing: only copies count.
        held = {channel: channel.held_output_bytes() for channel in waiting}
        total = sum(held.values())
        for channel in sorted(waiting, key=held.__getitem__, reverse=True):
            if total <= self.limits.output_bytes:
                return
            total -= held[channel]
            channel.abort()
