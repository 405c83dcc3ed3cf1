"""/galeri: photos of published news, newest first, and the albums that the village made."""

from __future__ import annotations

from flask import Blueprint, Response, request

from desa_web.core.i18n import _
from desa_web.features.media import albums, service
from desa_web.features.media.photo import Photo
from desa_web.features.media.pictures import picture
from desa_web.features.media.uses import Use, uses
from desa_web.web.context_parts import GalleryPhoto, Link, Meta, Picture
from desa_web.web.contexts import GalleryPage
from desa_web.web.public import public_site

blueprint = Blueprint("media_gallery", __name__)

HOME = Link(text="Beranda", url="/")
GALLERY = Link(text="Galeri", url="/galeri/")
PAGE_SIZE = 24


@blueprint.get("/galeri/")
def gallery() -> Response:
    public = public_site()
    after = request.args.get("setelah", "")[:40]
    shown, has_more = _published(after)
    older = None
    if has_more:
        older = Link(text=_("Foto sebelumnya"), url=f"/galeri/?setelah={shown[-1][0].id}")
    context = public.context()
    page = GalleryPage(
        site=context,
        meta=Meta(
            path="/galeri/",
            title=_("Galeri"),
            crumbs=(HOME,),
            description=_("Foto-foto kegiatan {name}.").format(name=context.name),
            noindex=bool(after),
        ),
        title=_("Galeri"),
        albums=_pills(),
        photos=tuple(_shown(photo, use) for photo, use in shown),
        newer=Link(text=_("Foto terbaru"), url="/galeri/") if after else None,
        older=older,
    )
    keys = {f"media:{photo.id}" for photo, _use in shown}
    return public.answer(page, keys | {"list:article", "list:media", "list:album"})


@blueprint.get("/galeri/<slug>")
def album(slug: str) -> Response:
    public = public_site()
    found = albums.get(slug)
    inside = albums.photos(found.id)
    known = uses(public.site)
    page = GalleryPage(
        site=public.context(),
        meta=Meta(
            path=f"/galeri/{found.slug}",
            title=found.title,
            crumbs=(HOME, GALLERY),
            description=found.intro,
        ),
        title=found.title,
        intro=found.intro,
        count_line=_("{n} foto").format(n=len(inside)),
        albums=_pills(current=found.id),
        photos=tuple(_shown(photo, _first_live(known.of(photo.id), photo)) for photo in inside),
    )
    keys = {f"media:{photo.id}" for photo in inside}
    return public.answer(page, keys | {f"album:{found.id}", "list:album", "list:article"})


def _published(after: str) -> tuple[list[tuple[Photo, Use | None]], bool]:
    """Return photos of live texts behind the photo `after`, newest text first, and: are there more?

    Each photo stands once, at its newest use.
    """
    order: dict[str, Use] = {}
    for use in uses(public_site().site).live():
        for photo_id in use.live_ids:
            order.setdefault(photo_id, use)
    ids = list(order)
    start = ids.index(after) + 1 if after in order else 0
    found: list[tuple[Photo, Use | None]] = []
    for at in range(start, len(ids), 2 * PAGE_SIZE):
        known = service.photos(ids[at : at + 2 * PAGE_SIZE])
        for photo_id in ids[at : at + 2 * PAGE_SIZE]:
            photo = known.get(photo_id)
            if photo is None or photo.is_private:
                continue
            if len(found) == PAGE_SIZE:
                return found, True
            found.append((photo, order[photo_id]))
    return found, False


def _shown(photo: Photo, use: Use | None) -> GalleryPhoto:
    made = picture(public_site().site, photo)
    return GalleryPhoto(
        picture=made,
        title=photo.caption or (use.title if use else "") or photo.alt or _("Foto"),
        url=use.url if use else _largest(made),
        byline=photo.credit,
        taken_on=photo.taken_on,
    )


def _largest(made: Picture) -> str:
    return made.sources[-1][0] if made.sources else made.url


def _first_live(found: list[Use], photo: Photo) -> Use | None:
    return next((use for use in found if use.url and photo.id in use.live_ids), None)


def _pills(current: str = "") -> tuple[Link, ...]:
    made = [one for one in albums.albums() if one.count]
    if not made:
        return ()
    pills = (
        Link(text=one.title, url=f"/galeri/{one.slug}", count=one.count, current=one.id == current)
        for one in made
    )
    return (Link(text=_("Terbaru"), url="/galeri/", current=not current), *pills)
