"""A hub and its villages: real sites, in one process or each behind its own real server.

hub = make_hub(tmp_path)                          a site of role hub; bind it with hub.bound()
desa = Desa.make(tmp_path, "Sukamaju")            a village with real news
source = desa.known_to(hub); desa.sync(hub)       its log into the hub's inbox, without a network
with serving_villages([desa, …]) as servers:      a process each; servers.kill(desa), start(desa)
assert view(hub, source) == desa.truth()
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from desa_web.core.actor import Actor, operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site, open_site
from desa_web.engines.sync import Outcome, Receiver, log
from desa_web.features.hub import intake, items, sources
from desa_web.features.hub.source import Kind, Source
from desa_web.features.media import masters
from desa_web.features.media import service as media
from desa_web.features.news import service as news
from desa_web.features.news.article import Text
from desa_web.features.news.models import ArticleRow, RevisionRow
from desa_web.features.news.workflow import Op
from desa_web.features.sync import service as sync
from tests.harness.photos import photo
from tests.harness.site import ROOT, FakeClock, make_site

# One article as readers of a village see it: title, words, and its photos' hashes.
Seen = tuple[str, str, tuple[str, ...]]


def make_hub(folder: Path, *, clock: FakeClock | None = None, database_url: str = "") -> Site:
    """Make a media centre that may ask loopback addresses."""
    return make_site(
        folder, clock=clock, database_url=database_url,
        options={"role": "hub", "allow_private_sources": True},
        village_name="Media Center Kabupaten",
    )  # fmt: skip


@dataclass
class Desa:
    """A village of the real features; url is where it is served, "" while it is not."""

    site: Site
    url: str = ""
    photo_seed: int = 1

    @classmethod
    def make(cls, folder: Path, name: str = "Sukamaju", clock: FakeClock | None = None) -> Desa:
        return cls(make_site(folder, clock=clock, village_name=name))

    @property
    def actor(self) -> Actor:
        return operator(self.site)

    @property
    def log_name(self) -> str:
        with self.site.bound():
            self.follow()
            last = log.head(self.site)
        assert last is not None
        return last.site

    def publish(self, title: str, body: str = "<p>Warga hadir.</p>", **fields: object) -> str:
        with self.site.bound():
            text = Text(**{"title": title, "body": body, **fields})  # type: ignore[arg-type]
            article = news.create(self.actor, text)
            news.publish_now(self.actor, article.id)
        return article.id

    def edit(self, article_id: str, **fields: object) -> None:
        """Change a published text and publish it again."""
        with self.site.bound():
            row = ArticleRow.get_by_id(article_id)
            known = news.revision(self.actor, article_id, row.working_revision_id).text
            news.save(self.actor, article_id, Text.from_mapping(fields, known))
            news.publish_now(self.actor, article_id)

    def move(self, article_id: str, slug: str) -> None:
        with self.site.bound():
            news.move(self.actor, article_id, slug)

    def withdraw(self, article_id: str) -> None:
        with self.site.bound():
            news.act(self.actor, Op.WITHDRAW, article_id)

    def delete(self, article_id: str) -> None:
        """Withdraw, throw away, and empty the trash."""
        with self.site.bound():
            row = ArticleRow.get_by_id(article_id)
            if row.live_revision_id is not None:
                news.act(self.actor, Op.WITHDRAW, article_id)
            news.act(self.actor, Op.TRASH, article_id)
            news.purge(self.actor, article_id)

    def erase(self, article_id: str) -> None:
        with self.site.bound():
            news.erase(self.actor, article_id)

    def add_photo(self, **words: str) -> str:
        """Take another photo into the library and return its id."""
        self.photo_seed += 1
        file = self.site.path / f"foto-{self.photo_seed}.jpg"
        file.write_bytes(photo(self.photo_seed))
        with self.site.bound():
            words = {"credit": "Nur Aini", "alt": "Warga", **words}
            return media.add(self.actor, file, **words).id  # type: ignore[arg-type]

    def describe(self, photo_id: str, **words: str) -> None:
        with self.site.bound():
            media.describe(self.actor, photo_id, **words)  # type: ignore[arg-type]

    def master(self, photo_id: str) -> Path:
        with self.site.bound():
            found = media.get(photo_id)
            assert found is not None
            return masters.path_of(self.site, found.master_sha256)

    def follow(self) -> None:
        """Write the log up to the journal's head."""
        with self.site.bound():
            catch_up(self.site, sync.publisher(self.site))

    def truth(self) -> dict[str, Seen]:
        """Return what readers see and what is sent to Kominfo, by id."""
        with self.site.bound():
            found = {}
            for row in ArticleRow.select().where(ArticleRow.live_revision_id.is_null(False)):
                if row.sends_to_kominfo:
                    revision = RevisionRow.get_by_id(row.live_revision_id)
                    ids = [revision.lead_photo_id or "", *media.photo_ids(revision.body)]
                    known = media.photos(ids)
                    shas = {known[i].master_sha256 for i in ids if i in known}
                    shown = {sha for sha in shas if masters.path_of(self.site, sha).exists()}
                    found[row.id] = (revision.title, revision.body, tuple(sorted(shown)))
        return found

    def known_to(self, hub: Site, **said: object) -> Source:
        """Make this village a confirmed source of the hub, by its served address if it has one."""
        name = self.log_name
        with hub.bound():
            return sources.register(
                operator(hub), kind=Kind.DESA, name=f"Desa {self.site.path.parent.name}",
                site=name, address=self.url.rstrip("/"), is_confirmed=True, **said,
            )  # type: ignore[arg-type]  # fmt: skip

    def page_for(self, hub: Site, *, max_bytes: int = 1 << 30) -> bytes:
        """Return the page that the hub would get now."""
        name = self.log_name
        with hub.bound():
            have = Receiver(hub).resume(name).have
        with self.site.bound():
            return log.page(self.site, have, max_lines=10_000, max_bytes=max_bytes).body

    def sync(self, hub: Site) -> Outcome:
        """Bring the log into the hub's inbox, and the photos beside it, without a network."""
        page = self.page_for(hub)
        with hub.bound():
            source = sources.of_site(hub, self.log_name)
            assert source is not None
            outcome = intake.taken(hub, source.id, page, is_live=True)
            self.carry_photos(hub, source)
        return outcome

    def carry_photos(self, hub: Site, source: Source) -> None:
        from desa_web.features.hub import photos
        from desa_web.features.sync.bundles import received_path

        with hub.bound():
            for wanted in photos.wanted(source.id):
                master = masters.path_of(self.site, wanted.ref)
                if master.exists():
                    target = received_path(hub, wanted.ref)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(master, target)
                    photos.arrived(source.id, wanted.ref, wanted.ref, wanted.size_bytes)


