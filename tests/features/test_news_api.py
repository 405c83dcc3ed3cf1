"""/api/v1 for news: versions, repeated posts, refusals as JSON with a code."""

from __future__ import annotations

import pytest

from desa_web.core import journal
from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.news import queries, service
from desa_web.features.news.article import State, Text
from tests.features.test_news_workflow import ROLES, brought_to, expected
from tests.harness.site import SAME_ORIGIN, actor_as, client


def posted(web, url: str, values: dict | None = None, **headers: str):  # type: ignore[no-untyped-def, type-arg]
    return web.post(url, json=values or {}, headers={**SAME_ORIGIN, **headers})


def test_a_draft_goes_to_published_over_the_api(site: Site) -> None:
    reporter, approver = (
        client(site, actor_as(site, role)) for role in (Role.REPORTER, Role.APPROVER)
    )
    made = posted(reporter, "/api/v1/articles", {"title": "Posyandu", "body": "<p>Halo</p>"})
    assert made.status_code == 201
    url, etag = f"/api/v1/articles/{made.json['id']}", made.headers["ETag"]
    etag = posted(reporter, f"{url}/submit", **{"If-Match": etag}).headers["ETag"]
    etag = posted(approver, f"{url}/approve", **{"If-Match": etag}).headers["ETag"]
    done = posted(approver, f"{url}/publish", **{"If-Match": etag})
    assert (done.status_code, done.json["state"]) == (200, "published")
    assert [i.title for i in queries.published(site)] == ["Posyandu"]


def test_a_repeated_post_with_the_same_key_makes_one_article(site: Site) -> None:
    web = client(site, actor_as(site, Role.REPORTER))
    first, again = (
        posted(web, "/api/v1/articles", {"title": "Satu"}, **{"Idempotency-Key": "k1"})
        for _ in range(2)
    )
    assert first.json["id"] == again.json["id"]
    other = posted(web, "/api/v1/articles", {"title": "Dua"}, **{"Idempotency-Key": "k1"})
    assert other.status_code == 409
    assert len(queries.desk(operator(site))) == 1


@pytest.mark.parametrize(
    ("if_match", "status"), [(None, 428), ('"99"', 412), ('"x"', 412), ("*", 200), ('"1"', 200)]
)
def test_saving_needs_the_version_that_was_read(
    site: Site, if_match: str | None, status: int
) -> None:
    actor = actor_as(site, Role.REPORTER)
    article = service.create(actor, Text(title="Lama"))
    headers = {**SAME_ORIGIN, **({"If-Match": if_match} if if_match else {})}
    answer = client(site, actor).put(
        f"/api/v1/articles/{article.id}", json={"title": "Baru"}, headers=headers
    )
    assert answer.status_code == status
    title = queries.get(actor, article.id)[1].text.title
    assert title == ("Baru" if status == 200 else "Lama")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": ""}, 422),
        ({"title": "x" * 161}, 422),
        ({"title": 7}, 422),
        ({"title": "a", "tags": [1]}, 422),
        ({"title": "a", "body": "\x00"}, 422),
        ({"title": "a", "rubric": "tidak-ada"}, 422),
        ({"title": "a", "kind": "apa"}, 422),
        ({"title": "a", "expires_on": "besok"}, 422),
        ({"title": "a", "body": "<p>" + "x" * 2_100_000}, 413),
    ],
)
def test_bad_input_gets_a_code_and_a_sentence_and_leaves_nothing(
    site: Site, body: dict[str, object], status: int
) -> None:
    before = journal.head(site)
    web = client(site, actor_as(site, Role.REPORTER))
    before = journal.head(site)
    answer = posted(web, "/api/v1/articles", body)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert answer.json["error"]["code"]
    assert answer.json["error"]["message"].endswith(".")
    assert journal.head(site) == before


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"title": "\xff"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(site: Site, raw: bytes) -> None:
    web = client(site, actor_as(site, Role.REPORTER))
    headers = {**SAME_ORIGIN, "Content-Type": "application/json"}
    answer = web.post("/api/v1/articles", data=raw, headers=headers)
    assert (answer.status_code, bool(answer.json["error"]["message"])) == (422, True)


def test_without_a_session_nothing_is_read_or_written(site: Site) -> None:
    web = client(site)
    article = service.create(operator(site), Text(title="Draf"))
    assert web.get("/api/v1/articles").status_code == 401
    assert web.get(f"/api/v1/articles/{article.id}").status_code == 401
    assert posted(web, "/api/v1/articles", {"title": "x"}).status_code == 401


def test_a_page_of_another_site_cannot_post(site: Site) -> None:
    web = client(site, actor_as(site, Role.REPORTER))
    answer = web.post(
        "/api/v1/articles", json={"title": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert queries.desk(operator(site)) == []


def test_typing_is_kept_without_touching_the_text(site: Site) -> None:
    actor = actor_as(site, Role.REPORTER)
    article = service.create(actor, Text(title="Judul", body="<p>Isi</p>"))
    web = client(site, actor)
    head = journal.head(site)
    url = f"/api/v1/articles/{article.id}/typing"
    answer = web.put(url, json={"title": "Judul b", "body": "<p>Isi b"}, headers=SAME_ORIGIN)
    assert answer.status_code == 200
    assert journal.head(site) == head
    typing = service.typing_of(actor, article.id)
    assert typing is not None
    assert typing.text.title == "Judul b"
    assert queries.get(actor, article.id)[1].text.title == "Judul"
    assert web.delete(url, headers=SAME_ORIGIN).status_code == 204
    assert service.typing_of(actor, article.id) is None


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", list(State))
def test_the_api_follows_the_one_table(site: Site, role: Role, state: State) -> None:
    actor, owner = actor_as(site, role), actor_as(site, Role.REPORTER, "penulis-lain")
    web = client(site, actor)
    for op in service.Op:
        if op is service.Op.SAVE:
            continue
        article = brought_to(site, state, owner)
        values = {"note": "Tambah nama", "at": "2026-12-24T07:00"}
        answer = posted(
            web,
            f"/api/v1/articles/{article.id}/{op}",
            values,
            **{"If-Match": f'"{article.version}"'},
        )
        assert (answer.status_code == 200) == expected(actor, op, article), (op, answer.json)
        assert answer.status_code in (200, 403, 404, 409)


def test_a_list_goes_on_where_it_stopped(site: Site) -> None:
    actor = actor_as(site, Role.REPORTER)
    made = [service.create(actor, Text(title=f"Berita {n}")).id for n in range(7)]
    web, seen, following = client(site, actor), [], ""
    while following is not None:
        page = web.get("/api/v1/articles", query_string={"limit": 3, "before": following}).json
        seen += [item["id"] for item in page["articles"]]
        following = page["next"]
    assert seen == made[::-1]
