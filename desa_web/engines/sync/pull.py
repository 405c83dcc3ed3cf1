"""Pulls the log of another site over the internet, page by page, from where it broke off.

    async with Client() as client:
        card = await card_of(client, "https://sukamaju.desa.id")
        pulled = await pull(client, card.address, name=card.site, resume=resume, take=take)

What arrives is handed to `take` at once and kept nowhere here; what was taken before a cut stays
taken. Which lines are good is the receiver's business, when to ask again the caller's.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from desa_web.engines.sync.client import Answer, Client
from desa_web.engines.sync.line import MAX_LINE_BYTES, is_site
from desa_web.engines.sync.log import MAX_BYTES, SMALL_BYTES, Key
from desa_web.engines.sync.receipt import is_chain, read_keys
from desa_web.engines.sync.receiver import Outcome, Problem, Resume
from desa_web.engines.sync.unreachable import Reason, Unreachable

CARD = "/.well-known/desa"
CHANGES = "/sync/v1/changes"
MEDIA = "/sync/v1/media/"
_ORIGIN = re.compile(r"[^/?#]*//[^/?#]*")
_CARD_BYTES = 64 << 10
# One line is always sent, however long it is.
_PAGE_BYTES = MAX_LINE_BYTES + MAX_BYTES
# So often in a row a page may bring nothing before the source is left for later.
_IDLE = 2
# What a bad line does to a page is asked for once more; the rest no second page mends.
_ONCE_MORE = (Problem.NOT_A_LINE, Problem.BAD_SIGNATURE, Problem.UNPROVEN_ERASURE)

Take = Callable[[str, bytes], Outcome]
WhereToGoOn = Callable[[str], Resume]


@dataclass(frozen=True, slots=True)
class Card:
    """Who answers at an address: `site` is proven by the first of its keys, the rest is said."""

    address: str
    site: str
    name: str
    kode_wilayah: str
    program: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What became of one pull; `accepted` lines were taken whatever came after them.

    is_end: the source had nothing more; unchanged: it said so without a page (304). `problem` is
    about the lines, `failure` about the way to them; with neither and no end, max_pages came.
    """

    site: str = ""
    accepted: int = 0
    pages: int = 0
    size_bytes: int = 0
    is_end: bool = False
    unchanged: bool = False
    problem: Problem | None = None
    failure: Unreachable | None = None


async def card_of(client: Client, address: str) -> Card:
    """Return the card of the site at `address`. Raises Unreachable (STRANGER: it has none)."""
    answer = await client.get(_at(address, CARD), max_bytes=_CARD_BYTES, stays=True)
    value: Any = None
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Unreachable(Reason.STRANGER) from error
    site = value.get("site") if isinstance(value, dict) else None
    if not isinstance(site, str) or not is_site(site):
        raise Unreachable(Reason.STRANGER)
    keys = read_keys(value.get("keys"))
    if not is_chain(site, keys):
        raise Unreachable(Reason.STRANGER)
    return Card(
        _at(answer.url, ""), site, _word(value.get("name")), _word(value.get("kode_wilayah")),
        _word(value.get("program")), keys,
    )  # fmt: skip


async def pull(
    client: Client,
    address: str,
    *,
    name: str = "",
    resume: WhereToGoOn,
    take: Take,
    card: Card | None = None,
    etag: str = "",
    is_small: bool = False,
    max_pages: int = 1000,
    page_s: float = 120,
    total_s: float = 900,
) -> Pulled:
    """Take the new lines of the site at `address` and tell what came of it.

    name: the source's site; without it the card is asked first. take(name, page): called with
    what the site itself answered just now (so is_live=True), in order, each page once; a page may
    end in the middle of a line. resume(name): where to go on. etag: the head that is held, if the
    caller knows it (Receiver.etags): then a poll without news asks the database nothing.
    is_small: the last pull failed, so ask for small pages. What `take` and `resume` raise goes to
    the caller; the network raises nothing here.
    """
    run = _Run(client, address, name, resume, take, etag, is_small, page_s)
    failure: Unreachable | None = None
    try:
        # A poll has its own limit; a second clock for each of thousands would cost too much.
        if not (name and etag and await run.is_unchanged()):
            async with asyncio.timeout(total_s):
                if not name:
                    run.name = (card or await card_of(client, address)).site
                await run.go(max_pages)
    except Unreachable as error:
        failure = error
    except TimeoutError:
        failure = Unreachable(Reason.SLOW)
    return Pulled(
        run.name, run.accepted, run.pages, run.size_bytes, run.is_end,
        run.is_end and not run.pages, run.problem, failure,
    )  # fmt: skip


