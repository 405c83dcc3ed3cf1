"""How connections are made, and what it means when they fail.

Names are looked up apart, sockets are made for addresses that may be asked only.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from desa_web.core.clock import Clock, as_utc, suspicion
from desa_web.core.i18n import _
from desa_web.engines.sync.addresses import may_be_asked
from desa_web.engines.sync.unreachable import Reason, Unreachable

_NOT_YET_VALID = 9  # X509_V_ERR_CERT_NOT_YET_VALID
_NO_NETWORK = (errno.ENETUNREACH, errno.ENETDOWN)


class PrivateAddress(OSError):
    """A connection to an address that is not public was about to be made."""


class Resolver(AbstractResolver):
    """Looks names up in threads of its own: dead name servers hold up nobody else's work."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads,
            lambda: socket.getaddrinfo(
                host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            ),
        )
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _type, proto, _name, address in found
        ]  # fmt: skip

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def allowed_socket(info: tuple[Any, ...], *, allow_private: bool) -> socket.socket:
    """Make a socket for a connection that is about to be made to this very address."""
    family, kind, proto, _name, address = info
    if not may_be_asked(str(address[0]), allow_private=allow_private):
        # The same words each time: of several addresses the first one's error is told.
        raise PrivateAddress("not an address to be asked")
    return socket.socket(family=family, type=kind, proto=proto)


def of_error(error: Exception, clock: Clock) -> Unreachable:
    """Return what an error of the connection means."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _of_certificate(error.certificate_error, clock)
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError):
        return Unreachable(Reason.CERTIFICATE)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return of_name(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return of_connecting(error.os_error, clock)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Unreachable(Reason.CLOSED)
    if isinstance(error, TimeoutError):
        return Unreachable(Reason.SLOW)
    if isinstance(error, aiohttp.InvalidURL):
        return Unreachable(Reason.ADDRESS)
    if isinstance(error, aiohttp.ClientResponseError):
        # No HTTP: a status line, header or framing that no web server sends.
        return Unreachable(Reason.STRANGER)
    return Unreachable(Reason.CUT)


def of_name(error: OSError) -> Unreachable:
    """Return what a name that could not be looked up means."""
    return Unreachable(Reason.NETWORK if error.errno == socket.EAI_AGAIN else Reason.DNS)


def of_connecting(error: OSError, clock: Clock) -> Unreachable:
    """Return what a connection that did not come about means."""
    if isinstance(error, PrivateAddress):
        return Unreachable(Reason.PRIVATE)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, clock)
    if isinstance(error, ssl.SSLError):
        return Unreachable(Reason.CERTIFICATE)
    return Unreachable(Reason.NETWORK if error.errno in _NO_NETWORK else Reason.CLOSED)


def _of_certificate(error: Exception, clock: Clock) -> Unreachable:
    """In 1970 no certificate is valid yet: that is said of the clock, not of the village."""
    now_ms = clock.now_ms()
    is_early = getattr(error, "verify_code", 0) == _NOT_YET_VALID
    if suspicion(now_ms, None) is None and not is_early:
        return Unreachable(Reason.CERTIFICATE)
    sentence = _(
        "Jam komputer salah (tahun {year}), jadi sambungan aman tidak bisa dibuka. "
        "Setel tanggal dan jam, lalu coba lagi."
    )
    return Unreachable(Reason.CLOCK, sentence.format(year=as_utc(now_ms).year))
