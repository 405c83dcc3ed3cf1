"""The texts of a kit: manuscript as .txt and .html, captions.csv, licence, the village's facts.

Pure functions from data to text; which photos go in and how they are packed is kit.py's.
"""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from desa_web.core import html
from desa_web.core.i18n import _
from desa_web.core.settings import Settings
from desa_web.engines.images import PressMetadata
from desa_web.features.media.kit_sources import KitArticle
from desa_web.features.media.photo import Photo
from desa_web.web import dates
from desa_web.web.context_parts import Site as SiteContext

_WIDTH = 78


@dataclass(frozen=True, slots=True)
class KitPhoto:
    """A photo of a kit under the name it has there, with the caption of this article."""

    photo: Photo
    file: str
    caption: str


def manuscript(article: KitArticle, photos: Sequence[KitPhoto], site: SiteContext) -> str:
    """Return the article as plain text, ready to be pasted into a newsroom's system."""
    published = dates.local(article.published_at, site.zone)
    head = [article.title.upper(), ""]
    if article.standfirst:
        head += [_wrapped(article.standfirst), ""]
    about = [
        _("Penulis: {name}").format(name=author(article, site)),
        _("Terbit: {day}, pukul {time} {zone}").format(
            day=dates.long_date(published.date()), time=dates.clock_time(published), zone=site.zone
        ),
    ]
    if article.rubric:
        about.append(_("Rubrik: {name}").format(name=article.rubric))
    if address := site.absolute(article.url):
        about.append(_("Alamat: {url}").format(url=address))
    body = [_wrapped(line) for line in html.plain_text(_without_figures(article.body)).split("\n")]
    if article.dateline and body:
        body[0] = _wrapped(f"{_dateline(article)} {body[0]}")
    parts = [*head, *about, "", *_spaced(body)]
    if article.code:
        parts += [article.code, ""]
    if article.correction:
        parts += [_wrapped(_("Ralat: {text}").format(text=article.correction)), ""]
    parts += _photo_lines(photos)
    parts += [_wrapped(site.licence.sentence), ""]
    return "\n".join(parts)


def page(article: KitArticle, photos: Sequence[KitPhoto], site: SiteContext) -> str:
    """Return the article as one HTML file whose pictures lie beside it."""
    known = {one.photo.id: one for one in photos}

    def figure(photo_id: str, caption_html: str) -> str:
        one = known.get(photo_id)
        return "" if one is None else _figure(one, caption_html)

    lead = known.get(article.lead_photo_id)
    is_repeated = f'data-foto="{article.lead_photo_id}"' in article.body
    top = "" if lead is None or is_repeated else _figure(lead, escape(lead.caption, quote=False))
    # The sanitiser lets pass addresses of our own site only; in the kit they are files beside us.
    body = html.render_body(article.body, figure).replace('src="/foto/', 'src="foto/')
    if article.dateline:
        body = body.replace("<p>", f"<p><strong>{escape(_dateline(article))}</strong> ", 1)
    top = top.replace('src="/foto/', 'src="foto/')
    published = dates.local(article.published_at, site.zone)
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{site.language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(article.title)}</title></head><body>",
        f"<h1>{escape(article.title)}</h1>",
        f"<p><strong>{escape(article.standfirst)}</strong></p>" if article.standfirst else "",
        f"<p>{escape(author(article, site))}, {escape(dates.long_date(published.date()))}</p>",
        top,
        body,
        f"<p>{escape(article.code)}</p>" if article.code else "",
        f"<p>{escape(site.licence.sentence)}</p>",
        "</body></html>",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def captions(photos: Sequence[KitPhoto], site: SiteContext) -> str:
    """Return captions.csv: one line a photo, commas, quoted where needed, UTF-8 with a mark.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    # Without the mark Excel reads UTF-8 as Latin-1.
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["file", "caption", "alt", "credit", "place", "taken_on", "width", "height", "licence"]
    )
    for one in photos:
        photo = one.photo
        words = (one.file, one.caption, photo.alt, credit_of(photo, site), _place(photo, site))
        day = photo.taken_on.isoformat() if photo.taken_on else ""
        licence = photo.licence or site.licence.name
        writer.writerow([*map(_cell, words), day, photo.width_px, photo.height_px, _cell(licence)])
    return out.getvalue()


def licence(site: SiteContext) -> str:
    """Return what may be done with the kit."""
    lines = [
        _("Lisensi"), "=======", "", _wrapped(site.licence.sentence), "", site.licence.url, "",
        _wrapped(_("Sebut nama pemotret dan {name}.").format(name=site.name)), "",
    ]  # fmt: skip
    return "\n".join(lines)


def village(values: Settings, site: SiteContext) -> str:
    """Return the village's facts, boilerplate and contacts as plain text."""
    parts = [site.name.upper(), ", ".join(p for p in (site.place_line, site.province) if p), ""]
    if values["description"]:
        parts += [_wrapped(values["description"]), ""]
    if values["facts"]:
        parts += [_("Desa dalam angka"), *(f"- {line}" for line in values["facts"]), ""]
    people = [", ".join(filter(None, media_contact(line))) for line in values["media_contacts"]]
    parts += [_("Narahubung"), *people, *_contact_lines(site), ""]
    if site.code:
        parts += [_("Kode wilayah: {code}").format(code=site.code), ""]
    parts += [_wrapped(site.licence.sentence), ""]
    return "\n".join(parts)