class _Run:
    """One pull: what is asked next, and what came so far."""

    def __init__(
        self,
        client: Client,
        address: str,
        name: str,
        resume: WhereToGoOn,
        take: Take,
        etag: str,
        is_small: bool,
        page_s: float,
    ) -> None:
        self.name = name
        self.accepted = 0
        self.pages = 0
        self.size_bytes = 0
        self.is_end = False
        self.problem: Problem | None = None
        self._client = client
        self._url = _at(address, CHANGES)
        self._resume = resume
        self._take = take
        self._is_small = is_small
        self._page_s = page_s
        # Where we stand; only the head's hash while the caller's word for it is enough.
        self._place = Resume(etag, ())
        # How to say it: by the head alone, by points, or (nothing known there) not at all.
        self._by_points = False
        self._from_start = False
        self._is_conditional = False
        self._idle = 0

    async def is_unchanged(self) -> bool:
        """Ask once whether anything is new; a page that comes with the answer is taken."""
        await self._step()
        return self.is_end

    async def go(self, max_pages: int) -> None:
        if not self._place.etag:
            self._look_up()
        while self.pages < max_pages and not self.is_end and self.problem is None:
            await self._step()

    async def _step(self) -> None:
        answer = await self._asked()
        if answer is None:
            return
        if answer.status == 304:
            if not self._is_conditional:
                # Nobody asked whether anything changed: no site of ours answers so.
                raise Unreachable(Reason.STRANGER)
            self.is_end = True
        elif answer.status == 409:
            self._is_unknown()
        else:
            self._page(answer)

    async def _asked(self) -> Answer | None:
        """Return the answer to the next question; None when it should be asked once more."""
        headers = {}
        query = []
        if self._by_points or not self._place.etag:
            if self._place.have and not self._from_start:
                points = (f"{p.epoch}.{p.seq}.{p.hash[:32]}" for p in self._place.have)
                query.append("have=" + ",".join(points))
        else:
            headers["If-None-Match"] = f'"{self._place.etag[:32]}"'
        self._is_conditional = bool(headers)
        if self._is_small:
            query.append(f"max={SMALL_BYTES}")
        url = f"{self._url}?{'&'.join(query)}" if query else self._url
        try:
            return await self._client.get(
                url, headers=headers, max_bytes=_PAGE_BYTES, timeout_s=self._page_s,
                accept=(409,), keep_part=True, stays=self.pages > 0 or not headers,
            )  # fmt: skip
        except Unreachable as error:
            if error.reason is not Reason.CUT:
                raise
            self._nothing_came(error)
            return None

    def _page(self, answer: Answer) -> None:
        if not answer.headers.get("Content-Type", "").startswith("application/x-ndjson"):
            raise Unreachable(Reason.STRANGER)
        before = self._place
        outcome = self._take(self.name, answer.body)
        self.pages += 1
        self.size_bytes += len(answer.body)
        self.accepted += len(outcome.accepted)
        is_last = outcome.is_whole and not outcome.more and outcome.problem is None
        if is_last and not outcome.parked and not self._from_start:
            # Where to go on is nobody's question now, and it costs more than a small page.
            self.is_end = True
            return
        self._look_up()
        is_moved = bool(before.have) and self._place.have != before.have
        is_ahead = bool(outcome.accepted) or self._place.etag != before.etag or is_moved
        if is_ahead:
            self._idle = 0
            self._by_points = self._from_start = False
        if outcome.problem is not None:
            self._stumbled(outcome.problem)
        elif is_last and (is_ahead or not (outcome.parked or self._from_start)):
            self.is_end = True
        elif not outcome.is_whole:
            failure = Unreachable(answer.cut or Reason.CUT)
            if is_ahead:
                self._is_small = True
            else:
                self._nothing_came(failure)
        elif not is_ahead:
            # From the start, and all of it hangs on a line that we never held; or a page with a
            # gap, or one that says "more" for ever.
            self._stumbled(Problem.RESTARTED if self._from_start else Problem.NOT_A_LINE)

    def _stumbled(self, problem: Problem) -> None:
        """Ask once more for what a bad line on the way may have done; else stop here."""
        self._idle += 1
        if problem not in _ONCE_MORE or self._idle >= _IDLE:
            self.problem = problem
        self._is_small = self._by_points = True

    def _nothing_came(self, error: Unreachable) -> None:
        self._is_small = True
        self._idle += 1
        if self._idle >= _IDLE:
            raise error

    def _is_unknown(self) -> None:
        """The site does not know what we hold: say more of it, then ask for its beginning."""
        if self._from_start:
            raise Unreachable(Reason.STRANGER)
        self._look_up()
        self._from_start = self._by_points or not self._place.have
        self._by_points = True

    def _look_up(self) -> None:
        self._place = self._resume(self.name)


def _at(address: str, path: str) -> str:
    """Return a path of the site at `address`, whatever page of it was given."""
    origin = _ORIGIN.match(address)
    return f"{origin[0] if origin else address}{path}"


def _word(value: object) -> str:
    """Return what a stranger says of himself as one short line."""
    return " ".join(str(value).split())[:200] if isinstance(value, str) else ""
