"""What desk pages show of articles: chips, moments, thumbnails, steps, the history in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from desa_web.core import journal, settings
from desa_web.core.actor import Actor, Permission
from desa_web.core.clock import as_utc
from desa_web.core.i18n import _
from desa_web.core.registry import adapters
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.media.pictures import pictures
from desa_web.features.news import service
from desa_web.features.news.article import Article, State
from desa_web.features.news.queries import DeskItem
from desa_web.features.news.workflow import Op
from desa_web.web import dates
from desa_web.web.context_parts import Picture

PUBLISH_NOW, APPROVE_AND_SCHEDULE = "publish_now", "approve_schedule"
_CHIPS = {
    State.DRAFT: ("k-server", "server"),
    State.SUBMITTED: ("k-antre", "antre"),
    State.RETURNED: ("k-gagal", "balik"),
    State.APPROVED: ("k-kirim", "cek"),
    State.SCHEDULED: ("k-antre", "antre"),
    State.PUBLISHED: ("k-kirim", "cek"),
    State.WITHDRAWN: ("k-gagal", "tarik"),
}
_STEPS = {
    Op.SUBMIT: ("Ajukan", "kirim", "garis"),
    Op.RECALL: ("Kembalikan ke draf", "balik", "garis"),
    Op.APPROVE: ("Setujui", "cek", "garis"),
    Op.RETURN: ("Kembalikan", "balik", "bahaya"),
    Op.SCHEDULE: ("Jadwalkan", "antre", "garis"),
    Op.PUBLISH: ("Terbitkan", "cek", ""),
    Op.WITHDRAW: ("Tarik dari situs", "tarik", "bahaya"),
    Op.TRASH: ("Buang", "buang", "bahaya"),
    Op.RESTORE: ("Pulihkan", "balik", "garis"),
}
_DEEDS = {
    "create": "menulis draf pertama",
    "save": "menyimpan tulisan",
    "submit": "mengajukan untuk diperiksa",
    "recall": "mengambil kembali menjadi draf",
    "approve": "menyetujui",
    "return": "mengembalikan",
    "schedule": "menjadwalkan",
    "publish": "menerbitkan",
    "withdraw": "menarik dari situs",
    "trash": "membuang",
    "restore": "memulihkan",
    "move": "mengganti alamat",
    "sending": "mengubah kiriman ke Kominfo",
    "conflict": "menyimpan naskah yang berbenturan",
    "expire": "menurunkan pengumuman yang habis waktunya",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One button: `value` is what the form sends."""

    value: str
    label: str
    icon: str
    look: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the history: who did what, when, with which note."""

    who: str
    what: str
    when: Markup
    note: str


@dataclass(frozen=True, slots=True)
class Outside:
    """What became of an article elsewhere, such as "Diterima Kominfo"; address "" for nowhere."""

    look: tuple[str, str]
    label: str
    at: datetime
    reason: str
    address: str


@dataclass(frozen=True, slots=True)
class Alert:
    """What the desk's home has to say before all else: endpoint and words of what to press."""

    title: str
    sentence: str
    endpoint: str
    label: str


def alerts(actor: Actor) -> list[Alert]:
    """Return what other features have to say to this person (the adapter "alerts")."""
    from desa_web.features import FEATURES

    return [alert for told in adapters(FEATURES, "alerts") for alert in told(actor)]


def outside(site: Site, article_ids: Sequence[str]) -> dict[str, Outside]:
    """Return what other features know of these articles elsewhere (the adapter "outside")."""
    from desa_web.features import FEATURES

    found: dict[str, Outside] = {}
    for adapter in adapters(FEATURES, "outside"):
        found |= adapter.outside(site, article_ids)
    return found


def chip(state: State) -> tuple[str, str]:
    """Return the class and the icon of a state."""
    return _CHIPS[state]


