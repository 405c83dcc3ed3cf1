"""No attempt gets a script, a style or a foreign request through any door of core.html."""

import json
from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest

from desa_web.core.html import (
    diff,
    from_markdown,
    from_plain_text,
    merge3,
    normalise,
    render_body,
    to_markdown,
)
from tests.corpus.xss.make import vectors
from tests.harness.xss import VECTORS, dangers, dangers_in_page

CORPUS = Path(__file__).parents[1] / "corpus" / "xss" / "vectors.json"


def _figure(photo_id: str, caption: str) -> str:
    return (
        f"<figure><img src='/media/{photo_id}' alt=''><figcaption>{caption}</figcaption></figure>"
    )


def _merged(vector: str) -> str:
    base = "<p>awal</p><p>akhir</p>"
    merge = merge3(base, f"<p>awal</p>{vector}<p>akhir</p>", f"{base}{vector}")
    sides = [side for c in merge.conflicts for side in (*c.base, *c.ours, *c.theirs)]
    return "".join([*(part for part in merge.parts if isinstance(part, str)), *sides])


DOORS: dict[str, Callable[[str], str]] = {
    "normalise": normalise,
    "from_markdown": from_markdown,
    "from_plain_text": from_plain_text,
    "merge3": _merged,
    "markdown and back": lambda vector: from_markdown(to_markdown(vector)),
    "escaped once": lambda vector: normalise(f"<p>{escape(vector)}</p>"),
    "twice": lambda vector: normalise(normalise(vector) + vector),
}


def test_the_collection_is_what_the_generator_makes():
    assert json.loads(CORPUS.read_text("ascii")) == vectors()
    assert len(VECTORS) == len(set(VECTORS)) >= 1500


@pytest.mark.parametrize("door", DOORS)
def test_no_vector_survives(door: str):
    survivors = {v: found for v in VECTORS if (found := dangers(DOORS[door](v)))}
    assert survivors == {}


def test_no_vector_survives_the_comparison():
    marks = frozenset({"ins", "del"})
    for vector in VECTORS:
        for old, new in ((vector, "<p>x</p>"), ("<p>x</p>", vector), (f"{vector} a", vector)):
            assert dangers(diff(old, new), also=marks) == [], vector


def test_no_vector_survives_in_the_rendered_body():
    for vector in VECTORS:
        text = f"{vector}<figure data-foto=a><figcaption>{escape(vector)}</figcaption></figure>"
        assert dangers_in_page(f"<body>{render_body(text, _figure)}</body>") == [], vector


def test_what_a_figure_brings_is_sanitised_too():
    body = "<figure data-foto=a></figure>"
    for vector in VECTORS:
        page = render_body(body, lambda *_, figure=vector: figure)
        assert dangers_in_page(f"<body>{page}</body>") == [], vector


def test_the_judge_finds_what_is_planted():
    planted = [
        "<script>x</script>", "<p onclick=x>", '<p class="x">y</p>', "<a href='javascript:x'>y</a>",
        '<a href="https://x.id">y</a>', '<a href="//x.id">y</a>', "<svg></svg>", "<p>a & b</p>",
        '<a href="&#106;avascript:x">y</a>', "<p>a<b>c</b></p>", "<!-- x -->", "<p>\u202ex</p>",
        '<figure data-foto="../x"></figure>', '<td colspan="x">y</td>', "<P>x</P>", "a > b",
        "</div><div>", '<p style="x">y</p>', "<img src=x>", '<a href="/x" id="y">z</a>',
        "<ins>x</ins>",
    ]  # fmt: skip
    assert [text for text in planted if not dangers(text)] == []


def test_the_judge_finds_most_raw_vectors_dangerous():
    """A judge that lets everything pass would make every test above worthless."""
    missed = [v for v in VECTORS if "<" in v and not dangers(v)]
    assert len(missed) < len(VECTORS) // 100
    pages = [
        "<img src=x onerror=alert(1)>", "<script>x</script>", "<script src=//x.id/y.js></script>",
        "<a href=' java&#x9;script:x'>y</a>", "<base href=/x>", "<p style=x>y</p>",
        "<meta http-equiv=refresh content=0>", "<img src=//x.id/y.png>", "<style>x</style>",
        "<form action=https://x.id></form>", "<iframe src=/x></iframe>", "<svg onload=x></svg>",
    ]  # fmt: skip
    assert [page for page in pages if not dangers_in_page(f"<body>{page}</body>")] == []


def test_good_texts_pass_the_judge():
    text = (
        '<h2>Rapat &amp; doa</h2><p>Baca <a href="https://desa.id/a?b=1&amp;c=2" '
        'rel="nofollow ugc noopener"><strong>di sini</strong></a>.<br>Ya</p>'
        '<figure data-foto="0199-ab"><figcaption>Foto</figcaption></figure>'
        '<table><tbody><tr><td colspan="2">a</td></tr>'
        "<tr><td>b</td><td>c</td></tr></tbody></table>"
    )
    assert dangers(text) == []
    assert normalise(text) == text
