"""Collects what is due: asks the leased sources side by side, texts first, then their photos.

    report = run(site, is_due=True, tell=print)

One run at a time on one machine (data/sync.lock); on PostgreSQL several machines share the
sources by leases. What arrives is stored at once by intake.py, so a run that dies loses nothing
and the next goes on. What trusted sources said is published at the end of the run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from desa_web.core import db
from desa_web.core.disk import locked
from desa_web.core.errors import Busy, Damaged, DesaError, DiskFull, ReadOnly, storage_error
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.engines.feeds import read as feeds
from desa_web.engines.sync import Outcome, Problem, Receiver
from desa_web.engines.sync.client import Client
from desa_web.engines.sync.errors import NotStored
from desa_web.engines.sync.pull import card_of, pull
from desa_web.engines.sync.unreachable import Unreachable
from desa_web.features.hub import foreign, gather, inbox, intake, leases, schedule, sources
from desa_web.features.hub.discover import client_of
from desa_web.features.hub.leases import Result
from desa_web.features.hub.source import Kind
from desa_web.features.sync.received import sentence_of

log = logging.getLogger(__name__)
# Sources that are leased at a time, a few more than the client opens connections: what one puller
# holds and does not ask yet, no other can take (64 made two pullers 1.64 times as fast, 40 1.89).
_SIDE_BY_SIDE = 40
_RESULTS_AT_ONCE = 50
# Older entries of a new feed, page by page (RFC 5005).
_FEED_PAGES = 5
_SECURITY = {Problem.FORK, Problem.BAD_SIGNATURE, Problem.OTHER_SITE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How it went with one source. error_code "": well. accepted: new lines or entries."""

    source_id: str
    name: str
    accepted: int = 0
    photos: int = 0
    unchanged: bool = False
    error_code: str = ""
    error: str = ""
    is_security: bool = False
    retry_after_s: int = 0


@dataclass(slots=True)
class Report:
    """A whole run; `published`: what went on by itself, photos that came late included."""

    asked: int = 0
    failed: int = 0
    accepted: int = 0
    photos: int = 0
    published: int = 0
    is_security: bool = False

    @property
    def exit_code(self) -> int:
        """0 all well · 1 some failed · 3 all failed · 4 somebody signed what is not right."""
        if self.is_security:
            return 4
        if not self.failed:
            return 0
        return 3 if self.failed == self.asked else 1

    def add(self, one: Asked) -> None:
        self.asked += 1
        self.failed += bool(one.error_code)
        self.accepted += one.accepted
        self.photos += one.photos
        self.is_security = self.is_security or one.is_security


Tell = Callable[[Asked], object]


def run(
    site: Site, *, only: Sequence[str] = (), is_due: bool = True, tell: Tell = lambda _one: None
) -> Report:
    """Ask the sources named in `only`, or all; is_due leaves those whose time has not come.

    tell: called for each source as soon as its answer is stored. Raises Busy while another run
    goes on, NotStored when disk or database refuse.
    """
    sentence = _("Pengambilan lain sedang berjalan. Tunggu sampai selesai, lalu ulangi.")
    with locked(site.data / "sync.lock", sentence), _stored():
        db.make_room(site.database)
        leases.reclaim(site)
        collector = Collector(site, tell)
        try:
            asyncio.run(collector.run(only, is_due=is_due))
        finally:
            leases.free(site, collector.owner)
        collector.report.published = sum(done.item is not None for done in inbox.work_off(site))
    return collector.report


