"""Health of a hub: does it still collect, and who cannot be asked any more?"""

from __future__ import annotations

from collections.abc import Iterator

from desa_web.core.checks import Finding, Level
from desa_web.core.clock import DAY_MS
from desa_web.core.i18n import _
from desa_web.core.site import Site
from desa_web.features.hub import sources, trouble
from desa_web.features.hub.source import Source, State
from desa_web.features.hub.trouble import Needs

_HOUR_MS = 3_600_000
# Twice the longest rhythm: who is asked once a day must have been asked by then.
_OVERDUE_MS = 2 * DAY_MS
_MANY_FAILURES = 3


def collecting_goes_on(site: Site) -> Iterator[Finding]:
    """Say when nobody asks the sources although their time has come."""
    asked = _asked(site)
    if not asked:
        return
    now_ms = site.clock.now_ms()
    late = [s for s in asked if _ms(s) < now_ms - _OVERDUE_MS or _is_forgotten(s, now_ms)]
    if late:
        sentence = _(
            "{n} sumber sudah waktunya ditanya tetapi tidak ada yang bertanya. Jalankan desa serve "
            "atau jadwal desa sync pull --due."
        ).format(n=len(late))
        yield Finding("pengambilan", Level.WARNING, sentence)
    else:
        yield Finding("pengambilan", Level.GOOD, _("Semua sumber ditanya pada waktunya."))


def sources_answer(site: Site) -> Iterator[Finding]:
    """Name the sources whose log stands still, and those that failed several times in a row."""
    if site.config.text("role") != "hub":
        return
    logs, now_ms = trouble.stopped(site), site.clock.now_ms()
    found = [(s, trouble.trouble_of(s, logs, now_ms)) for s in sources.listed(site)]
    stuck = [(s, wrong) for s, wrong in found if wrong.needs is Needs.DECISION]
    failing = [
        (s, wrong) for s, wrong in found
        if wrong.code and wrong.needs is not Needs.DECISION and s.poll.failures >= _MANY_FAILURES
    ]  # fmt: skip
    for source, wrong in stuck:
        sentence = f"{wrong.sentence} {_('Langkahnya ada di Papan desa.')}"
        yield Finding(source.name, Level.WARNING, sentence)
    for source, wrong in failing[:20]:
        yield Finding(source.name, Level.WARNING, wrong.sentence)


def _asked(site: Site) -> list[Source]:
    if site.config.text("role") != "hub":
        return []
    return [s for s in sources.listed(site) if s.state is State.ACTIVE and s.address]


def _ms(source: Source) -> float:
    return source.poll.next_at.timestamp() * 1000


def _is_forgotten(source: Source, now_ms: int) -> bool:
    """Was it added an hour ago and never asked?"""
    age_ms = now_ms - source.created_at.timestamp() * 1000
    return source.poll.tried_at is None and age_ms > _HOUR_MS


CHECKS = (collecting_goes_on, sources_answer)
