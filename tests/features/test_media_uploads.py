"""tus 1.0 as a sender meets it, over real cookies: parts, cuts, checks, limits, outcomes."""

from __future__ import annotations

import base64
import errno
import random
from collections.abc import Mapping
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desa_web.core import db
from desa_web.core.actor import Role, operator
from desa_web.core.errors import Busy
from desa_web.core.site import Site
from desa_web.engines.images import PhotoBusy
from desa_web.features.media import (
    documents,
    housekeeping,
    library,
    masters,
    service,
    uploads,
)
from desa_web.features.media.library import Filter
from tests.harness.photos import pdf, photo
from tests.harness.site import FakeClock, actor_as, client, make_site

BASE = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}


def _metadata(**words: str) -> str:
    return ",".join(f"{n} {base64.b64encode(v.encode()).decode()}" for n, v in words.items())


def _create(web: FlaskClient, data: bytes, **words: str) -> str:
    headers = TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": _metadata(**words)}
    answer = web.post(BASE, headers=headers)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert answer.headers["Upload-Offset"] == "0"
    return str(answer.headers["Location"])


def _send(
    web: FlaskClient, url: str, offset: int, part: bytes, extra: Mapping[str, str] | None = None
) -> Any:
    headers = PART | {"Upload-Offset": str(offset)} | dict(extra or {})
    return web.patch(url, data=part, headers=headers)


def _offset(web: FlaskClient, url: str) -> int:
    answer = web.head(url, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def _sum(part: bytes, name: str = "sha256") -> dict[str, str]:
    digest = {"sha256": sha256, "sha1": sha1}[name](part).digest()
    return {"Upload-Checksum": f"{name} {base64.b64encode(digest).decode()}"}


@pytest.fixture
def web(site: Site) -> FlaskClient:
    return client(site, actor_as(site, Role.REPORTER))


def test_an_upload_in_parts_becomes_a_photo_with_its_words(site: Site, web: FlaskClient) -> None:
    data = photo()
    url = _create(
        web, data, filename="Panen.jpg", caption="Panen.", sha256=sha256(data).hexdigest()
    )
    for at in range(0, len(data), 4000):
        part = data[at : at + 4000]
        answer = _send(web, url, at, part, _sum(part))
        assert answer.status_code == 204
        assert int(answer.headers["Upload-Offset"]) == at + len(part)
        assert "Upload-Expires" in answer.headers
    kept = service.get(answer.headers["Desa-Photo"])
    assert kept is not None
    assert (kept.name, kept.caption, kept.uploader_name) == ("Panen.jpg", "Panen.", "Reporter")
    state = web.get(url).get_json()
    assert state["photo"]["id"] == kept.id
    assert state["photo"]["markdown"] == f"![](foto:{kept.id})"
    assert list((site.data / "uploads").glob("*.part")) == []


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(0, 8000), max_size=12))
def test_any_sequence_of_cuts_ends_in_the_same_bytes(
    site: Site, web: FlaskClient, cuts: list[int]
) -> None:
    data = photo(random.Random(repr(cuts)).randrange(1, 6))
    url = _create(web, data, sha256=sha256(data).hexdigest())
    sizes = iter([*cuts, len(data)])
    while (at := _offset(web, url)) < len(data):
        part = data[at : at + next(sizes, len(data))]
        # The sender repeats a part whose answer was lost: it is told to ask, and nothing doubles.
        assert _send(web, url, at, part).status_code == 204
        if part and at + len(part) < len(data):
            assert _send(web, url, at, part).status_code == 409
    assert web.get(url).get_json()["photo"]["id"]


def test_a_wrong_checksum_keeps_nothing_of_the_part(web: FlaskClient) -> None:
    data = photo()
    url = _create(web, data)
    assert _send(web, url, 0, data[:1000], _sum(data[:1000], "sha1")).status_code == 204
    answer = _send(web, url, 1000, data[1000:2000], _sum(b"other"))
    assert answer.status_code == 460
    assert _offset(web, url) == 1000
    unknown = {"Upload-Checksum": "crc32 AAAA"}
    assert _send(web, url, 1000, data[1000:2000], unknown).status_code == 422
    assert _offset(web, url) == 1000


