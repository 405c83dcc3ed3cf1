"""Bring running text into its one form: white space, line breaks and the order of marks."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from desa_web.core.html.model import BREAK, Inline, Run

_MAX_RUN_CHARS = 50_000
# A paragraph of these alone looks empty. The joiners U+200C/D are not here: they are Javanese.
_INVISIBLE = " \u200b\u00ad\u2060\u200e\u200f\u061c\u2066\u2067\u2068\u2069\u180e"


def paragraphs(runs: Iterable[Run]) -> list[Inline]:
    """Split at double line breaks and return each paragraph in its canonical form."""
    lines: list[list[Run]] = [[]]
    found: list[Inline] = []
    breaks = 0
    for run in runs:
        if run == BREAK:
            breaks += 1
            continue
        if breaks and not run.text.strip(" "):
            continue
        if breaks >= 2:
            found.append(_joined(lines))
            lines = [[]]
        elif breaks:
            lines.append([])
        breaks = 0
        lines[-1].append(run)
    found.append(_joined(lines))
    return [part for paragraph in found if paragraph for part in _parts(paragraph)]


def one_line(runs: Iterable[Run]) -> Inline:
    """Return the canonical form with every line break turned into a space."""
    return _joined([[Run(" ") if run == BREAK else run for run in runs]])


def text_of_runs(runs: Inline) -> str:
    """Return the bare text, line breaks as newlines."""
    return "".join(run.text for run in runs)


def _parts(paragraph: Inline) -> Iterable[Inline]:
    """Cut a paragraph where one text in it is longer than any person writes.

    nh3 0.3 takes quadratic time on the escapes within one text node.
    """
    if all(len(run.text) <= _MAX_RUN_CHARS for run in paragraph):
        return [paragraph]
    parts: list[list[list[Run]]] = [[[]]]  # paragraphs of lines of runs
    for run in paragraph:
        if run == BREAK:
            parts[-1].append([])
            continue
        text = run.text
        while len(text) > _MAX_RUN_CHARS:
            at = text.rfind(" ", 0, _MAX_RUN_CHARS)
            at = at if at > 0 else _MAX_RUN_CHARS
            parts[-1][-1].append(replace(run, text=text[:at]))
            parts.append([[]])
            text = text[at:].lstrip(" ")
        if text:
            parts[-1][-1].append(replace(run, text=text))
    return [paragraph for part in parts if (paragraph := _joined(part))]


def _joined(lines: list[list[Run]]) -> Inline:
    out: list[Run] = []
    for line in lines:
        runs = _line(line)
        if runs:
            if out:
                out.append(BREAK)
            out.extend(runs)
    return tuple(out)


def _line(line: list[Run]) -> list[Run]:
    words = _without_empty_links(_words(line))
    while words and words[-1].text == " ":
        words.pop()
    if not any(run.text.strip(_INVISIBLE) for run in words):
        return []
    for at, run in enumerate(words):
        if run.text == " ":
            words[at] = _shared(words[at - 1], words[at + 1])
    return [
        Run("".join(run.text for run in same), *marks) for marks, same in groupby(words, key=_marks)
    ]


def _words(line: list[Run]) -> list[Run]:
    """Return the runs with outer spaces cut off into runs of their own, never two in a row."""
    words: list[Run] = []
    for run in line:
        text = run.text
        core = text.strip(" ")
        if not core:
            if text and words and words[-1].text != " ":
                words.append(Run(" "))
            continue
        if text[0] == " " and words and words[-1].text != " ":
            words.append(Run(" "))
        words.append(run if core == text else replace(run, text=core))
        if text[-1] == " ":
            words.append(Run(" "))
    return words


def _without_empty_links(words: list[Run]) -> list[Run]:
    """Take the address off links that have nothing to see and stand alone."""
    for at, run in enumerate(words):
        if run.href and not run.text.strip(_INVISIBLE):
            near = {word.href for word in (*words[max(at - 1, 0) : at], *words[at + 1 : at + 2])}
            if run.href not in near:
                words[at] = replace(run, href="")
    return words


def _shared(before: Run, after: Run) -> Run:
    """Return a space with the marks that both its neighbours have."""
    return Run(
        " ",
        before.href if before.href == after.href else "",
        before.strong and after.strong,
        before.em and after.em,
    )


def _marks(run: Run) -> tuple[str, bool, bool]:
    return run.href, run.strong, run.em
