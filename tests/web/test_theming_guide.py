"""The theme author's guide says what is true: tables, filters, functions, examples, budgets.

`python -m tests.web.test_theming_guide` writes the tables anew.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desa_web.web.accents import Accents, dark_tokens, tokens
from desa_web.web.contexts import PAGE_TYPES, PART_TYPES, Page
from desa_web.web.theme_samples import full_pages
from desa_web.web.theming import (
    SCRIPT_BUDGET_BYTES,
    STYLESHEET_BUDGET_BYTES,
    Theme,
    check_theme,
    shipped_themes,
)

GUIDE = shipped_themes() / "README.md"
MARKS = ("<!-- tables -->\n", "<!-- /tables -->")


def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


def tables() -> str:
    """Return the reference part of the guide, made from the dataclasses."""
    parts = ["### Halaman", *(table(kind) for kind in PAGE_TYPES), "### Bagian"]
    parts += [table(kind) for kind in (*PART_TYPES, Accents)]
    return "\n\n".join(parts) + "\n"


def table(kind: type) -> str:
    head = f"#### {kind.__name__}"
    if issubclass(kind, Page):
        head += f" – `{kind.template}`"
    rows = ["| nama | jenis | bawaan |", "|---|---|---|"]
    for field in dataclasses.fields(kind):
        shown = str(field.type).replace("|", "\\|")
        rows.append(f"| `{field.name}` | {shown} | {default_of(field)} |")
    for name, member in inspect.getmembers(kind):
        if isinstance(member, property):
            rows.append(f"| `{name}` | {returned(member.fget)} | dihitung |")
        elif inspect.isfunction(member) and not name.startswith("_"):
            rows.append(f"| `{name}(…)` | {returned(member)} | fungsi |")
    text = inspect.cleandoc(kind.__doc__ or "")
    return f"{head}\n\n{text}\n\n" + "\n".join(rows)


def default_of(field: dataclasses.Field[object]) -> str:
    if field.default is dataclasses.MISSING:
        return "wajib" if field.default_factory is dataclasses.MISSING else "kosong"
    if field.default is None:
        return "tidak ada"
    if field.default in ("", ()):
        return "kosong"
    if dataclasses.is_dataclass(field.default):
        return "bawaan kelasnya"
    return f"`{field.default}`"


def returned(function: object) -> str:
    return str(inspect.get_annotations(function)["return"])  # type: ignore[arg-type]


def test_tables_of_the_guide_are_those_of_the_dataclasses() -> None:
    written = guide().split(MARKS[0])[1].split(MARKS[1])[0]
    assert written.strip() == tables().strip()


@pytest.mark.parametrize("kind", [*PAGE_TYPES, *PART_TYPES])
def test_docstring_of_a_context_names_every_field(kind: type) -> None:
    inherited = {field.name for field in dataclasses.fields(Page)}
    words = set(re.findall(r"\w+", kind.__doc__ or ""))
    own = [f.name for f in dataclasses.fields(kind) if f.name not in inherited or kind is Page]
    missing = [name for name in own if name not in words and name.split("_")[0] not in words]
    assert missing == []


def test_every_context_is_frozen_slotted_and_by_keyword() -> None:
    for kind in (*PAGE_TYPES, *PART_TYPES):
        params = kind.__dataclass_params__  # type: ignore[attr-defined]
        assert params.frozen
        assert "__slots__" in kind.__dict__
        assert all(field.kw_only for field in dataclasses.fields(kind))


def test_context_holds_what_the_shipped_templates_use_and_nothing_unused() -> None:
    folder = shipped_themes() / "desa" / "templates"
    used = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.html"))
    for kind in PAGE_TYPES:
        for field in dataclasses.fields(kind):
            # The status is for the HTTP answer; readers see the sentence.
            if field.name not in ("site", "meta", "status"):
                assert f"page.{field.name}" in used, f"{kind.__name__}.{field.name} is not shown"


def test_every_filter_and_function_is_in_the_guide() -> None:
    import jinja2

    environment, plain = Theme.load().environment, jinja2.Environment(autoescape=True)
    for name in environment.filters.keys() - plain.filters.keys():
        assert f"| `{name}` |" in guide(), name
    for name in environment.globals.keys() - plain.globals.keys():
        assert f"`{name}" in guide(), name
    written = set(re.findall(r"^\| `(\w+)` \| .* \|$", guide().split(MARKS[0])[0], re.MULTILINE))
    assert written <= environment.filters.keys()


def test_results_in_the_guide_are_real() -> None:
    at = datetime(2026, 11, 21, 3, 42, tzinfo=UTC)
    values: dict[str, object] = dict.fromkeys(("number", "rupiah"), 1_250_000)
    values |= {"short_rupiah": 1_250_000, "file_size": 18_400_000, "rupiah_of": 1_250_000}
    environment = Theme.load().environment
    before = guide().split(MARKS[0])[0]
    for name, shown in re.findall(r"^\| `(\w+)` \| (.+) \|$", before, re.MULTILINE):
        if name == "prose":
            continue
        call = "rupiah_of(2000000)" if name == "rupiah_of" else name
        template = environment.from_string("{{ value|" + call + " }}")
        found = template.render(site=full_pages()["beranda"].site, value=values.get(name, at))
        assert found.replace("&#39;", '"') == shown, name


def test_examples_of_the_guide_pass_the_check(tmp_path: Path) -> None:
    theme = tmp_path / "kita"
    (theme / "templates").mkdir(parents=True)
    (theme / "theme.toml").write_text('title = "Kita"\nextends = "desa"\n', encoding="utf-8")
    examples = re.findall(r"```html\n(\{# (templates/\S+) #\}\n.*?)```", guide(), re.DOTALL)
    assert len(examples) == 2
    for text, path in examples:
        (theme / path).write_text(text, encoding="utf-8")
    assert check_theme(theme) == []


def test_blocks_and_pieces_in_the_guide_exist() -> None:
    folder = shipped_themes() / "desa" / "templates"
    base = (folder / "base.html").read_text(encoding="utf-8")
    line = re.search(r"Blok di `base.html`: (.*?)\. Potongan", guide(), re.DOTALL)
    assert line is not None
    assert re.findall(r"`(\w+)`", line[1]) == re.findall(r"\{% block (\w+) %\}", base)
    pieces = set(re.findall(r"`(_\w+\.html)`", guide()))
    assert pieces == {path.name for path in folder.glob("_*.html")}


def test_tokens_in_the_guide_are_those_of_the_stylesheet() -> None:
    text = guide().split("## Token warna")[1].split("##")[0]
    css = Theme.load().bundle("situs.css", Accents()).decode()
    first = css[: css.index("}")]
    named = set(
        re.findall(r"\b(?:kertas|kartu|tinta|garis|hijau|bata|emas|kaki|tombol|m)\d?\b", text)
    )
    assert {f"--{name}" for name in named} == {
        name for name in re.findall(r"--\w+", first) if name not in
        ("--serif", "--sans", "--r", "--lebar", "--tepi")
    }  # fmt: skip
    assert set(tokens(Accents())) | set(dark_tokens(Accents())) <= {f"--{name}" for name in named}


def test_budgets_in_the_guide_are_those_of_the_check() -> None:
    assert f"situs.css {STYLESHEET_BUDGET_BYTES // 1000} KB" in guide()
    assert f"situs.js {SCRIPT_BUDGET_BYTES // 1000} KB" in guide()


if __name__ == "__main__":
    before, rest = guide().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    GUIDE.write_text(before + MARKS[0] + tables() + MARKS[1] + after, encoding="utf-8")
