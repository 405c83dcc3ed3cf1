"""Structured data for search engines: schema.org as JSON-LD, safe inside a <script> data block.

The village is a GovernmentOrganization, an article a NewsArticle, an announcement a
SpecialAnnouncement; the way down to a page is a BreadcrumbList. Nothing is claimed that the page
does not show.
"""

from __future__ import annotations

import json
from datetime import datetime, time

from markupsafe import Markup

from desa_web.web.contexts import (
    AnnouncementPage,
    ArticlePage,
    HomePage,
    Page,
    Picture,
    Site,
)
from desa_web.web.dates import local

# One for all: json.dumps makes an encoder for each call that wants more than its defaults.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_written: tuple[Site, str] | None = None
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def structured_data(page: Page) -> Markup:
    """Return the page's JSON-LD, "" when there is nothing to say; `<`, `>` and `&` are escaped."""
    found = [block for block in (_main(page), _breadcrumbs(page)) if block]
    if not found:
        return Markup("")
    text = f'{{"@context":"https://schema.org","@graph":[{",".join(found)}]}}'
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- a JSON text in which every markup character is escaped


def _main(page: Page) -> str:
    if isinstance(page, ArticlePage):
        return _article(page)
    if isinstance(page, AnnouncementPage):
        return _announcement(page)
    return _organisation(page.site) if isinstance(page, HomePage) else ""


def _article(page: ArticlePage) -> str:
    site = page.site
    text = _filled(
        {
            "@type": "NewsArticle",
            "headline": page.title[:110],
            "description": page.standfirst,
            "mainEntityOfPage": site.absolute(page.meta.path),
            "datePublished": _iso(page.published_at, site),
            "dateModified": _iso(page.updated_at or page.published_at, site),
            "articleSection": page.kicker.text if page.kicker else "",
            "keywords": [tag.text for tag in page.tags],
            "inLanguage": site.language,
            "license": site.licence.url,
            "author": _author(page),
        }
    )
    text = f'{text[:-1]},"publisher":{_organisation(site)}'
    images = _images(site, (page.picture, *page.pictures))
    return f'{text},"image":{_encode(images)}}}' if images else f"{text}}}"


def _author(page: ArticlePage) -> dict[str, object]:
    if page.byline:
        return {"@type": "Person", "name": page.byline}
    return {"@type": "Organization", "name": page.organisation or page.site.name}


def _announcement(page: AnnouncementPage) -> str:
    site = page.site
    last = datetime.combine(page.until_on, time(23, 59)) if page.until_on else None
    text = _filled(
        {
            "@type": "SpecialAnnouncement",
            "name": page.title,
            "text": page.body.striptags(),
            "datePosted": _iso(page.published_at, site),
            "expires": last.isoformat(timespec="minutes") if last else "",
            "url": site.absolute(page.meta.path),
        }
    )
    return f'{text[:-1]},"publisher":{_organisation(site)}}}'


def _organisation(site: Site) -> str:
    """Return the village; what was written last is kept, for nearly always it is the same one."""
    global _written
    known = _written
    if known is None or known[0] is not site:
        known = _written = site, _organisation_text(site)
    return known[1]


def _organisation_text(site: Site) -> str:
    contacts = site.contacts
    address = _without_empty(
        {
            "@type": "PostalAddress",
            "streetAddress": ", ".join(contacts.address_lines),
            "addressLocality": site.district,
            "addressRegion": site.province,
            "postalCode": contacts.postal_code,
            "addressCountry": "ID",
        }
    )
    return _filled(
        {
            "@type": "GovernmentOrganization",
            "name": site.name,
            "identifier": site.code,
            "url": site.absolute("/"),
            "logo": site.absolute(site.emblem_url),
            "telephone": contacts.phone_url.removeprefix("tel:"),
            "email": contacts.email,
            "address": address if len(address) > 2 else {},
            "openingHoursSpecification": _hours(site),
            "sameAs": [link.url for link in site.social],
        }
    )


def _hours(site: Site) -> list[dict[str, object]]:
    return [
        {
            "@type": "OpeningHoursSpecification",
            "dayOfWeek": [_DAYS[day] for day in row.weekdays],
            "opens": row.opens.replace(".", ":"),
            "closes": row.closes.replace(".", ":"),
        }
        for row in site.hours
        if row.opens and row.closes
    ]


def _breadcrumbs(page: Page) -> str:
    site, crumbs = page.site, page.meta.crumbs
    if not crumbs or not site.base_url:
        return ""
    steps = [(crumb.text, crumb.url) for crumb in crumbs]
    steps.append((page.meta.title, page.meta.path))
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": site.absolute(url)}
        for place, (name, url) in enumerate(steps, start=1)
    ]
    return _encode({"@type": "BreadcrumbList", "itemListElement": items})


def _images(site: Site, pictures: tuple[Picture | None, ...]) -> list[str]:
    found = (site.absolute(p.url) for p in pictures if p and not p.is_pending)
    return [url for url in found if url]


def _iso(at: datetime, site: Site) -> str:
    return local(at, site.zone).isoformat(timespec="seconds")


def _filled(block: dict[str, object]) -> str:
    return _encode(_without_empty(block))


def _without_empty(block: dict[str, object]) -> dict[str, object]:
    """Return the block without its empty fields."""
    return {name: value for name, value in block.items() if value}
