"""Every vector by every way in: no page of the desk or for readers lets one through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from desa_web.core.actor import Actor, Role
from desa_web.core.site import Site
from desa_web.features.news import importer, queries, service
from tests.features.test_news_desk import address, send, text_of, token
from tests.harness.site import actor_as, client
from tests.harness.xss import VECTORS, dangers_in_page

WAYS = ("form", "html", "api", "import")


@pytest.mark.parametrize("way", WAYS)
def test_no_vector_survives_on_any_page(site: Site, way: str, tmp_path: Path) -> None:
    """A sample: every 13th vector each way, another offset for each."""
    _judge(site, way, VECTORS[WAYS.index(way) :: 13], tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_no_vector_of_all_survives_on_any_page(site: Site, way: str, tmp_path: Path) -> None:
    _judge(site, way, VECTORS, tmp_path)


def _judge(site: Site, way: str, vectors: Sequence[str], tmp_path: Path) -> None:
    admin = actor_as(site, Role.ADMIN)
    web, reader = client(site, admin), client(site)
    for vector in vectors:
        article_id = _brought_in(site, admin, web, way, vector, tmp_path)
        if not article_id:
            continue
        found = queries.find(admin, article_id)
        pages = [web.get(address(article_id)), web.get(f"{address(article_id)}/riwayat")]
        if not found.is_live:
            text = queries.get(admin, article_id)[1].text
            service.save(admin, article_id, replace(text, body=f"{text.body}<p>Akhir.</p>"))
            service.publish_now(admin, article_id)
        pages.append(reader.get(f"/berita/{queries.find(admin, article_id).slug}"))
        pages.append(web.get(f"{address(article_id)}/pratinjau/isi"))
        for page in pages:
            assert page.status_code == 200
            assert dangers_in_page(text_of(page)) == [], vector


def _brought_in(
    site: Site, admin: Actor, web: FlaskClient, way: str, vector: str, folder: Path
) -> str:
    """Bring one vector in as title, text and words; "" when it was refused with a sentence."""
    sent = {
        "title": vector.strip()[:150] or "x", "body": vector, "standfirst": vector[:300],
        "tags": vector[:40].replace(",", " "), "byline": vector[:120], "dateline": vector[:120],
        "initials": vector[:24], "source": vector[:200], "correction": vector[:600],
    }  # fmt: skip
    if way == "api":
        answer = web.post("/api/v1/articles", json={**sent, "tags": [sent["tags"]]})
        assert answer.status_code in (201, 422), text_of(answer)
        return str(answer.get_json()["id"]) if answer.status_code == 201 else ""
    if way == "import":
        clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\r\n]", " ", sent["title"])
        quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
        file = folder / "satu.md"
        file.write_text(f'---\ntitle: "{quoted}"\n---\n{vector}\n', "utf-8", "replace")
        [result] = importer.import_path(admin, file)
        return result.object_id
    sent["format"] = "html" if way == "html" else "markdown"
    token_fields = token(web)
    answer = send(web, "/kelola/tulis", {**token_fields, **sent, "do": ""})
    assert answer.status_code in (303, 422), text_of(answer)
    if answer.status_code == 422:
        assert dangers_in_page(text_of(answer)) == [], vector
        return ""
    return answer.headers["Location"].rsplit("/", 1)[1]