def test_a_file_that_is_not_what_was_announced_becomes_no_photo(
    site: Site, web: FlaskClient
) -> None:
    data = photo()
    url = _create(web, data, sha256="0" * 64)
    answer = _send(web, url, 0, data)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["code"] == "data-rusak"
    assert library.photos(site, Filter()).photos == []


def test_a_refused_photo_says_why_and_is_not_sent_again(web: FlaskClient) -> None:
    data = b"<?php echo 1; ?>" * 20
    url = _create(web, data, filename="liburan.jpg")
    answer = _send(web, url, 0, data)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["reason"] == "bukan-foto"
    assert web.get(url).get_json()["error"]["reason"] == "bukan-foto"
    assert _send(web, url, len(data), b"x").status_code == 409


def test_more_than_announced_is_refused_and_not_kept(web: FlaskClient) -> None:
    data = photo()
    url = _create(web, data[:100])
    assert _send(web, url, 0, data[:200]).status_code == 413
    assert _offset(web, url) == 0


def test_the_upload_of_another_person_does_not_exist(site: Site, web: FlaskClient) -> None:
    url = _create(web, photo())
    other = client(site, actor_as(site, Role.ADMIN))
    assert other.head(url, headers=TUS).status_code == 404
    assert _send(other, url, 0, b"x").status_code == 404
    assert other.delete(url, headers=TUS).status_code == 404
    assert client(site).head(url, headers=TUS).status_code == 401
    for name in ("..%2f..%2fdesa", "%00", "a" * 300, "x.json"):
        assert web.get(f"{BASE}/{name}").status_code == 404


def test_the_protocol_is_spoken_as_written(web: FlaskClient) -> None:
    about = web.options(BASE)
    assert about.status_code == 204
    assert about.headers["Tus-Version"] == "1.0.0"
    wanted = {"creation", "checksum", "expiration", "termination"}
    assert wanted <= set(about.headers["Tus-Extension"].split(","))
    assert "sha1" in about.headers["Tus-Checksum-Algorithm"]
    assert int(about.headers["Tus-Max-Size"]) == 40 << 20
    old = web.post(BASE, headers={"Upload-Length": "5", "Tus-Resumable": "0.2.2"})
    assert old.status_code == 412
    assert old.headers["Tus-Version"] == "1.0.0"
    assert web.post(BASE, headers=TUS | {"Upload-Length": "-1"}).status_code == 422
    assert web.post(BASE, headers=TUS | {"Upload-Length": str(41 << 20)}).status_code == 413
    bad = TUS | {"Upload-Length": "5", "Upload-Metadata": "filename ###"}
    assert web.post(BASE, headers=bad).status_code == 422
    url = _create(web, photo())
    wrong_type = TUS | {"Upload-Offset": "0", "Content-Type": "image/jpeg"}
    assert web.patch(url, data=b"x", headers=wrong_type).status_code == 415
    assert web.delete(url, headers=TUS).status_code == 204
    assert web.head(url, headers=TUS).status_code == 404


def test_creation_may_carry_the_first_part(web: FlaskClient) -> None:
    data = photo()
    headers = PART | {"Upload-Length": str(len(data))}
    answer = web.post(BASE, data=data[:500], headers=headers)
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == "500"


def test_an_expired_upload_is_gone_and_swept(
    site: Site, clock: FakeClock, web: FlaskClient
) -> None:
    url = _create(web, photo())
    clock.advance(days=8)
    actor = actor_as(site, Role.REPORTER)
    with pytest.raises(Exception, match="terlalu lama"):
        uploads.find(actor, url.rsplit("/", 1)[1])
    assert [one.what for one in housekeeping.gc(site)] == ["unggahan"]
    assert list((site.data / "uploads").iterdir()) == []


def test_a_doubtful_clock_sweeps_no_upload(site: Site, clock: FakeClock, web: FlaskClient) -> None:
    _create(web, photo())
    clock.set(clock.at_ms + 3000 * 86_400_000)
    assert uploads.sweep(site) == []


def test_one_person_cannot_open_uploads_without_end(site: Site, web: FlaskClient) -> None:
    for _ in range(uploads.MAX_OPEN):
        _create(web, b"xx")
    headers = TUS | {"Upload-Length": "2"}
    answer = web.post(BASE, headers=headers)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    _create(client(site, actor_as(site, Role.EDITOR)), b"xx")


