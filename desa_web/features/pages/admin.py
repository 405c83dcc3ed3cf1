"""The desk's pages and menu: /kelola/halaman, /kelola/menu. Plain forms, by keyboard and thumb.

What a person typed is never dropped: a refused form goes back with every field as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Response, request, url_for

from desa_web.core import html
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import DesaError, InvalidInput, NotFound, StaleVersion
from desa_web.core.i18n import _
from desa_web.features.media import service as media
from desa_web.features.media.photo import Photo
from desa_web.features.news import desk_form
from desa_web.features.news.desk_view import Moments
from desa_web.features.pages import queries, service
from desa_web.features.pages.page import STANDFIRST_MAX, TITLE_MAX, Page, Revision, Text
from desa_web.features.pages.queries import Node
from desa_web.web import auth, desk, forms, typing
from desa_web.web.forms import Form
from desa_web.web.house import site
from desa_web.web.typing import Kept

blueprint = desk.blueprint("pages_desk", __name__)

_ID_MAX, _SLUG_MAX, _BODY_MAX = 80, 120, 2_000_000


@blueprint.url_value_preprocessor
def accept_photos(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A form with a photo may be as large as an upload."""
    if request.mimetype == "multipart/form-data":
        room = site().config.number("max_upload_mb") << 20
        request.max_content_length = room + (request.max_content_length or 0)


@blueprint.get("/halaman")
def pages() -> Response:
    """The tree with its buttons, and what was thrown away."""
    actor = auth.require(Permission.MANAGE_PAGES)
    return desk.page(
        "pages/tree.html",
        nodes=queries.tree(actor.site),
        trash=queries.trash(actor.site),
        moment=Moments(actor.site),
    )


@blueprint.get("/halaman/baru")
def new() -> Response:
    actor = auth.require(Permission.MANAGE_PAGES)
    form = Form({"format": desk_form.MARKDOWN, "parent": request.args.get("induk", "")[:_ID_MAX]})
    left = typing.kept(actor, f"halaman/{request.args.get('lanjut', '')[:_ID_MAX]}")
    return _sheet(actor, desk_form.form_of_typing(form, left) if left else form)


@blueprint.post("/halaman/baru")
def create() -> Response:
    actor, form = auth.require(Permission.MANAGE_PAGES), Form.sent()
    try:
        text = _sent(actor, form)
        slug = form.text("slug", limit=_SLUG_MAX)
        parent_id = form.text("parent", limit=_ID_MAX) or None
        form.check()

        def work() -> str:
            return url_for(".page", page_id=_started(actor, form, text, slug, parent_id))

        address = forms.once(actor, form.same_sending, work)
    except DesaError as error:
        _note(form, error)
        return _sheet(actor, form, status=error.status)
    # Readers come by the menu, and nothing else says that a new page is not in it.
    return desk.done(
        address, _("Halaman sudah terbit. Belum ada di menu situs: pasang di Halaman & menu, Menu.")
    )


@blueprint.get("/halaman/<page_id>")
def page(page_id: str) -> Response:
    actor = auth.require(Permission.MANAGE_PAGES)
    found, revision = queries.get(page_id)
    form = _form_of(found, revision)
    left = typing.kept(actor, f"halaman/{page_id}")
    if left is not None and request.args.get("pulih") == "1":
        return _sheet(actor, desk_form.form_of_typing(form, left), found)
    return _sheet(actor, form, found, left=left if left and _is_new(left, revision) else None)


@blueprint.post("/halaman/ketikan/<key>")
def discard_typing(key: str) -> Response:
    """Forget what was typed and never saved, on a page or on a sheet that is none yet."""
    actor = auth.require(Permission.MANAGE_PAGES)
    typing.drop(actor, f"halaman/{key[:_ID_MAX]}")
    is_page = any(node.id == key for node in queries.tree(actor.site))
    address = url_for(".page", page_id=key) if is_page else url_for(".new")
    return desk.done(address, _("Ketikan yang belum disimpan sudah dibuang."))


