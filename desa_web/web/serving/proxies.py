"""X-Forwarded-For, -Proto and -Host, believed only from proxies the operator named."""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from desa_web.web.serving.parser import is_host_allowed

_FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_BY",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies:
    """WSGI middleware: after it REMOTE_ADDR, scheme and Host are the reader's.

    `proxies` are addresses or networks. From anybody else the headers are removed unread.
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        proxies: Iterable[str],
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._networks = tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)
        self._hosts = hosts

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        forwarded = {name: environ.pop(name) for name in _FORWARDED if name in environ}
        if forwarded and self._is_trusted(environ.get("REMOTE_ADDR", "")):
            self._believe(environ, forwarded)
        return self._app(environ, start)

    def _believe(self, environ: dict[str, Any], forwarded: dict[str, str]) -> None:
        hops = [hop.strip() for hop in forwarded.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        # From the right: the first that is not a proxy of ours is the reader.
        for hop in reversed([hop for hop in hops if hop]):
            address = _address(hop)
            if address is None:
                break
            environ["REMOTE_ADDR"] = environ["REMOTE_HOST"] = str(address)
            if not self._is_trusted(str(address)):
                break
        scheme = forwarded.get("HTTP_X_FORWARDED_PROTO", "").strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        host = forwarded.get("HTTP_X_FORWARDED_HOST", "").strip()
        if host and is_host_allowed(host, self._hosts):
            environ["HTTP_HOST"] = host

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> _Address | None:
    """Read "1.2.3.4", "1.2.3.4:5", "::1" or "[::1]:5"."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A v4 reader on a v6 socket is the same reader.
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
