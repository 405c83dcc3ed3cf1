"""The write page of the desk: new texts, saving, photos in the text, and every step onwards.

The rules are service.py's; a refusal goes back to the same page with all that was typed. Lists are
in desk_lists.py, reviewing and earlier texts in desk_review.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request, url_for

from desa_web.core import html, journal
from desa_web.core.actor import Actor, Permission
from desa_web.core.errors import (
    DesaError,
    DiskFull,
    InvalidInput,
    NotFound,
    ReadOnly,
    StaleVersion,
)
from desa_web.core.i18n import _
from desa_web.features.media.photo import Photo
from desa_web.features.media.pictures import pictures
from desa_web.features.news import desk_form, desk_steps, queries, rubrics, service
from desa_web.features.news.article import Article, Kind, Revision, Text
from desa_web.features.news.checklist import Point, checklist
from desa_web.features.news.desk_review import read_page
from desa_web.features.news.desk_view import Moments, Step, chip, outside, steps, thumb_url
from desa_web.features.news.workflow import Op
from desa_web.web import auth, desk, forms, typing
from desa_web.web.forms import Form
from desa_web.web.house import site

blueprint = desk.blueprint("news_desk", __name__)

_CONFLICT = "conflict:"


@blueprint.url_value_preprocessor
def accept_photos(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A form with a photo may be as large as an upload."""
    if request.mimetype == "multipart/form-data":
        room = site().config.number("max_upload_mb") << 20
        request.max_content_length = room + (request.max_content_length or 0)


@blueprint.get("/tulis")
def new() -> Response:
    """An empty sheet, or one that was left (`lanjut`): typing is kept before an article is."""
    actor = auth.require(Permission.WRITE)
    form = desk_form.blank_form(actor)
    if request.args.get("jenis") == "pengumuman":
        form = Form({**form.values, "kind": Kind.ANNOUNCEMENT.value})
    left = typing.kept(actor, f"tulis/{request.args.get('lanjut', '')[:80]}")
    if left is not None:
        form = desk_form.form_of_typing(form, left)
    return _sheet(actor, form)


@blueprint.post("/tulis/<key>/buang")
def discard_sheet(key: str) -> Response:
    """Forget a sheet that was left without saving."""
    typing.drop(auth.actor(), f"tulis/{key[:80]}")
    return desk.done(url_for(".new"), _("Tulisan yang belum disimpan itu sudah dibuang."))


@blueprint.post("/tulis")
def create() -> Response:
    actor, form = auth.require(Permission.WRITE), Form.sent()
    kind = form.choice("kind", Kind, Kind.ARTICLE)
    wish = _wish(form)
    try:
        text = _wished(actor, form, Text(title=""))
        form.check()

        def work() -> str:
            made = _started(actor, form, text, kind)
            desk_form.describe_photos(actor, form, desk_form.photos_of(text))
            return _go_on(actor, made, wish, form)

        address = forms.once(actor, form.same_sending, work)
    except DesaError as error:
        _note(form, error)
        return _sheet(actor, form, status=error.status)
    return desk_steps.done(address, wish, _id_in(address))


def _started(actor: Actor, form: Form, text: Text, kind: Kind) -> Article:
    """Return the article of this sheet: made now, or earlier and found again by the back button."""
    key = typing.valid_key(form.values.get(typing.FIELD, ""))
    with journal.change(actor):
        is_old = forms.was_done(actor, key, scope="tulis")
        made_id = forms.once(
            actor, key, lambda: service.start(actor, text, kind=kind).id, scope="tulis"
        )
        typing.drop(actor, f"tulis/{key}")
        if is_old:
            return service.save(actor, made_id, text).article
        return queries.get(actor, made_id)[0]


@blueprint.get("/berita/<article_id>")
def article(article_id: str) -> Response:
    """Return the sheet to who may write on it, the page to read to who may only see it."""
    actor = auth.actor()
    found, revision = _found(actor, article_id)
    if not _may_save(actor, found):
        return read_page(actor, found, revision, Form())
    try:
        found, revision = service.open_for_edit(actor, article_id)
        pen = service.take_pen(actor, article_id)
    except (ReadOnly, DiskFull) as error:
        # Reading goes on where writing cannot.
        form = Form()
        form.problems[""] = error.message
        return read_page(actor, found, revision, form, status=error.status)
    typing = service.typing_of(actor, article_id)
    if typing is not None and request.args.get("pulih") == "1":
        is_fresh = typing.base_revision_id == found.working_revision_id
        version, base = (found.version if is_fresh else 0), typing.base_revision_id
        form = desk_form.form_of(typing.text, version=version, base_revision_id=base)
    else:
        form = _form_of(found, revision)
    return _sheet(actor, form, found, revision, pen=pen)


