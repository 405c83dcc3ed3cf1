"""/api/v1 for news: what a reporter's app and other programs of the village use.

JSON in, JSON out, session cookie. Changing needs If-Match with the ETag that was read (412 when
somebody was faster); a POST may carry an Idempotency-Key, so that a repeated one does it once.
"""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, request

from desa_web.core.clock import as_utc
from desa_web.core.errors import Conflict, DesaError, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.features.news import queries, rubrics, service
from desa_web.features.news.article import Article, Kind, Revision, State, Text
from desa_web.web import auth, forms

blueprint = Blueprint("news_api", __name__, url_prefix="/api/v1")

_TRANSITIONS = {op.value: op for op in service.Op if op is not service.Op.SAVE}


class IfMatchMissing(DesaError):
    """RFC 6585, 3: the caller must say which version it has seen."""

    code = "if-match-perlu"
    status = 428


@blueprint.get("/articles")
def articles() -> Response:
    """List what the caller may see, newest change first; `next` asks for the following ones."""
    actor = auth.actor()
    limit = _number("limit", 30, 100)
    items = queries.desk(
        actor,
        states=tuple(_state(name) for name in request.args.getlist("state")),
        mine=request.args.get("mine") == "1",
        query=request.args.get("query", "")[:100],
        before=_key(request.args.get("before", "")),
        limit=limit,
    )
    found = [
        {
            "id": i.id, "kind": i.kind, "state": i.state, "is_live": i.is_live, "title": i.title,
            "author": i.author_name, "note": i.note, "slug": i.slug, "version": i.version,
            "updated_at": i.updated_at.isoformat(),
        }
        for i in items
    ]  # fmt: skip
    last = f"{items[-1].updated_at.isoformat()}~{items[-1].id}" if len(items) == limit else None
    return _json({"articles": found, "next": last})


@blueprint.post("/articles")
def create() -> Response:
    actor = auth.actor()
    values = forms.json_body()
    key = request.headers.get("Idempotency-Key", "")
    sent = sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def work() -> str:
        kind = _kind(values.get("kind", "article"))
        made = service.create(actor, Text.from_mapping(values), kind=kind)
        return json.dumps({"id": made.id, "sent": sent})

    done = json.loads(forms.once(actor, key, work, scope="api"))
    if done["sent"] != sent:
        sentence = _("Idempotency-Key ini sudah dipakai untuk kiriman lain. Pakai kunci baru.")
        raise Conflict(sentence)
    return _one(*queries.get(actor, done["id"]), status=201)


@blueprint.get("/articles/<article_id>")
def article(article_id: str) -> Response:
    return _one(*queries.get(auth.actor(), article_id))


@blueprint.put("/articles/<article_id>")
def save(article_id: str) -> Response:
    """Replace the fields that are sent; `base_revision_id` allows a merge by paragraph."""
    actor = auth.actor()
    values = forms.json_body()
    kept, revision = queries.get(actor, article_id)
    text = Text.from_mapping(values, base=revision.text)
    base = values.get("base_revision_id")
    if base is not None and not isinstance(base, str):
        raise InvalidInput(fields={"base_revision_id": _("base_revision_id harus berupa teks.")})
    saved = service.save(
        actor, article_id, text, version=_if_match(kept), base_revision_id=base
    ).article
    return _one(saved, queries.working_text(saved))


@blueprint.put("/articles/<article_id>/typing")
def typing(article_id: str) -> Response:
    """Keep what is being typed, unchecked and unpublished (autosave)."""
    values = forms.json_body()
    base = str(values.pop("base_revision_id", "") or "")
    saved_at = service.autosave(auth.actor(), article_id, values, base)
    return _json({"saved_at": saved_at.isoformat()})


@blueprint.delete("/articles/<article_id>/typing")
def discard_typing(article_id: str) -> Response:
    service.discard_typing(auth.actor(), article_id)
    return Response(status=204)


@blueprint.post("/articles/<article_id>/<op>")
def transition(article_id: str, op: str) -> Response:
    """Take one step of the workflow: submit, recall, approve, return, schedule, publish, …"""
    if op not in _TRANSITIONS:
        raise NotFound(_("Langkah {op} tidak ada.").format(op=op))
    actor = auth.actor()
    values = forms.json_body() if request.content_length else {}
    note, at = values.get("note", ""), values.get("at", "")
    if not isinstance(note, str) or not isinstance(at, str):
        raise InvalidInput(_("note dan at harus berupa teks."))
    after = service.act(
        actor,
        _TRANSITIONS[op],
        article_id,
        version=_if_match(queries.find(actor, article_id, trashed=op == "restore")),
        note=note,
        at=service.local_moment(actor.site, at) if at else None,
    )
    # Not asked again: a step may take the article out of the caller's sight (recall).
    return _one(after, queries.working_text(after))


@blueprint.get("/articles/<article_id>/revisions")
def revisions(article_id: str) -> Response:
    found = [
        {
            "id": r.id, "number": r.number, "author": r.author_name,
            "saved_at": r.saved_at.isoformat(), "title": r.text.title,
        }
        for r in service.revisions_of(auth.actor(), article_id)
    ]  # fmt: skip
    return _json({"revisions": found})


@blueprint.get("/rubrics")
def rubric_list() -> Response:
    auth.actor()
    return _json({"rubrics": [{"slug": r.slug, "name": r.name} for r in rubrics.rubrics()]})


def _one(article: Article, revision: Revision, *, status: int = 200) -> Response:
    response = _json(queries.export_fields(article, revision), status)
    response.set_etag(str(article.version))
    return response


def _json(value: Any, status: int = 200) -> Response:
    text = json.dumps(value, ensure_ascii=False)
    return Response(text, status=status, mimetype="application/json")


def _if_match(article: Article) -> int | None:
    """Return the version the caller has seen. `*` means: whichever it is."""
    given = request.headers.get("If-Match", "").strip()
    if given == "*":
        return article.version
    if not given:
        raise IfMatchMissing(_("Sertakan If-Match dengan ETag dari bacaan terakhir."))
    text = given.removeprefix("W/").strip('"')
    # Anything that is no version of ours is an old or foreign one: the service answers 412.
    return int(text) if text.isdigit() and len(text) < 18 else -1


def _kind(value: object) -> Kind:
    try:
        return Kind(str(value))
    except ValueError:
        raise InvalidInput(fields={"kind": _("kind berisi article atau announcement.")}) from None


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError:
        raise InvalidInput(
            fields={"state": _("Status {name} tidak dikenal.").format(name=name)}
        ) from None


def _number(name: str, default: int, most: int) -> int:
    text = request.args.get(name, "")
    return min(int(text), most) if text.isdigit() and 0 < len(text) < 6 and int(text) else default


def _key(text: str) -> tuple[datetime, str] | None:
    if not text:
        return None
    moment, _tilde, article_id = text.partition("~")
    try:
        found = datetime.fromisoformat(moment.replace(" ", "+"))
        return (found if found.tzinfo else as_utc(0)), article_id
    except ValueError:
        raise InvalidInput(fields={"before": _("before diambil dari next.")}) from None
