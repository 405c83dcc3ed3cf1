"""The write page's form: from a text to fields and back, with the words and files of photos.

Without JavaScript the text comes as Markdown (`format` = markdown), from the editor as HTML. What
a person typed is never dropped: a refused form goes back with every field as it was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from flask import request
from markupsafe import Markup
from werkzeug.datastructures import FileStorage

from desa_web.core import html
from desa_web.core.actor import Actor
from desa_web.core.errors import DesaError, InvalidInput, TooLarge
from desa_web.features.accounts import service as accounts
from desa_web.features.media import service as media
from desa_web.features.media.photo import Photo
from desa_web.features.news.article import Kind, Text
from desa_web.web.forms import Form
from desa_web.web.typing import FIELD, Kept

MARKDOWN, HTML = "markdown", "html"
_LINES = (
    "title", "standfirst", "rubric", "tags", "dateline", "byline", "initials", "source",
    "correction", "corrected_on", "expires_on", "lead_photo_id",
)  # fmt: skip
_PHOTO_WORDS = ("caption", "alt", "credit")
# The service says the real limits, in words for each field; this only bounds what is read.
_LINE_MAX, _BODY_MAX = 4000, 2_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form asks for: the text, the version and base it was written on."""

    text: Text
    version: int
    base_revision_id: str | None


def blank_form(actor: Actor) -> Form:
    """Return the fields of a new text: the writer's own name is there already."""
    initials = accounts.initials_of(actor.user_id) if actor.user_id else ""
    known = {"kind": Kind.ARTICLE, "format": MARKDOWN, "byline": actor.name, "initials": initials}
    return Form(known if actor.user_id else {"kind": Kind.ARTICLE, "format": MARKDOWN})


def form_of(text: Text, *, version: int, base_revision_id: str) -> Form:
    """Return the fields that show `text`."""
    values: dict[str, object] = {name: getattr(text, name) for name in _LINES if name != "tags"}
    values |= {
        "tags": ", ".join(text.tags),
        "body": html.to_markdown(text.body),
        "format": MARKDOWN,
        "version": version,
        "base_revision_id": base_revision_id,
    }
    return Form(values)


def form_of_typing(blank: Form, left: Kept) -> Form:
    """Return the fields of a sheet that was left, as they were typed."""
    body = left.fields.get("body", "")
    with suppress(DesaError):
        body = html.to_markdown(html.normalise(body))
    kept = {**blank.values, **left.fields, "body": body}
    return Form({**kept, "format": MARKDOWN, FIELD: left.key})


def sent(form: Form, *, base: Text | None = None, today: date | None = None) -> Sent:
    """Return what the form holds. Notes problems in the form; `form.check()` raises them."""
    names = [name for name in _LINES if name in form.values]
    lines: dict[str, object] = {name: form.text(name, limit=_LINE_MAX) for name in names}
    body = form.text("body", limit=_BODY_MAX, strip=False)
    if form.values.get("format") != HTML and "body" not in form.problems:
        body = _from_markdown(form, body, base.body if base else "")
    text = Text.from_mapping({**lines, "body": body}, base=base)
    if text.correction and not text.corrected_on and today is not None:
        text = replace(text, corrected_on=today.isoformat())
    if not text.correction and text.corrected_on:
        text = replace(text, corrected_on="")
    number = form.text("version", limit=17)
    base_id = form.text("base_revision_id", limit=80) or None
    return Sent(text, int(number) if number.isascii() and number.isdigit() else -1, base_id)


def editor_html(form: Form) -> Markup:
    """Return the text for the editor: canonical and sanitised, whatever was sent."""
    body = form.values.get("body", "")
    try:
        is_html = form.values.get("format") == HTML
        made = html.normalise(body) if is_html else html.from_markdown(body)
    except DesaError:
        made = ""
    return Markup(made)  # noqa: S704 - the normaliser's output


def take_photos(actor: Actor) -> list[str]:
    """Take the sent files into the library, in their order; return their ids.

    Raises what the library says of the first bad one, with the field `photo`; those before it are
    in the library and are recognised when they are sent again.
    """
    files = [file for file in request.files.getlist("photo") if file.filename]
    return [_take_photo(actor, file, is_alone=len(files) == 1) for file in files]


def with_photo(text: Text, photo_id: str) -> Text:
    """Return `text` with a photo: on top when there is none yet, otherwise at the end."""
    if not photo_id or photo_id in photo_ids(text):
        return text
    if not text.lead_photo_id:
        return replace(text, lead_photo_id=photo_id)
    return with_figure(text, photo_id)


def with_figure(text: Text, photo_id: str) -> Text:
    """Return `text` with the photo at its end."""
    if media.get(photo_id) is None:
        return text
    return replace(text, body=f'{text.body}<figure data-foto="{photo_id}"></figure>')


def without_photo(text: Text, photo_id: str) -> Text:
    """Return `text` without the photo, on top and inside; the library keeps it."""
    kept = [block for block in html.blocks(text.body) if photo_id not in media.photo_ids(block)]
    lead = "" if text.lead_photo_id == photo_id else text.lead_photo_id
    return replace(text, body="".join(kept), lead_photo_id=lead)


def photo_ids(text: Text) -> list[str]:
    """Return the photos of a text, the one on top first."""
    return list(dict.fromkeys(i for i in (text.lead_photo_id, *media.photo_ids(text.body)) if i))


def photos_of(text: Text) -> list[Photo]:
    """Return the photos of a text that still exist, the one on top first."""
    known = media.photos(photo_ids(text))
    return [known[i] for i in photo_ids(text) if i in known]


def describe_photos(actor: Actor, form: Form, photos: Iterable[Photo]) -> None:
    """Keep the words that were typed beside the photos. Raises InvalidInput by field."""
    for photo in photos:
        typed = {name: _typed(form, photo, name) for name in _PHOTO_WORDS}
        if all(value is None for value in typed.values()):
            continue
        try:
            media.describe(
                actor,
                photo.id,
                caption=typed["caption"],
                alt=typed["alt"],
                credit=typed["credit"],
            )
        except InvalidInput as error:
            fields = {f"foto-{photo.id}-{n}": said for n, said in error.fields.items()}
            raise InvalidInput(error.message, fields=fields) from error


def _typed(form: Form, photo: Photo, name: str) -> str | None:
    """Return what was typed when it differs from what the library says, else None."""
    field = f"foto-{photo.id}-{name}"
    if field not in form.values:
        return None
    value = form.text(field, limit=_LINE_MAX)
    return None if value == getattr(photo, name) else value


def _from_markdown(form: Form, body: str, before: str) -> str:
    if before and body.strip() == html.to_markdown(before).strip():
        # Untouched: Markdown cannot say everything, such as cells over two columns.
        return before
    try:
        return html.from_markdown(body)
    except (InvalidInput, TooLarge) as error:
        form.problems["body"] = error.message
        return ""


def _take_photo(actor: Actor, file: FileStorage, *, is_alone: bool) -> str:
    name = (file.filename or "")[:200]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        file.save(path)
        try:
            return media.add(actor, path, name=name).id
        except DesaError as error:
            sentence = error.message if is_alone else f"{name}: {error.message}"
            raise InvalidInput(fields={"photo": sentence}) from error
