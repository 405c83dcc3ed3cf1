"""The Nu HTML checker's opinion on pages: what a validator says before anyone else does.

    messages("<!DOCTYPE html>…")             one page as text
    messages("http://127.0.0.1:8080/")       one page as a server gives it
    messages_of({"beranda": html, …})        many at once: one start of Java

The checker is vnu-jar of tests/browser/package.json (`npm ci` there); it needs Java 11 or newer.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

JAR = Path(__file__).parents[1] / "browser/node_modules/vnu-jar/build/dist/vnu.jar"


class CheckerMissing(Exception):
    """Java or the checker is not there; the sentence says what to do."""


def messages(page: str) -> list[str]:
    """Return errors and warnings for a page's HTML or its URL, one line each; [] is right."""
    return messages_of({"page": page})["page"]


def messages_of(pages: Mapping[str, str]) -> dict[str, list[str]]:
    """Return errors and warnings by name; each page is HTML or a URL."""
    if not pages:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for number, (name, page) in enumerate(pages.items()):
            file = Path(folder) / f"{number}.html"
            file.write_text(_html(page), encoding="utf-8")
            names[file.name] = name
        files = [str(Path(folder) / name) for name in names]
        found: dict[str, list[str]] = {name: [] for name in pages}
        for message in _judged(files):
            name = names[message["url"].rsplit("/", 1)[1]]
            place = f"line {message.get('lastLine', '?')}"
            near = " ".join(str(message.get("extract", "")).split())
            found[name].append(f"{message['type']}: {message['message']} ({place}: {near})")
    return found


def _judged(files: list[str]) -> list[dict[str, str]]:
    java = shutil.which("java")
    if java is None or not JAR.exists():
        missing = "Java (default-jre-headless)" if java is None else f"{JAR.name}: npm ci"
        raise CheckerMissing(f"The HTML checker needs {missing} in tests/browser")
    done = subprocess.run(
        [java, "-Xss8m", "-jar", str(JAR), "--format", "json", "--no-langdetect", *files],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return list(json.loads(done.stderr)["messages"])


def _html(page: str) -> str:
    if not page.startswith(("http://", "https://")):
        return page
    with urllib.request.urlopen(page, timeout=30) as answer:
        return str(answer.read().decode("utf-8"))
