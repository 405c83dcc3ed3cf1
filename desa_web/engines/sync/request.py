"""What a client is asked to ask, and what it may do: values, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desa_web.core.clock import Clock

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. stays: more is asked of this host at once, so the connection is kept."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    timeout_s: float = 60
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may do, and how long it waits."""

    allow_private: bool
    agent: str
    max_open: int
    connect_s: float
    stall_s: float
    tls: ssl.SSLContext | None
    clock: Clock


def may_be_port(port: int, limits: Limits) -> bool:
    """Is this a port of a web site? Mail and other old services are not talked to in HTTP."""
    return limits.allow_private or port in (80, 443) or port >= 1024