def steps(actor: Actor, article: Article) -> list[Step]:
    """Return a button for every step that this person may take now, the main one first."""
    allowed = [op for op in service.allowed(actor, article) if op is not Op.SAVE]
    found = [Step(op.value, _(_STEPS[op][0]), *_STEPS[op][1:]) for op in allowed]
    if Op.PUBLISH not in allowed and may_publish_now(actor, article):
        is_reviewed = article.state is State.SUBMITTED
        label = _("Setujui dan terbitkan") if is_reviewed else _("Terbitkan sekarang")
        found.insert(0, Step(PUBLISH_NOW, label, "cek", ""))
    can_both = Op.APPROVE in allowed and actor.may(Permission.PUBLISH)
    if can_both and Op.SCHEDULE not in allowed:
        found.append(Step(APPROVE_AND_SCHEDULE, _("Setujui dan jadwalkan"), "antre", "garis"))
    return sorted(found, key=lambda step: bool(step.look))


def may_publish_now(actor: Actor, article: Article) -> bool:
    """Whether this person alone may take the text all the way, by the village's rules."""
    if not actor.may(Permission.PUBLISH) or article.trashed_at is not None:
        return False
    if article.state not in (State.DRAFT, State.RETURNED, State.SUBMITTED):
        return False
    approval = settings.read(actor.site)["approval"]
    own = actor.user_id is not None and actor.user_id == article.author_id
    may_submit = own or actor.may(Permission.EDIT_ALL) or article.state is State.SUBMITTED
    if approval == "off":
        return may_submit
    return may_submit and actor.may(Permission.REVIEW) and not (own and approval == "four_eyes")


class Moments:
    """Moments as people of the village read them."""

    def __init__(self, site: Site) -> None:
        self.zone: dates.Zone = settings.read(site)["time_zone"]
        self._now = dates.local(as_utc(site.clock.now_ms()), self.zone)

    def __call__(self, at: datetime | None) -> str:
        """Return "10.42" for today, otherwise "21 Nov 10.42"."""
        if at is None:
            return ""
        local = dates.local(at, self.zone)
        time = dates.clock_time(local)
        if local.date() == self._now.date():
            return time
        same_year = local.year == self._now.year
        day = dates.short_date(local.date()) if same_year else dates.medium_date(local.date())
        return f"{day} {time}"

    def tag(self, at: datetime | None) -> Markup:
        """Return the same for a page, with the exact moment for machines."""
        if at is None:
            return Markup()
        iso = dates.local(at, self.zone).isoformat(timespec="minutes")
        return Markup('<time datetime="{}">{}</time>').format(iso, self(at))

    def today(self) -> str:
        """Return "Sabtu, 21 November 2026"."""
        return dates.long_date(self._now.date())

    @property
    def now(self) -> datetime:
        return self._now


def thumbnails(site: Site, items: Sequence[DeskItem]) -> dict[str, Picture]:
    """Return the pictures of a list, by photo (one query)."""
    return pictures(site, [item.lead_photo_id for item in items if item.lead_photo_id])


def thumb_url(picture: Picture) -> str:
    """Return the smallest rendition."""
    return picture.sources[0][0] if picture.sources else picture.url


def history(site: Site, article_id: str, moment: Moments) -> list[Deed]:
    """Return who did what to an article, newest first, with people's names."""
    rows = journal.history(site, "article", article_id)
    labels = [part for row in rows for part in row.actor.split(" for ")]
    ids = {label.removeprefix("user:") for label in labels if label.startswith("user:")}
    names = accounts.names_of(sorted(ids))
    deeds = []
    for row in reversed(rows):
        note = "" if row.op == "conflict" else row.note
        what = _(_DEEDS[row.op]) if row.op in _DEEDS else row.op
        deeds.append(Deed(_who(row.actor, names), what, moment.tag(as_utc(row.at_ms)), note))
    return deeds


def _who(label: str, names: dict[str, str]) -> str:
    person, _for, giver = label.partition(" for ")
    if giver:
        sentence = _("{name} (Plh, atas nama {giver})")
        return sentence.format(name=_who(person, names), giver=_who(giver, names))
    if label.startswith("user:"):
        return names.get(label.removeprefix("user:"), _("Pengguna yang sudah dihapus"))
    return {"operator": _("Operator"), "program": _("Program (terjadwal)")}.get(label, label)