def press_metadata(
    one: KitPhoto, site: SiteContext, headline: str = "", tags: Sequence[str] = ()
) -> PressMetadata:
    """Return what is written into the photo's file."""
    photo = one.photo
    credit = credit_of(photo, site)
    person, _slash, organisation = credit.partition("/")
    year = photo.taken_on.year if photo.taken_on else photo.created_at.year
    rights = photo.licence or site.licence.name
    return PressMetadata(
        caption=one.caption,
        headline=headline,
        byline=person.strip(),
        credit=organisation.strip() or site.name,
        copyright=f"© {year} {credit}. {rights}",
        place=_place(photo, site),
        province=site.province,
        country="Indonesia",
        keywords=tuple(tags),
        taken_on=photo.taken_on,
    )


def media_contact(line: str) -> tuple[str, str, str]:
    """Return name, role and number of "Nur Aini: KIM Sukamaju: 0812 3456 7890"."""
    name, _colon, rest = line.partition(":")
    role, _colon, number = rest.partition(":")
    return name.strip(), role.strip(), number.strip()


def credit_of(photo: Photo, site: SiteContext) -> str:
    return photo.credit or site.name


def author(article: KitArticle, site: SiteContext) -> str:
    """Return "Nur Aini, KIM Sukamaju"; whoever publishes when no name is given."""
    source = article.source or (site.words.kim if article.byline else site.name)
    return ", ".join(part for part in (article.byline, source) if part)


def _dateline(article: KitArticle) -> str:
    """Return "Bengawan, Desa Sukamaju –": the dash is typography, not part of the place."""
    return article.dateline.rstrip(" –-") + " –"


def _figure(one: KitPhoto, caption_html: str) -> str:
    photo = one.photo
    credit = escape(photo.credit, quote=False)
    caption = caption_html or escape(one.caption, quote=False)
    words = " ".join(part for part in (caption, f"({credit})" if credit else "") if part)
    shown = f"<figcaption>{words}</figcaption>" if words else ""
    return (
        f'<figure><img src="/{one.file}" width="{photo.width_px}" height="{photo.height_px}" '
        f'alt="{escape(photo.alt)}">{shown}</figure>'
    )


def _without_figures(body: str) -> str:
    return "".join(block for block in html.blocks(body) if not block.startswith("<figure"))


def _photo_lines(photos: Sequence[KitPhoto]) -> list[str]:
    if not photos:
        return []
    lines = [_("Foto"), ""]
    for one in photos:
        words = [one.file, one.caption, f"({one.photo.credit})" if one.photo.credit else ""]
        lines += [_wrapped(" ".join(word for word in words if word)), ""]
    return lines


def _contact_lines(site: SiteContext) -> list[str]:
    contacts = site.contacts
    found = [
        site.words.office,
        *contacts.address_lines,
        contacts.phone and _("Telepon {number}").format(number=contacts.phone),
        contacts.whatsapp_url and f"WhatsApp {contacts.whatsapp_url}",
        contacts.email,
        site.base_url,
    ]
    return [line for line in found if line]


def _place(photo: Photo, site: SiteContext) -> str:
    return photo.place or site.short_name


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _spaced(lines: Sequence[str]) -> list[str]:
    return [part for line in lines if line for part in (line, "")]
