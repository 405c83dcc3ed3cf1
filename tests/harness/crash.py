"""Writers that die: processes that save and publish until they are killed, and note each ack.

    python -m tests.harness.crash SITE --rounds 200 --writers 3 [--no-fsync] [--stop-marker FILE]

Run as a program it forks the writers of each round from a warm parent, kills them with SIGKILL at
a random moment, and prints one JSON line: everything that was acknowledged. What a writer reports
down its pipe it had been told by the service to be stored.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

from desa_web.core import db, html, journal
from desa_web.core.actor import operator
from desa_web.core.site import open_site
from desa_web.features.news import service
from desa_web.features.news.article import Text


def write_until_killed(site_path: Path, pipe: int, seed: int) -> None:
    """Save and publish for ever; report `id version title` after each acknowledged call."""
    rnd = random.Random(seed)
    site = open_site(site_path)
    with site.bound():
        boss = operator(site)
        known: list[str] = []
        while True:
            body = f"<p>{'panen raya ' * rnd.randint(1, 400)}</p>"
            text = Text(title=f"Kabar {rnd.getrandbits(60)}", body=body)
            if known and rnd.random() < 0.4:
                article = service.save(boss, rnd.choice(known), text).article
            else:
                article = service.create(boss, text)
                known.append(article.id)
            report(pipe, article.id, article.version, text.title)
            if rnd.random() < 0.5:
                article = service.publish_now(boss, article.id)
                report(pipe, article.id, article.version, text.title)


def report(pipe: int, article_id: str, version: int, title: str) -> None:
    os.write(pipe, f"{article_id} {version} {title}\n".encode())


def one_round(site_path: Path, writers: int, rnd: random.Random, acked: dict[str, list]) -> None:  # type: ignore[type-arg]
    """Let `writers` processes write, kill them all at one moment, and collect what they said."""
    reader, writer = os.pipe()
    children = []
    for _ in range(writers):
        seed = rnd.getrandbits(60)
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                write_until_killed(site_path, writer, seed)
            finally:
                os._exit(1)
        children.append(child)
    os.close(writer)
    # The moment is random from the first acknowledged write on, however slow the machine is.
    said = os.read(reader, 65536)
    until = time.monotonic() + rnd.uniform(0, 0.08)
    while (left := until - time.monotonic()) > 0:
        if select.select([reader], [], [], left)[0]:
            said += os.read(reader, 65536)
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
    while part := os.read(reader, 65536):
        said += part
    os.close(reader)
    for line in said.decode().splitlines():
        article_id, version, title = line.split(" ", 2)
        newest = acked.get(article_id)
        if newest is None or newest[0] < int(version):
            acked[article_id] = [int(version), title]


def losses(site_path: Path, acked: dict[str, list]) -> list[str]:  # type: ignore[type-arg]
    """Return what is not as it was acknowledged, as sentences; also holes in the journal."""
    found = []
    site = open_site(site_path)
    with site.bound():
        problem = db.execute(site.database, "PRAGMA integrity_check").fetchone()[0]
        if problem != "ok":
            found.append(f"integrity: {problem}")
        sql = (
            "SELECT a.version, r.title, r.body FROM article a "
            "JOIN revision r ON r.id = a.working_revision_id WHERE a.id = ?"
        )
        for article_id, (version, title) in acked.items():
            row = db.execute(site.database, sql, article_id).fetchone()
            if row is None or row[0] < version or (row[0] == version and row[1] != title):
                found.append(f"lost: {article_id} {version} {title}")
            elif row[2] != html.normalise(row[2]):
                found.append(f"torn: {article_id}")
        seqs = [s for (s,) in db.execute(site.database, "SELECT seq FROM journal ORDER BY seq")]
        if seqs != list(range(1, len(seqs) + 1)) or journal.head(site).seq != len(seqs):
            found.append("the journal has a hole")
    site.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-fsync", action="store_true")
    options = parser.parse_args()
    if options.no_fsync:
        db._PRAGMAS["synchronous"] = 0
    rnd = random.Random(options.seed)
    acked: dict[str, list] = {}  # type: ignore[type-arg]
    for _ in range(options.rounds):
        one_round(options.site, options.writers, rnd, acked)
    json.dump(acked, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