@blueprint.post("/berita/<article_id>")
def save(article_id: str) -> Response:
    """Keep the text and take the step that the button asks for, both or nothing."""
    actor, form = auth.actor(), Form.sent()
    _article, revision = queries.get(actor, article_id)
    wish = _wish(form)
    conflict: StaleVersion | None = None
    try:
        text = _wished(actor, form, revision.text)
        form.check()
        written = desk_form.sent(form, base=revision.text)

        def work() -> str:
            nonlocal conflict
            try:
                saved = service.save(
                    actor, article_id, text,
                    version=written.version, base_revision_id=written.base_revision_id,
                ).article  # fmt: skip
            except StaleVersion as error:
                if "revision_id" not in error.details:
                    raise
                # Not raised further: what lost the race stays kept as a revision.
                conflict = error
                return f"{_CONFLICT}{error.details['revision_id']}"
            desk_form.describe_photos(actor, form, desk_form.photos_of(text))
            return _go_on(actor, saved, wish, form)

        address = forms.once(actor, form.same_sending, work)
    except DesaError as error:
        _note(form, error)
        newest, theirs = queries.get(actor, article_id)
        if isinstance(error, StaleVersion):
            return _side_by_side(actor, form, newest, theirs, error)
        return _sheet(actor, form, newest, theirs, status=error.status)
    if address.startswith(_CONFLICT):
        lost = conflict or StaleVersion(
            _("Tulisan Anda sudah disimpan sebagai naskah tersendiri."),
            revision_id=address.removeprefix(_CONFLICT),
        )
        _note(form, lost)
        return _side_by_side(actor, form, *queries.get(actor, article_id), lost)
    return desk_steps.done(address, wish, article_id)


@blueprint.post("/berita/<article_id>/langkah")
def step(article_id: str) -> Response:
    """Take one step without changing the text: from the review page, a list, an undo."""
    actor, form = auth.actor(), Form.sent()
    found, _revision = _found(actor, article_id)
    wish = _wish(form) or request.args.get("do", "")[:40]
    version = form.values.get("version", "")

    def work() -> str:
        seen = int(version) if version.isascii() and version.isdigit() and len(version) < 18 else -1
        after = desk_steps.take(
            actor, found, wish, form, version=seen if "version" in form.values else None
        )
        return desk_steps.address_after(actor, after, wish, form)

    try:
        form.text("note", limit=4000)
        form.check()
        address = forms.once(actor, form.submission, work)
    except DesaError as error:
        _note(form, error)
        return read_page(actor, *_found(actor, article_id), form, status=error.status)
    return desk_steps.done(address, wish, article_id)


@blueprint.post("/berita/<article_id>/pena")
def take_pen(article_id: str) -> Response:
    """Write on although somebody else does: both texts are merged or shown side by side."""
    service.take_pen(auth.actor(), article_id, take_over=True)
    return desk.done(_address(article_id), _("Sekarang Anda yang menulis di sini."))


@blueprint.get("/berita/<article_id>/periksa-ketikan")
def points(article_id: str) -> Response:
    actor = auth.actor()
    _article, revision = queries.get(actor, article_id)
    typing = service.typing_of(actor, article_id)
    return _points(typing.text if typing else revision.text)


@blueprint.get("/tulis/<key>/periksa-ketikan")
def sheet_points(key: str) -> Response:
    left = typing.kept(auth.actor(), f"tulis/{key[:80]}")
    form = desk_form.form_of_typing(Form(), left) if left else Form()
    return _points(_shown_text(form, Text(title="")))


@blueprint.post("/berita/<article_id>/ketikan")
def discard_typing(article_id: str) -> Response:
    """Forget what was typed but never saved."""
    actor = auth.actor()
    queries.get(actor, article_id)
    service.discard_typing(actor, article_id)
    return desk.done(_address(article_id), _("Ketikan yang belum disimpan sudah dibuang."))


@blueprint.post("/berita/<article_id>/alamat")
def move(article_id: str) -> Response:
    actor, form = auth.actor(), Form.sent()
    found, revision = queries.get(actor, article_id)
    slug = form.text("slug", limit=200)
    try:
        form.check()
        service.move(actor, article_id, slug)
    except DesaError as error:
        _note(form, error, "slug")
        return read_page(actor, found, revision, form, status=error.status)
    return desk.done(
        url_for("news_review.past", article_id=article_id),
        _("Alamat sudah diganti. Alamat lama tetap mengantar pembaca ke sini."),
    )


def _wish(form: Form) -> str:
    return form.text("do", limit=120)


def _wished(actor: Actor, form: Form, base: Text) -> Text:
    """Return the text as sent, with the photo that was sent and what its buttons ask for."""
    today = Moments(actor.site).now.date()
    text = desk_form.sent(form, base=base, today=today).text
    form.check()
    for photo_id in desk_form.take_photos(actor):
        text = desk_form.with_photo(text, photo_id)
    wish, _colon, photo_id = _wish(form).partition(":")
    if wish == "insert":
        return desk_form.with_figure(text, photo_id)
    if wish == "remove":
        return desk_form.without_photo(text, photo_id)
    return text


