"""How often one address may send a form: token buckets in bounded memory, on the monotonic clock.

This protects the server's time, not accounts (features/accounts/lockout.py does): a village shares
one address, so a limit here is generous and short, and known devices are not asked at all.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from desa_web.core.clock import Clock
from desa_web.core.errors import TooMany
from desa_web.core.i18n import _

_KEYS = 4096


@dataclass(slots=True)
class RateLimit:
    """`burst` at once, then one every `every_s` seconds, for each key."""

    burst: int
    every_s: float
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str, clock: Clock) -> None:
        """Take one turn. Raises TooMany with the seconds to wait."""
        now = clock.monotonic_s()
        with self._lock:
            left, at = self._buckets.pop(key, (float(self.burst), now))
            left = min(float(self.burst), left + max(0.0, now - at) / self.every_s)
            enough = left >= 1
            self._buckets[key] = (left - 1 if enough else left, now)
            while len(self._buckets) > _KEYS:
                self._buckets.popitem(last=False)
        if not enough:
            wait_s = max(1, round((1 - left) * self.every_s))
            raise TooMany(
                _("Terlalu sering. Tunggu {n} detik, lalu coba lagi.").format(n=wait_s),
                retry_after_s=wait_s,
            )


def address_key(address: str | None) -> str:
    """Return one key for everybody behind one line: an IPv4 address, an IPv6 /64."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
