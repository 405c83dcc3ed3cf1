"""The desk's menu editor: /kelola/menu. Order by buttons, so that keyboard and thumb can do it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, url_for

from desa_web.core.actor import Permission
from desa_web.core.errors import DesaError, InvalidInput, NotFound
from desa_web.core.i18n import _
from desa_web.features.pages import menu, queries
from desa_web.features.pages.menu import PATH_MAX, TITLE_MAX, Item
from desa_web.web import auth, desk, forms
from desa_web.web.forms import Form

blueprint = desk.blueprint("menu_desk", __name__)


@blueprint.get("/menu")
def items() -> Response:
    auth.require(Permission.MANAGE_PAGES)
    return _page(Form())


@blueprint.post("/menu")
def add() -> Response:
    actor, form = auth.require(Permission.MANAGE_PAGES), Form.sent()
    try:
        title, page_id, path, parent_id = _sent(form)
        form.check()

        def work() -> str:
            made = menu.add(actor, title, page_id=page_id, path=path, parent_id=parent_id)
            return f"{url_for('.items')}#m-{made}"

        address = forms.once(actor, form.submission, work)
    except InvalidInput as error:
        form.refuse(error)
        return _page(form, error.status)
    return desk.done(address, _("Butir menu ditambahkan."))


@blueprint.get("/menu/<item_id>")
def item(item_id: str) -> Response:
    auth.require(Permission.MANAGE_PAGES)
    found = _known(item_id)
    values = {
        "title": found.title,
        "page": found.page_id,
        "path": found.path,
        "parent": found.parent_id or "",
    }
    return _item_page(found, Form(values))


@blueprint.post("/menu/<item_id>")
def change(item_id: str) -> Response:
    actor, form = auth.require(Permission.MANAGE_PAGES), Form.sent()
    try:
        title, page_id, path, parent_id = _sent(form)
        form.check()
        menu.change_item(actor, item_id, title, page_id=page_id, path=path, parent_id=parent_id)
    except DesaError as error:
        if not isinstance(error, InvalidInput):
            raise
        form.refuse(error)
        return _item_page(_known(item_id), form, error.status)
    return desk.done(f"{url_for('.items')}#m-{item_id}", _("Tersimpan."))


@blueprint.post("/menu/<item_id>/<action>")
def act(item_id: str, action: str) -> Response:
    actor = auth.require(Permission.MANAGE_PAGES)
    here = f"{url_for('.items')}#m-{item_id}"
    actions: dict[str, tuple[Callable[[], object], str, str]] = {
        "naik": (lambda: menu.shift(actor, item_id, up=True), here, ""),
        "turun": (lambda: menu.shift(actor, item_id, up=False), here, ""),
        "hapus": (
            lambda: menu.remove(actor, item_id),
            url_for(".items"),
            _("Dikeluarkan dari menu. Halamannya tetap ada."),
        ),
    }
    if action not in actions:
        raise NotFound(_("Tindakan itu tidak dikenal."))
    work, address, sentence = actions[action]
    work()
    return desk.done(address, sentence)


def _sent(form: Form) -> tuple[str, str, str, str | None]:
    """Return title, page, path and parent; a typed address counts only without a page."""
    page_id = form.text("page", limit=80)
    path = "" if page_id else form.text("path", limit=4 * PATH_MAX)
    title = form.text("title", limit=4 * TITLE_MAX)
    if not title and page_id:
        title = queries.get(page_id)[1].text.title[:TITLE_MAX]
    return title, page_id, path, form.text("parent", limit=80) or None


def _page(form: Form, status: int = 200) -> Response:
    return desk.page("pages/menu.html", status, form=form, **_choices(None))


def _item_page(found: Item, form: Form, status: int = 200) -> Response:
    return desk.page("pages/menu_item.html", status, item=found, form=form, **_choices(found))


def _choices(found: Item | None) -> dict[str, object]:
    site = auth.actor().site
    shown = menu.items(site)
    has_children = found is not None and bool(found.children)
    parents = [("", _("Paling atas"))]
    if not has_children:
        parents += [(i.id, i.title) for i in shown if found is None or i.id != found.id]
    pages = [("", _("Bukan halaman, pakai alamat di bawah"))]
    pages += [(node.id, "\u2003" * node.depth + node.title) for node in queries.tree(site)]
    return {"items": shown, "parents": parents, "pages": pages}


def _known(item_id: str) -> Item:
    for top in menu.items(auth.actor().site):
        for found in (top, *top.children):
            if found.id == item_id:
                return found
    raise NotFound(_("Butir menu ini tidak ada. Muat ulang halaman menu."))
