"""Furnishing a new site from a folder of content: settings, rubrics, news, pages, menu, accounts.

`content/starter` gives a new village its first pages and one example, `content/starter-hub` a new
media centre; `content/demo` is a whole village to look at. Run again it changes nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from desa_web.core import settings
from desa_web.core.actor import Actor, Role
from desa_web.core.content import content_folder as content_folder
from desa_web.core.site import Site
from desa_web.features.accounts import service as accounts
from desa_web.features.news import importer, rubrics
from desa_web.features.news.importer import Imported, Outcome
from desa_web.features.news.markdown_files import ArticleFile
from desa_web.features.pages import files as page_files

Progress = Callable[[Imported], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person of the demo village; `password` is what the caller gives them."""

    login: str
    name: str
    role: Role
    initials: str


def accounts_of(folder: Path) -> list[Account]:
    """Return the people that `site.toml` names."""
    return [
        Account(
            login=entry["username"],
            name=entry["name"],
            role=Role(entry["role"]),
            initials=entry.get("initials", ""),
        )
        for entry in _site_toml(folder).get("accounts", [])
    ]


def add_accounts(actor: Actor, folder: Path, password_of: Callable[[str], str]) -> None:
    """Make the accounts of `site.toml` that are missing."""
    known = {person.login for person in accounts.users(actor)}
    for account in accounts_of(folder):
        if account.login not in known:
            accounts.add(
                actor,
                account.login,
                account.name,
                account.role,
                initials=account.initials,
                password=password_of(account.login),
            )


def furnish(actor: Actor, folder: Path, progress: Progress = lambda _done: None) -> list[Imported]:
    """Bring in settings, rubrics, news, pages and the menu; return what was refused.

    A draft belongs to the person whose initials it carries, when there is such an account.
    """
    rubrics.add_defaults(actor)
    values = _settings_of(_site_toml(folder))
    if values:
        settings.change(actor, values)
    refused = []
    people = {p.initials: p for p in accounts.users(actor) if p.initials}

    def author(file: ArticleFile) -> Actor | None:
        person = people.get(file.text.initials.split("/")[0])
        return accounts.actor_of(actor.site, person.id, actor.via) if person else None

    news = importer.import_path(actor, folder / "news", author_of=author)
    for done in chain(news, page_files.import_path(actor, folder)):
        progress(done)
        if done.outcome is Outcome.REFUSED:
            refused.append(done)
    return refused


def starter(site: Site) -> Path:
    """Return the first content of a new site: a village's, or a media centre's."""
    return content_folder("starter-hub" if site.config.text("role") == "hub" else "starter")


def _settings_of(site: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that `site.toml` asks for, those of the front page included."""
    values: dict[str, Any] = dict(site.get("settings", {}))
    front = site.get("front", {})
    values |= {f"front_{name}": front[name] for name in ("lead", "notice") if name in front}
    if "services" in site:
        values["services"] = [
            f"{tile['name']}: {tile.get('promise', '')}: /halaman/{tile['page']}"
            for tile in site["services"]
        ]
    if "media_contacts" in site:
        values["media_contacts"] = [
            f"{one['name']}: {one.get('role', '')}: {one.get('phone', '')}"
            for one in site["media_contacts"]
        ]
    return values


def _site_toml(folder: Path) -> dict[str, Any]:
    file = folder / "site.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
