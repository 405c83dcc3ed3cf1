"""Headers behind TLS, scored by the rules of the MDN HTTP Observatory: A+ on every answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from desa_web.core.actor import Role, operator
from desa_web.core.site import Site
from desa_web.features.news import service
from desa_web.features.news.article import Text
from tests.harness.site import actor_as, client

HALF_A_YEAR_S = 15_768_000
_PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
_GRADES = ((100, "A+"), (90, "A"), (85, "A-"), (80, "B+"), (70, "B"), (65, "B-"), (50, "C"))


def directives(policy: str) -> dict[str, list[str]]:
    found = (part.split() for part in policy.split(";"))
    return {words[0].lower(): words[1:] for words in found if words}


def csp_score(policy: str) -> int:
    """+10 for default-src 'none' without anything unsafe, down to -25 for none at all."""
    if not policy:
        return -25
    found = directives(policy)
    scripts = found.get("script-src", found.get("default-src", ["*"]))
    styles = found.get("style-src", found.get("default-src", ["*"]))
    everything = [word for words in found.values() for word in words]
    if "'unsafe-inline'" in scripts or "data:" in scripts or "*" in scripts or "https:" in scripts:
        return -20
    if "'unsafe-eval'" in scripts:
        return -10
    if any(word.startswith("http:") for word in everything):
        return -20
    if "'unsafe-inline'" in styles:
        return 0
    return 10 if found.get("default-src") == ["'none'"] else 5


def hsts_score(value: str) -> int:
    match = re.search(r"max-age=(\d+)", value)
    if match is None:
        return -20
    return 0 if int(match[1]) >= HALF_A_YEAR_S else -10


def framing_score(headers: Mapping[str, str]) -> int:
    if "frame-ancestors" in directives(headers.get("Content-Security-Policy", "")):
        return 5
    known = headers.get("X-Frame-Options", "").upper() in ("DENY", "SAMEORIGIN")
    return 0 if known else -20


def cookies_score(cookies: list[str]) -> int:
    worst = 5 if cookies else 0
    for cookie in cookies:
        lowered = cookie.lower()
        if "; secure" not in lowered:
            worst = min(worst, -20)
        elif "; httponly" not in lowered:
            worst = min(worst, -30)
        elif "samesite" not in lowered:
            worst = min(worst, 0)
    return worst


def foreign_scripts_score(html: str) -> int:
    foreign = re.findall(r'<script[^>]+src="(?:https?:)?//[^"]*"[^>]*>', html)
    return -5 if any("integrity" not in tag for tag in foreign) else 0


def score(headers: Mapping[str, str], cookies: list[str], html: str) -> int:
    """Return the points: 100 less the penalties; bonuses count from 90 on."""
    parts = [
        csp_score(headers.get("Content-Security-Policy", "")),
        hsts_score(headers.get("Strict-Transport-Security", "")),
        framing_score(headers),
        cookies_score(cookies),
        foreign_scripts_score(html),
        0 if headers.get("X-Content-Type-Options", "").lower() == "nosniff" else -5,
        5 if headers.get("Referrer-Policy", "") in _PRIVATE else -5,
        10 if headers.get("Cross-Origin-Resource-Policy") in ("same-origin", "same-site") else 0,
        0 if headers.get("Access-Control-Allow-Origin") != "*" else -50,
    ]
    plain = 100 + sum(part for part in parts if part < 0)
    return plain + (sum(part for part in parts if part > 0) if plain >= 90 else 0)


def grade(points: int) -> str:
    return next((name for least, name in _GRADES if points >= least), "F")


@pytest.fixture
def village(site: Site) -> Site:
    boss = operator(site)
    for title in ("Panen raya", "Ditarik lagi"):
        made = service.create(boss, Text(title=title, body="<p>Sawah.</p>"))
        service.publish_now(boss, made.id)
    service.act(boss, service.Op.WITHDRAW, made.id)
    return site


PATHS = ("/", "/berita/", "/berita/panen-raya", "/berita/ditarik-lagi", "/tidak-ada", "/cari?q=x",
         "/pengumuman/", "/feed.atom", "/robots.txt", "/sehat", "/masuk", "/kelola/")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_behind_tls_earns_an_a_plus(village: Site, path: str) -> None:
    answer = client(village).get(path, base_url="https://localhost")
    cookies = answer.headers.getlist("Set-Cookie")
    points = score(dict(answer.headers), cookies, answer.text)
    assert (grade(points), points >= 130) == ("A+", True)
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in answer.headers["Permissions-Policy"]


def test_the_desk_of_a_signed_in_person_earns_an_a_plus(village: Site) -> None:
    web = client(village, actor_as(village, Role.EDITOR))
    answer = web.get("/kelola/", base_url="https://localhost")
    cookies = answer.headers.getlist("Set-Cookie")
    assert grade(score(dict(answer.headers), cookies, answer.text)) == "A+"
    assert answer.headers["Cache-Control"] == "no-store"


def test_plain_http_promises_no_tls(village: Site) -> None:
    answer = client(village).get("/", base_url="http://localhost")
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Security-Policy", "default-src 'self' 'unsafe-inline'"),
        ("Content-Security-Policy", ""),
        ("Strict-Transport-Security", "max-age=60"),
        ("Strict-Transport-Security", ""),
    ],
)
def test_the_rules_take_points_away_from_a_weaker_answer(
    village: Site, name: str, value: str
) -> None:
    answer = client(village).get("/", base_url="https://localhost")
    headers = {**dict(answer.headers), name: value}
    assert score(headers, [], answer.text) <= score(dict(answer.headers), [], answer.text) - 10


def test_public_answers_set_no_cookie(village: Site) -> None:
    for path in ("/", "/berita/", "/berita/panen-raya", "/tidak-ada", "/pengumuman/"):
        assert client(village).get(path).headers.getlist("Set-Cookie") == []


def test_answers_that_nobody_keeps_are_packed_but_never_those_of_the_desk(village: Site) -> None:
    packed = {"Accept-Encoding": "gzip"}
    missing = client(village).get("/tidak-ada", headers=packed)
    assert missing.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in missing.headers["Vary"]
    desk = client(village, actor_as(village, Role.EDITOR)).get("/kelola/", headers=packed)
    assert "Content-Encoding" not in desk.headers
    signing_in = client(village).get("/masuk", headers=packed)
    assert "Content-Encoding" not in signing_in.headers


def test_scripts_and_styles_carry_no_policy_of_pages(site: Site) -> None:
    """A first visit to the desk loads a dozen of them; what could be opened as a page keeps it."""
    page = client(site).get("/masuk").get_data(as_text=True)
    style, emblem = (re.search(rf'href="(/statis/[^"]+{end})"', page) for end in ("css", "svg"))
    assert style is not None
    assert emblem is not None
    sent = client(site).get(style[1]).headers
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Content-Security-Policy" not in sent
    assert client(site).get(emblem[1]).headers["Content-Security-Policy"]