@blueprint.post("/halaman/<page_id>")
def save(page_id: str) -> Response:
    """Keep text and place, both or nothing; a stale sheet comes back with the other's changes."""
    actor, form = auth.require(Permission.MANAGE_PAGES), Form.sent()
    found, revision = queries.get(page_id)
    number = form.text("version", limit=17)
    version = int(number) if number.isascii() and number.isdigit() else -1
    try:
        text = _sent(actor, form, revision.text.body)
        slug = form.text("slug", limit=_SLUG_MAX) or None
        parent_id = form.text("parent", limit=_ID_MAX) or None
        form.check()

        def work() -> str:
            saved = service.save(actor, page_id, text, version=version)
            service.place(actor, page_id, slug=slug, parent_id=parent_id, version=saved.version)
            typing.drop(actor, f"halaman/{page_id}")
            return url_for(".page", page_id=page_id)

        address = forms.once(actor, form.same_sending, work)
    except StaleVersion as error:
        _note(form, error)
        # Seen now: the next save is meant, and what it replaces stays in the history.
        form = Form({**form.values, "version": found.version})
        form.problems[""] = _("Baca dulu perubahannya di bawah, lalu simpan lagi bila tetap perlu.")
        theirs = html.diff(revision.text.body, text.body)
        return _sheet(actor, form, found, error.status, theirs=theirs, their_name=revision)
    except DesaError as error:
        _note(form, error)
        return _sheet(actor, form, found, error.status)
    return desk.done(address, _("Tersimpan. Warga sudah membaca yang baru."))


@blueprint.post("/halaman/<page_id>/<action>")
def act(page_id: str, action: str) -> Response:
    actor = auth.require(Permission.MANAGE_PAGES)
    tree = url_for(".pages")
    actions: dict[str, tuple[Callable[[], object], str, str, str]] = {
        "naik": (lambda: service.shift(actor, page_id, up=True), f"{tree}#h-{page_id}", "", ""),
        "turun": (lambda: service.shift(actor, page_id, up=False), f"{tree}#h-{page_id}", "", ""),
        "buang": (
            lambda: service.trash(actor, page_id),
            tree,
            _("Halaman dibuang. Selama 30 hari masih bisa dipulihkan."),
            url_for(".act", page_id=page_id, action="pulihkan"),
        ),
        "pulihkan": (
            lambda: service.restore(actor, page_id),
            f"{tree}#h-{page_id}",
            _("Halaman dipulihkan, beserta tempatnya di menu."),
            "",
        ),
    }
    if action not in actions:
        raise NotFound(_("Tindakan itu tidak dikenal."))
    work, address, sentence, undo = actions[action]
    work()
    return desk.done(address, sentence, undo=undo)


@blueprint.get("/halaman/<page_id>/riwayat")
def past(page_id: str) -> Response:
    """The kept texts, and one of them beside what readers see now."""
    actor = auth.require(Permission.MANAGE_PAGES)
    found, newest = queries.get(page_id)
    chosen_id = request.args.get("naskah", "")[:_ID_MAX]
    chosen = queries.revision(page_id, chosen_id) if chosen_id else None
    difference = html.diff(chosen.text.body, newest.text.body) if chosen else ""
    return desk.page(
        "pages/past.html",
        page=found,
        newest=newest,
        revisions=queries.revisions(page_id),
        chosen=chosen,
        difference=difference,
        moment=Moments(actor.site),
    )


@blueprint.post("/halaman/<page_id>/riwayat/<revision_id>")
def bring_back(page_id: str, revision_id: str) -> Response:
    actor = auth.require(Permission.MANAGE_PAGES)
    service.restore_text(actor, page_id, revision_id)
    return desk.done(url_for(".page", page_id=page_id), _("Naskah lama dipakai lagi."))


def _sent(actor: Actor, form: Form, before: str = "") -> Text:
    """Return the text that was sent, a photo that came with it included."""
    body = form.text("body", limit=_BODY_MAX, strip=False)
    if before and body.strip() == html.to_markdown(before).strip():
        body = before  # untouched: Markdown cannot say everything
    elif form.values.get("format") != desk_form.HTML and "body" not in form.problems:
        try:
            body = html.from_markdown(body)
        except (DesaError, ValueError) as error:
            form.problems["body"], body = str(error), ""
    text = Text(
        title=form.text("title", limit=4 * TITLE_MAX),
        standfirst=form.text("standfirst", limit=4 * STANDFIRST_MAX),
        body=body,
        lead_photo_id=form.text("lead_photo_id", limit=_ID_MAX),
    )
    for photo_id in desk_form.take_photos(actor):
        text = _with_photo(text, photo_id)
    return text


