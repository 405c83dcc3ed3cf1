"""The village's line to its hub: JSON there and back, refusals as the hub says them.

    with asyncio.Runner() as runner: runner.run(work())          one loop, in a thread apart
    async with line(site, "https://media.kab.go.id") as hub: reply = await hub.tell("pair", {...})

Failures of the way are `Unreachable` with their sentence; what the hub itself refuses is
`HubRefused`, with the hub's own code and sentence. A page of somebody else with status 200 is
neither: it is not taken for an answer.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from desa_web import __version__
from desa_web.core.errors import DesaError
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.sync.client import Answer, Client, Reason, Unreachable

# Over 2 KB/s a part of 256 KiB would take longer: parts get smaller first.
_TIMEOUT_S = 150
_MAX_REPLY_BYTES = 2 << 20
_REFUSALS = tuple(range(400, 600))
_SENTENCE_MAX = 400
# Refusals of the hub that stand in their own words whatever their status.
_OWN_WORDS = ("sumber-dijeda", "terlalu-sering")


class HubRefused(DesaError):
    """The hub answered, and said no; `hub_code` is its stable code."""

    code = "kominfo-menolak"
    status = 502

    def __init__(self, message: str, hub_code: str, retry_after_s: int = 0) -> None:
        super().__init__(message, hub_code=hub_code)
        self.hub_code = hub_code
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Line:
    """An open line to one hub; `token` is "" before pairing."""

    client: Client
    address: str
    token: str = ""

    async def tell(self, path: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a JSON object to /sync/v1/<path> and return the answer."""
        body = json.dumps(message, ensure_ascii=False).encode()
        return as_object(await self.send("POST", path, body, {"Content-Type": "application/json"}))

    async def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send bytes and return the answer. Raises Unreachable, HubRefused."""
        asked = {"Accept": "application/json", **(headers or {})}
        if self.token:
            asked["Authorization"] = f"Bearer {self.token}"
        answer = await self.client.send(
            method, f"{self.address}/sync/v1/{path}", body, headers=asked,
            max_bytes=_MAX_REPLY_BYTES, timeout_s=_TIMEOUT_S, accept=_REFUSALS,
        )  # fmt: skip
        if answer.status >= 400:
            raise _refusal(answer)
        return answer


@asynccontextmanager
async def line(site: Site, address: str, token: str = "") -> AsyncIterator[Line]:
    """Open a line to the hub at `address`. A person chose the address, so it may be a near one."""
    agent = f"desa-web/{__version__}"
    async with Client(allow_private=True, agent=agent, clock=site.clock) as client:
        yield Line(client, address, token)


def as_object(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer of protocol 1. Raises Unreachable for anything else."""
    try:
        value = json.loads(answer.body.decode())
    except (ValueError, RecursionError) as error:
        raise Unreachable(Reason.STRANGER) from error
    if not isinstance(value, dict) or value.get("v") != 1:
        raise Unreachable(Reason.STRANGER)
    return value


def _refusal(answer: Answer) -> DesaError:
    retry_after_s = _seconds(answer.headers.get("Retry-After", ""))
    try:
        error = json.loads(answer.body.decode())["error"]
        code, message = error["code"], error["message"]
    except (ValueError, RecursionError, KeyError, TypeError):
        code, message = "", ""
    if not isinstance(code, str) or not isinstance(message, str) or not code or not message:
        return _of_status(answer.status, retry_after_s)
    if answer.status in (429, 503) and code not in _OWN_WORDS:
        return Unreachable(Reason.BUSY, retry_after_s=retry_after_s, http_status=answer.status)
    if code == "ruang-penuh":
        # The hub's own sentence is for who looks after the hub.
        message = _("Ruang di server Kominfo habis, jadi kiriman ditunda. Tidak ada yang hilang.")
    elif answer.status >= 500 and code not in _OWN_WORDS:
        return _of_status(answer.status, retry_after_s)
    return HubRefused(_said(message), code[:60], retry_after_s)


def _said(message: str) -> str:
    """Return a hub's sentence as plain text of one line."""
    text = " ".join(message.split())[:_SENTENCE_MAX]
    return text if text.isprintable() else _("Kominfo menolak kiriman ini.")


def _of_status(status: int, retry_after_s: int) -> Unreachable:
    reason = Reason.STRANGER
    if status in (429, 503):
        reason = Reason.BUSY
    elif status >= 500:
        reason = Reason.FAILED
    return Unreachable(reason, retry_after_s=retry_after_s, http_status=status)


def _seconds(text: str) -> int:
    return min(int(text), 86_400) if text.isascii() and text.isdigit() and len(text) < 9 else 0