def _go_on(actor: Actor, saved: Article, wish: str, form: Form) -> str:
    """After the text was kept: the tick for Kominfo, then the step; return where to go on."""
    if form.flag("sends_shown") and actor.may(Permission.PUBLISH):
        saved = service.send_to_kominfo(actor, saved.id, form.flag("sends"))
    if desk_steps.is_step(wish):
        saved = desk_steps.take(actor, saved, wish, form, version=saved.version)
    return desk_steps.address_after(actor, saved, wish, form)


def _sheet(
    actor: Actor,
    form: Form,
    found: Article | None = None,
    revision: Revision | None = None,
    *,
    status: int = 200,
    **more: object,
) -> Response:
    """Return the write page. `revision` is the working text, None for a new article."""
    text = _shown_text(form, revision.text if revision else Text(title=""))
    photos = desk_form.photos_of(text)
    made = pictures(actor.site, [photo.id for photo in photos])
    moment = Moments(actor.site)
    context: dict[str, object] = {
        "article": found,
        "form": form,
        "is_notice": form.values.get("kind") == Kind.ANNOUNCEMENT
        or (found is not None and found.kind is Kind.ANNOUNCEMENT),
        "editor_html": desk_form.editor_html(form),
        "rubrics": [(r.slug, r.name) for r in rubrics.rubrics()],
        "photos": photos,
        "thumbs": {i: thumb_url(picture) for i, picture in made.items()},
        "points": _checked(text, photos),
        "steps": _steps(actor, found),
        "may_send": actor.may(Permission.PUBLISH),
        "moment": moment,
        "user_id": actor.user_id or "",
        **more,
    }
    if found is None:
        key = typing.valid_key(form.values.get(typing.FIELD, ""))
        left = [kept for kept in typing.all_kept(actor, "tulis") if kept.key != key]
        context |= {"sheet": key, "left": left}
    if found is not None and revision is not None:
        context |= {
            "chip": chip(found.state),
            "typing": _unsaved(actor, found, revision),
            "saved_at": moment(revision.saved_at),
            "outside": outside(actor.site, [found.id]).get(found.id),
        }
    return desk.page("news/write.html", status, **context)


def _side_by_side(
    actor: Actor, form: Form, newest: Article, theirs: Revision, error: StaleVersion
) -> Response:
    """Show the other person's text beside the typed one; saving again decides for the typed one."""
    mine = _shown_text(form, theirs.text)
    again = Form({**form.values, "version": newest.version, "base_revision_id": theirs.id})
    again.problems = form.problems
    return _sheet(
        actor, again, newest, theirs, status=error.status,
        theirs=theirs, difference=html.diff(theirs.text.body, mine.body),
        kept_revision_id=error.details.get("revision_id", ""),
    )  # fmt: skip


def _checked(text: Text, photos: Sequence[Photo]) -> list[Point]:
    return checklist(text, photos, service.new_domains(text.body))


def _points(text: Text) -> Response:
    """Return the checklist alone, of what the server holds of a text that is being typed."""
    return desk.page("news/points.html", points=_checked(text, desk_form.photos_of(text)))


def _steps(actor: Actor, found: Article | None) -> list[Step]:
    """Return the steps after saving; a changed published text may be handed in at once."""
    if found is None:
        return desk_steps.first_steps(actor)
    possible = steps(actor, found)
    if found.is_live and not any(s.value in (Op.SUBMIT, Op.PUBLISH) for s in possible):
        possible = [*desk_steps.first_steps(actor, is_live=True), *possible]
    return possible


def _shown_text(form: Form, base: Text) -> Text:
    """Return the form's text for looking at it; never raises."""
    copy = Form(form.values)
    try:
        return desk_form.sent(copy, base=base).text
    except DesaError:
        return base


def _unsaved(actor: Actor, found: Article, revision: Revision) -> service.Typing | None:
    """Return the typing that a closed tab or a power cut left behind, if it says anything new."""
    typing = service.typing_of(actor, found.id)
    if typing is None or request.args.get("pulih") == "1":
        return None
    try:
        body = html.normalise(typing.text.body)
    except DesaError:
        body = typing.text.body
    old = revision.text
    is_same = body == old.body and (typing.text.title, typing.text.standfirst) == (
        old.title,
        old.standfirst,
    )
    return None if is_same else typing


def _form_of(found: Article, revision: Revision) -> Form:
    return desk_form.form_of(
        revision.text, version=found.version, base_revision_id=found.working_revision_id
    )


def _found(actor: Actor, article_id: str) -> tuple[Article, Revision]:
    """Return the article, also one in the trash. Raises NotFound."""
    try:
        return queries.get(actor, article_id)
    except NotFound:
        return queries.get(actor, article_id, trashed=True)


def _may_save(actor: Actor, found: Article) -> bool:
    return found.trashed_at is None and Op.SAVE in service.allowed(actor, found)


def _note(form: Form, error: DesaError, field: str = "") -> None:
    if isinstance(error, InvalidInput) and (error.fields or not field):
        form.refuse(error)
    else:
        form.problems[field] = error.message


def _address(article_id: str) -> str:
    return url_for("news_desk.article", article_id=article_id)


def _id_in(address: str) -> str:
    return address.removeprefix("/kelola/berita/").partition("/")[0]