def view(hub: Site, source: Source) -> dict[str, Seen]:
    """Return what the hub holds to be public at a source, in the words of `Desa.truth`."""
    with hub.bound():
        found = {}
        rows = items.public_of(source.id)
        for row in rows:
            fields = json.loads(row.content)
            shas = tuple(sorted(m["sha256"] for m in fields.get("media", [])))
            found[row.object_id] = (fields["title"], fields.get("body", ""), shas)
    return found


@dataclass
class Servers:
    """Villages behind `desa serve`, each in a process of its own, forked from a warm parent."""

    parent: subprocess.Popen[str]
    urls: dict[Path, str] = field(default_factory=dict)
    pids: dict[Path, int] = field(default_factory=dict)

    def start(self, desa: Desa) -> None:
        """Serve a village; at its old port if it had one."""
        self.start_many([desa])

    def start_many(self, villages: Sequence[Desa]) -> None:
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        for desa in villages:
            port = desa.url.rstrip("/").rpartition(":")[2] or "0"
            self.parent.stdin.write(f"{port} {desa.site.path}\n")
        self.parent.stdin.flush()
        for _desa in villages:
            line = self.parent.stdout.readline()
            said = json.loads(line)
            path = Path(said["site"])
            self.urls[path], self.pids[path] = said["url"], said["pid"]
        for desa in villages:
            desa.url = self.urls[desa.site.path]

    def kill(self, desa: Desa) -> None:
        """kill -9, and wait until it is gone."""
        kill(self.pids[desa.site.path])

    def pull(self, hub: Site | Path, *, is_due: bool = False) -> int:
        """Begin `desa sync pull` at a hub in a process of its own and return its number."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        folder = hub.path if isinstance(hub, Site) else hub
        self.parent.stdin.write(f"{'due' if is_due else 'pull'} {folder}\n")
        self.parent.stdin.flush()
        return int(json.loads(self.parent.stdout.readline())["pid"])


def kill(pid: int) -> None:
    """kill -9, and wait until it is gone; nothing happens when it has ended already."""
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
    is_gone(pid, timeout_s=20)


def is_gone(pid: int, timeout_s: float) -> bool:
    """Wait until a process has ended; False when it has not within that time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], timeout_s)[0])
    finally:
        os.close(handle)


@contextmanager
def serving_villages(
    villages: Sequence[Desa], environ: Mapping[str, str] | None = None
) -> Iterator[Servers]:
    """Serve villages until the block ends."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("DESA_")}
    base |= {"DESA_LOG_LEVEL": "WARNING", **(environ or {})}
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.harness.hub"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=base,
    )
    servers = Servers(parent)
    try:
        servers.start_many(villages)
        yield servers
    finally:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.close()
        parent.wait(timeout=30)
        parent.stdout.close()


def _main() -> None:
    """Read lines, fork a process for each: "<port> <village>" serves, "pull <hub>" collects all,
    "due <hub>" what is due."""
    import signal

    import desa_web.app
    import desa_web.features.hub.collect
    import desa_web.web.server  # noqa: F401 - warm before the forks

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children: list[int] = []
    for line in sys.stdin:
        work, _space, folder = line.rstrip("\n").partition(" ")
        pid = os.fork()
        if pid == 0:
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                if work in ("pull", "due"):
                    _pull(Path(folder), is_due=work == "due")
                else:
                    _serve(Path(folder), int(work))
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def _pull(folder: Path, *, is_due: bool) -> None:
    from desa_web.features.hub import collect

    os.write(1, f"{json.dumps({'pid': os.getpid()})}\n".encode())
    site = open_site(folder)
    with site.bound():
        collect.run(site, is_due=is_due)
    site.close()


def _serve(folder: Path, port: int) -> None:
    from desa_web.cli import serving

    site = open_site(folder)

    def ready(url: str) -> None:
        said = {"site": str(folder), "url": url, "pid": os.getpid()}
        # In one write: the others write to the same pipe.
        os.write(1, f"{json.dumps(said)}\n".encode())

    with site.bound():
        serving.serve(site, "127.0.0.1", port, on_ready=ready)


if __name__ == "__main__":
    _main()
