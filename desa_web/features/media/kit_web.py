"""/media-kit/: what journalists download, for each article and for the village."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, Response, request, send_file
from markupsafe import Markup, escape

from desa_web.core import settings
from desa_web.core.clock import as_utc, to_ms
from desa_web.core.i18n import _
from desa_web.features.media import kit, kit_sources, kit_texts
from desa_web.features.media.kit_sources import KitArticle
from desa_web.features.media.kit_texts import KitPhoto, author
from desa_web.features.media.pictures import picture
from desa_web.web import dates
from desa_web.web.context_parts import Document, Kit, Link, Meta
from desa_web.web.context_parts import Site as SiteContext
from desa_web.web.contexts import MediaKitPage
from desa_web.web.public import public_site

blueprint = Blueprint("media_kit", __name__)

PAGE_SIZE = 10


@blueprint.get("/media-kit/")
def media_kit() -> Response:
    public = public_site()
    before = _key(request.args.get("sebelum", ""))
    giver = kit_sources.source()
    found = giver.kit_articles(public.site, before=before, limit=PAGE_SIZE + 1) if giver else []
    shown = found[:PAGE_SIZE]
    context = public.context()
    kits = [(article, kit.article_photos(article)) for article in shown]
    newest = max((article.updated_at for article in shown), default=None)
    older = None
    if len(found) > PAGE_SIZE:
        key = f"{to_ms(shown[-1].published_at)}~{shown[-1].id}"
        older = Link(text=_("Paket sebelumnya"), url=f"/media-kit/?sebelum={key}")
    page = MediaKitPage(
        site=context,
        meta=Meta(
            path="/media-kit/",
            title=_("Media kit"),
            crumbs=(Link(text="Beranda", url="/"),),
            description=_("Naskah dan foto asli {name} untuk media.").format(name=context.name),
            noindex=before is not None,
        ),
        title=_("Media kit"),
        updated_on=dates.local(newest, context.zone).date() if newest else None,
        kits=tuple(_kit(article, photos, context) for article, photos in kits),
        terms=_terms(context),
        people=_people(context, settings.read(public.site)["media_contacts"]),
        files=_files(),
        newer=Link(text=_("Paket terbaru"), url="/media-kit/") if before else None,
        older=older,
    )
    keys = {f"media:{one.photo.id}" for _article, photos in kits for one in photos}
    for article in shown:
        keys |= article.keys
    return public.answer(page, keys | {"list:article", "list:media", "list:album"})


@blueprint.get("/media-kit/desa.zip")
def village() -> Response:
    return _download(kit.of_village(public_site().site))


@blueprint.get("/media-kit/berita/<slug>.zip")
def article(slug: str) -> Response:
    return _download(kit.of_article(public_site().site, slug))


def _download(made: kit.KitFile) -> Response:
    """Send the finished file: a large zip that is made while it is sent holds a thread."""
    response = send_file(
        made.path,
        mimetype="application/zip",
        as_attachment=True,
        download_name=made.name,
        etag=made.etag,
    )
    response.headers["Cache-Control"] = "no-cache"
    request.environ["desa.file"] = str(made.path)
    request.environ["desa.surrogate_keys"] = made.keys
    return response


def _kit(article: KitArticle, photos: list[KitPhoto], context: SiteContext) -> Kit:
    site = public_site().site
    contents = _("Naskah, {n} foto asli").format(n=len(photos)) if photos else _("Naskah")
    return Kit(
        title=article.title,
        url=article.url,
        contents=contents,
        credit=author(article, context),
        published_at=article.published_at,
        download=Document(
            name=_("Unduh paket"),
            url=f"/media-kit/berita/{article.slug}.zip",
            format="ZIP",
            size_bytes=kit.size_of(site, article),
        ),
        kicker=Link(text=article.rubric, url=article.rubric_url) if article.rubric_url else None,
        picture=picture(site, photos[0].photo) if photos else None,
    )


def _files() -> tuple[Document, ...]:
    made = kit.of_village(public_site().site)
    name = _("Paket desa: lambang, fakta, narahubung, foto pers")
    url = "/media-kit/desa.zip"
    return (Document(name=name, url=url, format="ZIP", size_bytes=made.size_bytes),)


def _terms(context: SiteContext) -> Markup:
    """Return the licence in a paragraph; everything in it is escaped."""
    licence = context.licence
    link = Markup(' <a href="{}" rel="license">{}</a>').format(licence.url, licence.name)
    sentence = Markup("<p>{}{}</p>").format(escape(licence.sentence), link if licence.url else "")
    return sentence


def _people(context: SiteContext, lines: Sequence[str]) -> tuple[Link, ...]:
    """Return the people for the press, then the office."""
    contacts = context.contacts
    found = [_person(line) for line in lines]
    if contacts.phone_url:
        found.append(Link(text=contacts.phone, url=contacts.phone_url, note=context.words.office))
    if contacts.whatsapp_url:
        found.append(Link(text="WhatsApp", url=contacts.whatsapp_url, note=context.words.office))
    if contacts.email:
        found.append(Link(text=contacts.email, url=f"mailto:{contacts.email}"))
    return tuple(found)


def _person(line: str) -> Link:
    """Read "Nur Aini: KIM Sukamaju: 0812 3456 7890"; a number is there to be called."""
    name, role, number = kit_texts.media_contact(line)
    if not number:
        return Link(text=name, url="", note=role)
    digits = re.sub(r"[^0-9+]", "", number)
    who = ", ".join(part for part in (name, role) if part)
    return Link(text=who, url=f"tel:{digits}", note=number)


def _key(text: str) -> tuple[datetime, str] | None:
    at, _tilde, article_id = text[:80].partition("~")
    return (as_utc(int(at)), article_id) if at.isdigit() and len(at) < 17 else None
