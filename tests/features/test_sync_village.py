"""The village's side of sync: what news enters the log, and what the public routes answer."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from desa_web.core import due, settings
from desa_web.core.actor import operator
from desa_web.core.follow import catch_up
from desa_web.core.site import Site
from desa_web.engines.sync import KeyRing, Receiver, log
from desa_web.engines.sync.line import Line, parse, site_of
from desa_web.features.media import masters
from desa_web.features.media import service as media
from desa_web.features.news import rubrics, service
from desa_web.features.news.article import Article, Text
from desa_web.features.news.due import publish, purge
from desa_web.features.news.workflow import Op, act
from desa_web.features.sync import service as sync
from tests.harness.photos import photo_file
from tests.harness.site import client, clock_of, make_site, run_desa


def published(site: Site, title: str = "Panen raya", **fields: object) -> Article:
    text = Text(**{"title": title, "body": "<p>Warga panen.</p>", **fields})  # type: ignore[arg-type]
    article = service.create(operator(site), text)
    return service.publish_now(operator(site), article.id)


def follow(site: Site) -> None:
    catch_up(site, sync.publisher(site))


def lines(site: Site, kind: str = "article") -> list[dict[str, Any]]:
    follow(site)
    body = log.page(site, max_lines=10_000, max_bytes=1 << 30).body
    found = [parse(raw) for raw in body.split(b"\n")[:-2]]
    return [dict(f.fields) for f in found if isinstance(f, Line) and f.fields["kind"] == kind]


def ops(site: Site) -> list[str]:
    return [line["op"] for line in lines(site)]


@pytest.mark.both_databases
def test_an_article_travels_from_publication_to_deletion(site: Site) -> None:
    follow(site)
    boss = operator(site)
    rubrics.add_defaults(boss)
    article = published(site, tags=("padi",), rubric="Ekonomi & UMKM", byline="Nur Aini")
    first = lines(site)[-1]
    assert (first["op"], first["id"], first["slug"]) == ("put", article.id, article.slug)
    assert first["revision"] == article.live_revision_id
    assert (first["title"], first["tags"], first["rubric"]) == (
        "Panen raya", ["padi"], "Ekonomi & UMKM",
    )  # fmt: skip
    assert first["origin"] == first["site"]
    service.save(boss, article.id, Text(title="Panen besar", body="<p>Baru.</p>"))
    assert ops(site) == ["put"]
    again = service.publish_now(boss, article.id)
    follow(site)
    service.move(boss, article.id, "alamat-baru")
    follow(site)
    act(boss, Op.WITHDRAW, article.id)
    act(boss, Op.TRASH, article.id)
    clock_of(site).advance(days=31)
    due.tick(site, {"news.purge": purge})
    assert ops(site) == ["put", "put", "put", "unpublish", "delete"]
    assert [line["rev"] for line in lines(site)] == [1, 2, 3, 4, 5]
    assert lines(site)[1]["revision"] == again.live_revision_id
    assert lines(site)[2]["slug"] == "alamat-baru"


@pytest.mark.both_databases
def test_a_working_text_never_enters_the_log(site: Site) -> None:
    follow(site)
    boss = operator(site)
    article = published(site)
    draft = service.create(boss, Text(title="RAHASIA", body="<p>RAHASIA</p>"))
    act(boss, Op.SUBMIT, draft.id)
    service.save(boss, article.id, Text(title="RAHASIA", body="<p>RAHASIA</p>"))
    service.move(boss, article.id, "tetap-umum")
    follow(site)
    service.send_to_kominfo(boss, article.id, False)
    follow(site)
    service.send_to_kominfo(boss, article.id, True)
    assert ops(site) == ["put", "unpublish", "put"]
    assert {line.get("title", "Panen raya") for line in lines(site)} == {"Panen raya"}
    assert b"RAHASIA" not in log.page(site).body


def test_what_is_not_sent_to_kominfo_never_enters_and_is_taken_back(site: Site) -> None:
    follow(site)
    boss = operator(site)
    kept = service.create(boss, Text(title="Urusan desa sendiri", body="<p>x</p>"))
    service.send_to_kominfo(boss, kept.id, False)
    service.publish_now(boss, kept.id)
    article = published(site)
    follow(site)
    service.send_to_kominfo(boss, article.id, False)
    follow(site)
    service.send_to_kominfo(boss, article.id, True)
    assert [(line["op"], line["id"]) for line in lines(site)] == [
        ("put", article.id), ("unpublish", article.id), ("put", article.id),
    ]  # fmt: skip
    assert b"Urusan desa sendiri" not in log.page(site).body


def test_what_was_withdrawn_before_the_follower_came_is_not_sent_any_more(site: Site) -> None:
    follow(site)
    article = published(site, title="Salah terbit")
    act(operator(site), Op.WITHDRAW, article.id)
    assert ops(site) == []


def test_a_scheduled_article_enters_when_it_is_published(site: Site) -> None:
    from datetime import timedelta

    from desa_web.core.clock import as_utc

    follow(site)
    boss = operator(site)
    article = service.create(boss, Text(title="Besok", body="<p>x</p>"))
    for op in (Op.SUBMIT, Op.APPROVE):
        act(boss, op, article.id)
    act(boss, Op.SCHEDULE, article.id, at=as_utc(site.clock.now_ms()) + timedelta(hours=5))
    assert ops(site) == []
    clock_of(site).advance(seconds=6 * 3600)
    due.tick(site, {"news.publish": publish})
    assert ops(site) == ["put"]


def test_photos_are_named_by_their_master_and_new_words_are_said_again(
    site: Site, tmp_path: Path
) -> None:
    follow(site)
    boss = operator(site)
    photo = media.add(boss, photo_file(tmp_path), caption="Warga panen", credit="Aini")
    published(site, lead_photo_id=photo.id)
    (named,) = lines(site)[-1]["media"]
    assert named["sha256"] == photo.master_sha256
    assert masters.path_of(site, named["sha256"]).stat().st_size == named["bytes"]
    assert (named["w"], named["h"], named["lead"]) == (192, 128, True)
    media.describe(boss, photo.id, caption="Warga memanen padi")
    assert [line["rev"] for line in lines(site)] == [1, 2]
    assert lines(site)[-1]["media"][0]["caption"] == "Warga memanen padi"
    assert lines(site)[0]["revision"] == lines(site)[1]["revision"]


def test_news_from_before_the_first_key_is_all_in_the_first_epoch(site: Site) -> None:
    titles = [published(site, f"Kabar {n}").slug for n in range(5)]
    assert [line["slug"] for line in lines(site)] == titles
    assert len(lines(site, "profile")) == 1


def test_the_villages_profile_follows_its_settings(site: Site) -> None:
    follow(site)
    settings.change(operator(site), {"village_name": "Sukamaju", "kode_wilayah": "35.22.07.2004"})
    profile = lines(site, "profile")[-1]
    assert (profile["name"], profile["kode_wilayah"]) == ("Desa Sukamaju", "35.22.07.2004")


def test_the_card_names_the_site_by_its_first_key(site: Site) -> None:
    web = client(site)
    assert web.get("/.well-known/desa").status_code == 404
    assert web.get("/sync/v1/changes").status_code == 404
    follow(site)
    card = web.get("/.well-known/desa").json
    assert card is not None
    assert card["site"] == site_of(card["keys"][0]["key"])
    sync.rotate(operator(site))
    rotated = web.get("/.well-known/desa").json
    assert rotated is not None
    assert (rotated["site"], len(rotated["keys"])) == (card["site"], 2)


def pulled(web: FlaskClient, **arguments: str) -> Any:
    return web.get("/sync/v1/changes", **arguments)  # type: ignore[arg-type]


def test_anybody_may_read_the_log_and_a_poll_without_news_is_tiny(site: Site) -> None:
    published(site)
    follow(site)
    web = client(site)
    first = pulled(web)
    assert (first.status_code, first.content_type) == (200, "application/x-ndjson")
    assert first.headers["Cache-Control"] == "no-store"
    again = web.get("/sync/v1/changes", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    published(site, "Kabar baru")
    follow(site)
    news = web.get("/sync/v1/changes", headers={"If-None-Match": first.headers["ETag"]})
    assert (news.status_code, news.data.count(b"\n")) == (200, 2)
    assert b"Kabar baru" in news.data


def test_an_asker_resumes_by_points_and_a_stranger_is_refused(site: Site) -> None:
    for n in range(3):
        published(site, f"Kabar {n}")
    follow(site)
    web = client(site)
    lines_ = pulled(web).data.split(b"\n")
    first = parse(lines_[0])
    assert isinstance(first, Line)
    digest = first.hash_after("0" * 64)
    rest = web.get(
        f"/sync/v1/changes?have={first.epoch}.9.{'1' * 64},{first.epoch}.1.{digest[:32]}"
    )
    assert rest.data.split(b"\n")[:-2] == lines_[1:-2]
    for have in (f"{first.epoch}.1.{'2' * 64}", f"{'a' * 16}.1.{digest}"):
        assert web.get(f"/sync/v1/changes?have={have}").status_code == 409
    assert (
        web.get("/sync/v1/changes", headers={"If-None-Match": f'"{"b" * 64}"'}).status_code == 409
    )
    for query in ("have=x", "have=.1.", "max=-1", "max=١", f"have={first.epoch}.0.{digest}"):
        assert web.get(f"/sync/v1/changes?{query}").status_code == 422


def test_pages_are_gzipped_and_shrink_after_a_failure(site: Site) -> None:
    body = "<p>" + "gotong royong di dusun krajan " * 200 + "</p>"
    for n in range(12):
        published(site, f"Kabar {n}", body=body)
    follow(site)
    web = client(site)
    plain = pulled(web)
    packed = web.get("/sync/v1/changes", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 5
    small = web.get("/sync/v1/changes?max=32768").data
    assert len(small) < 34_000
    assert json.loads(small.split(b"\n")[-2])["more"] is True


def test_the_command_shows_the_log_and_hands_out_a_code_that_opens_the_key(tmp_path: Path) -> None:
    made = make_site(tmp_path)
    with made.bound():
        published(made)
    made.close()
    assert run_desa("--site", made.path, "follow", "--once").returncode == 0
    told = run_desa("--site", made.path, "--json", "sync", "status")
    (own,) = json.loads(told.stdout)
    assert (own["articles"], own["last_seq"], own["error"]) == (1, 3, "")
    assert own["recovery_code"] is False
    code = json.loads(run_desa("--site", made.path, "--json", "sync", "code").stdout)["code"]
    ring = KeyRing(made.data / "keys")
    for file in (made.data / "keys").glob("*.key"):
        file.unlink()
    wrong = run_desa("--site", made.path, "sync", "unlock", "--code", "SALAH")
    assert (wrong.returncode, "tidak cocok" in wrong.stderr) == (1, True)
    assert run_desa("--site", made.path, "sync", "unlock", "--code", code).returncode == 0
    with made.bound():
        assert ring.find(log.keys(made)[-1].public) is not None
    made.close()


def test_a_restored_village_goes_on_for_who_followed_it(site: Site, tmp_path: Path) -> None:
    """Backup, more news, restore of the backup: the hub follows into the new epoch."""
    from desa_web.core.site import open_site
    from desa_web.ops import backup

    published(site, "Sebelum cadangan")
    follow(site)
    code = sync.new_recovery_code(operator(site))
    made = backup.create(site, tmp_path / "cadangan.zip")
    with zipfile.ZipFile(made.file) as archive:
        keys = [n for n in archive.namelist() if n.startswith("data/keys/")]
    assert keys == ["data/keys/signing.enc"]
    lost = published(site, "Sesudah cadangan")
    follow(site)
    hub = make_site(tmp_path / "hub")
    name = log.head(site).site  # type: ignore[union-attr]
    with hub.bound():
        receiver = Receiver(hub)
        assert receiver.receive(name, log.page(site).body).problem is None
    again = tmp_path / "pulih"
    backup.restore(made.file, again)
    back = open_site(again, clock_of(site))
    with back.bound():
        follow(back)
        assert sync.status(back).pause is not None
        sync.unlock(operator(back), code)
        kept = published(back, "Sesudah pulih")
        follow(back)
        assert sync.status(back).pause is None
    with hub.bound():
        have = receiver.resume(name).have
    with back.bound():
        page = log.page(back, have)
    with hub.bound():
        assert receiver.receive(name, page.body, is_live=True).problem is None
        public = {i for (kind, i), held in receiver.shelf.view(name).items() if kind == "article"}
        assert kept.id in public
        assert lost.id not in public
        assert receiver.shelf.lost(name) == [("article", lost.id)]
    for one in (back, hub):
        one.close()