def test_a_full_disk_stops_before_anything_is_sent(tmp_path: Path) -> None:
    site = make_site(tmp_path, options={"free_space_reserve_mb": 1 << 40})
    with site.bound():
        web = client(site, actor_as(site, Role.REPORTER))
        answer = web.post(BASE, headers=TUS | {"Upload-Length": "1000"})
        assert answer.status_code == 507
        assert "Kosongkan ruang" in answer.get_json()["error"]["message"]
    site.close()


def test_a_disk_that_fails_under_a_part_keeps_what_was_acknowledged(
    site: Site, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = photo()
    url = _create(web, data)
    assert _send(web, url, 0, data[:1000]).status_code == 204

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(uploads.os, "fsync", full)
        answer = _send(web, url, 1000, data[1000:])
    assert answer.status_code == 507
    assert _offset(web, url) == 1000
    assert _send(web, url, 1000, data[1000:]).headers["Desa-Photo"]


def test_a_pdf_becomes_a_document(site: Site, web: FlaskClient) -> None:
    data = pdf()
    url = _create(web, data, filename="perdes.pdf", filetype="application/pdf")
    answer = _send(web, url, 0, data)
    assert answer.status_code == 204
    assert [d.id for d in documents.documents()] == [answer.headers["Desa-Document"]]


def test_asking_for_the_offset_finishes_what_a_kill_left_complete(
    site: Site, web: FlaskClient
) -> None:
    data = photo()
    url = _create(web, data)
    upload_id = url.rsplit("/", 1)[1]
    # All bytes are there, but the process died before it could make the photo.
    (site.data / "uploads" / f"{upload_id}.part").write_bytes(data)
    assert _offset(web, url) == len(data)
    made = web.get(url).get_json()["photo"]["id"]
    assert _offset(web, url) == len(data)
    assert [p.id for p in library.photos(site, Filter()).photos] == [made]


def test_a_busy_server_is_not_the_photos_fault(web: FlaskClient) -> None:
    data = photo(1, (2400, 1600))
    url = _create(web, data)
    studio = masters.studio()
    real = studio._memory_bytes
    studio._memory_bytes = 1 << 20
    try:
        answer = _send(web, url, 0, data)
    finally:
        studio._memory_bytes = real
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.get_json()["error"]["code"] == PhotoBusy.code
    assert _offset(web, url) == len(data)
    assert web.get(url).get_json()["photo"]["id"]


def test_two_senders_of_one_upload_do_not_mix(site: Site, web: FlaskClient) -> None:
    actor = actor_as(site, Role.REPORTER)
    url = _create(web, photo())
    upload_id = url.rsplit("/", 1)[1]
    with uploads._held(site, upload_id):
        assert _send(web, url, 0, b"x").status_code == 503
        with pytest.raises(Busy), uploads._held(site, upload_id):
            raise AssertionError
    assert uploads.find(actor, upload_id).offset_bytes == 0


def test_unfinished_uploads_leave_no_rows(site: Site, web: FlaskClient) -> None:
    before = db.execute(site.database, "SELECT count(*) FROM journal").fetchone()[0]
    url = _create(web, photo())
    _send(web, url, 0, photo()[:100])
    assert db.execute(site.database, "SELECT count(*) FROM journal").fetchone()[0] == before


def test_the_operator_has_uploads_of_his_own(site: Site) -> None:
    made = uploads.create(operator(site), 10, {"filename": "../../etc/passwd.jpg"})
    assert made.name == "passwd.jpg"


def test_photos_that_wait_for_their_turn_hold_no_server_thread(
    site: Site, web: FlaskClient
) -> None:
    data = photo()
    url = _create(web, data)
    for _ in range(masters._TURNS):
        masters._turns.acquire()
    try:
        answer = _send(web, url, 0, data)
    finally:
        for _ in range(masters._TURNS):
            masters._turns.release()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert answer.get_json()["error"]["code"] == "foto-antre"
    assert _offset(web, url) == len(data)
    assert web.get(url).get_json()["photo"]["id"]