class Collector:
    """One run of one puller."""

    def __init__(self, site: Site, tell: Tell) -> None:
        self.owner = leases.owner_name()
        self.report = Report()
        self._site = site
        self._tell = tell
        self._receiver = Receiver(site)
        self._results: list[Result] = []
        # When a lease was last known to hold, by source.
        self._kept: dict[str, float] = {}

    async def run(self, only: Sequence[str], *, is_due: bool) -> None:
        """Ask until nothing is left to be leased; a failing disk ends the run."""
        wanted = iter([] if is_due else only or gather.askable())
        waiting: set[asyncio.Task[None]] = set()
        async with client_of(self._site) as client:
            try:
                while True:
                    room = _SIDE_BY_SIDE - len(waiting)
                    for ask in self._leased(wanted, only, room, is_due=is_due):
                        waiting.add(asyncio.create_task(self._one(client, ask)))
                    if not waiting:
                        break
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                    if len(self._results) >= _RESULTS_AT_ONCE:
                        self._flush()
            finally:
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
                self._flush()

    def _leased(
        self, wanted: Iterator[str], only: Sequence[str], room: int, *, is_due: bool
    ) -> list[gather.Ask]:
        if room < _SIDE_BY_SIDE // 4:
            return []
        if is_due:
            self._flush()
            ids = leases.take(self._site, self.owner, limit=room, only=only)
        else:
            part = list(islice(wanted, room))
            ids = (
                leases.take(self._site, self.owner, limit=room, only=part, is_due=False)
                if part
                else []
            )
        return gather.asks(ids)

    async def _one(self, client: Client, ask: gather.Ask) -> None:
        """Ask one source; what goes wrong with it is noted and stays with it."""
        try:
            asked, result = await (
                self._village(client, ask) if ask.kind is Kind.DESA else self._feed(client, ask)
            )
        except (Busy, DiskFull, ReadOnly, Damaged):
            raise
        except Unreachable as error:
            asked, result = _unreachable(ask, error)
        except DesaError as error:
            asked, result = _broken(ask, error.code, error.message)
        except Exception:
            # A bug that one source brings out must not keep the others from being asked.
            log.exception("source %s", ask.id)
            sentence = _("Ada kesalahan di program saat membaca sumber ini. Lihat catatan server.")
            asked, result = _broken(ask, "gagal", sentence)
        has_photos = gather.wants_photos(ask.id) and not asked.error_code
        if has_photos:
            self._results.append(replace(result, is_done=False))
            self._flush()
            fetched = await gather.photos_of(client, self._site, self.owner, ask)
            leases.free(self._site, self.owner, [ask.id])
            asked = replace(asked, photos=fetched)
        else:
            self._results.append(result)
        self._kept.pop(ask.id, None)
        self.report.add(asked)
        self._tell(asked)

    async def _village(self, client: Client, ask: gather.Ask) -> tuple[Asked, Result]:
        site = self._site
        if ask.site is None:
            card = await card_of(client, ask.address)
            ask = replace(ask, site=sources.learn_log(site, ask.id, card.site, card.name))
        articles = 0

        def take(_name: str, data: bytes) -> Outcome:
            nonlocal articles
            self._keep(ask.id)
            outcome = intake.taken(site, ask.id, data, is_live=True, is_pull=True)
            articles += sum(one.kind == intake.KIND for one in outcome.accepted)
            return outcome

        pulled = await pull(
            client, ask.address, name=ask.site or "", resume=self._receiver.resume, take=take,
            etag=ask.head, is_small=ask.failures > 0,
        )  # fmt: skip
        if pulled.failure is not None:
            asked, result = _unreachable(ask, pulled.failure)
            return replace(asked, accepted=pulled.accepted), result
        code = pulled.problem.value if pulled.problem else ""
        sentence = sentence_of(pulled.problem) if pulled.problem else ""
        asked = Asked(
            source_id=ask.id, name=ask.name, accepted=pulled.accepted, error_code=code,
            error=sentence, unchanged=pulled.unchanged,
            is_security=pulled.problem in _SECURITY,
        )  # fmt: skip
        return asked, self._result(ask, articles, code, sentence)

    async def _feed(self, client: Client, ask: gather.Ask) -> tuple[Asked, Result]:
        headers = {"If-None-Match": ask.etag} if ask.etag else {}
        if ask.modified:
            headers["If-Modified-Since"] = ask.modified
        url, new, etag, modified = ask.address, 0, None, None
        for n in range(_FEED_PAGES):
            answer = await client.get(
                url, headers=headers, max_bytes=feeds.MAX_BYTES, stays=ask.is_new
            )
            if answer.status == 304:
                asked = Asked(source_id=ask.id, name=ask.name, unchanged=True)
                return asked, self._result(ask, 0, "", "")
            found = feeds.read(answer.body, answer.headers.get("Content-Type", ""), answer.url)
            new += intake.entries(self._site, ask.id, foreign.entries_of(found))
            if n == 0:
                etag = answer.headers.get("ETag", "")[:300]
                modified = answer.headers.get("Last-Modified", "")[:100]
            if not ask.is_new or not found.next_url:
                break
            url, headers = found.next_url, {}
        asked = Asked(source_id=ask.id, name=ask.name, accepted=new)
        result = self._result(ask, new, "", "")
        return asked, replace(result, etag=etag, modified=modified)

    def _result(self, ask: gather.Ask, news: int, code: str, sentence: str) -> Result:
        now_ms = self._site.clock.now_ms()
        if news:
            interval_s = schedule.interval_s(gather.rhythm(ask.id), now_ms)
        else:
            silence_ms = now_ms - (ask.news_ms or now_ms)
            interval_s = schedule.slower_s(ask.interval_s, silence_ms)
        return Result(
            source_id=ask.id, error_code=code, error=sentence, interval_s=interval_s,
            news_ms=now_ms if news else None,
        )  # fmt: skip

    def _keep(self, source_id: str) -> None:
        """Hold on to the lease of a source whose pages come slowly."""
        now_s = self._site.clock.monotonic_s()
        if now_s - self._kept.setdefault(source_id, now_s) > leases.LEASE_MS / 4000:
            self._kept[source_id] = now_s
            leases.renew(self._site, self.owner, [source_id])

    def _flush(self) -> None:
        results, self._results = self._results, []
        leases.note(self._site, self.owner, results)


def _broken(ask: gather.Ask, code: str, sentence: str) -> tuple[Asked, Result]:
    return (
        Asked(source_id=ask.id, name=ask.name, error_code=code, error=sentence),
        Result(source_id=ask.id, error_code=code, error=sentence),
    )


def _unreachable(ask: gather.Ask, error: Unreachable) -> tuple[Asked, Result]:
    asked, result = _broken(ask, error.reason.value, error.message)
    return (
        replace(asked, is_security=error.is_security, retry_after_s=error.retry_after_s),
        replace(result, retry_after_s=error.retry_after_s),
    )


@contextmanager
def _stored() -> Iterator[None]:
    """Let a full or damaged disk end with the exit code that scripts of sync know."""
    try:
        yield
    except (DiskFull, ReadOnly, Damaged) as error:
        raise NotStored(error.message) from error
    except OSError as error:
        known = storage_error(error)
        if known is None:
            raise
        raise NotStored(known.message) from error