def _with_photo(text: Text, photo_id: str) -> Text:
    if photo_id in _photo_ids(text):
        return text
    if not text.lead_photo_id:
        return replace(text, lead_photo_id=photo_id)
    return replace(text, body=f'{text.body}<figure data-foto="{photo_id}"></figure>')


def _photo_ids(text: Text) -> list[str]:
    return [i for i in dict.fromkeys((text.lead_photo_id, *media.photo_ids(text.body))) if i]


def _form_of(found: Page, revision: Revision) -> Form:
    text = revision.text
    return Form(
        {
            "title": text.title,
            "standfirst": text.standfirst,
            "body": html.to_markdown(text.body),
            "format": desk_form.MARKDOWN,
            "lead_photo_id": text.lead_photo_id,
            "slug": found.slug,
            "parent": found.parent_id or "",
            "version": found.version,
        }
    )


def _note(form: Form, error: DesaError) -> None:
    if isinstance(error, InvalidInput):
        form.refuse(error)
    else:
        form.problems[""] = error.message


def _sheet(
    actor: Actor,
    form: Form,
    found: Page | None = None,
    status: int = 200,
    *,
    theirs: str = "",
    their_name: Revision | None = None,
    left: Kept | None = None,
) -> Response:
    nodes = queries.tree(actor.site)
    editor = desk_form.editor_html(form)
    key = found.id if found else _key(form)
    lefts = [left] if left else []
    if found is None:
        ids = {node.id for node in nodes} | {key}
        lefts = [kept for kept in typing.all_kept(actor, "halaman") if kept.key not in ids]
    return desk.page(
        "pages/write.html",
        status,
        page=found,
        form=form,
        parents=_parent_choices(nodes, found),
        photos=_photo_choices(form, str(editor)),
        editor_html=editor,
        difference=theirs,
        theirs=their_name,
        moment=Moments(actor.site),
        sheet=key,
        lefts=lefts,
        user_id=actor.user_id or "",
    )


def _started(actor: Actor, form: Form, text: Text, slug: str, parent_id: str | None) -> str:
    """Return the page of this sheet: made now, or earlier and found again by the back button."""
    key = _key(form)
    is_old = forms.was_done(actor, key, scope="halaman")

    def make() -> str:
        return service.create(actor, text, slug=slug, parent_id=parent_id).id

    page_id = forms.once(actor, key, make, scope="halaman")
    typing.drop(actor, f"halaman/{key}")
    if is_old:
        service.save(actor, page_id, text)
    return page_id


def _key(form: Form) -> str:
    return typing.valid_key(form.values.get(typing.FIELD, ""))


def _is_new(left: Kept, revision: Revision) -> bool:
    """Whether what was left says anything else than the page."""
    try:
        body = html.normalise(left.fields.get("body", ""))
    except DesaError:
        return True
    said = (left.fields.get("title", ""), left.fields.get("standfirst", ""), body)
    return said != (revision.text.title, revision.text.standfirst, revision.text.body)


def _parent_choices(nodes: list[Node], found: Page | None) -> list[tuple[str, str]]:
    """Return where the page may stand: not under itself, not deeper than pages go."""
    hidden: set[str] = {found.id} if found else set()
    choices = [("", _("Paling atas"))]
    for node in nodes:
        if node.parent_id in hidden or node.id in hidden:
            hidden.add(node.id)
        elif node.depth < 2:
            choices.append((node.id, "\u2003" * node.depth + node.title))
    return choices


def _photo_choices(form: Form, body: str) -> list[tuple[str, str]]:
    lead_id = form.values.get("lead_photo_id", "")
    known = media.photos([lead_id, *media.photo_ids(body)])
    return [("", _("Tanpa foto utama")), *((p.id, _photo_name(p)) for p in known.values())]


def _photo_name(photo: Photo) -> str:
    return (photo.caption or photo.name or photo.id)[:80]
