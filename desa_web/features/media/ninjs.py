"""An article as ninjs 3.1 (IPTC, "News in JSON"), with its photos as associations.

Addresses are full ones where the village has an address; files of the kit are named in `title`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from desa_web.core import html
from desa_web.features.media.kit_sources import KitArticle
from desa_web.features.media.kit_texts import KitPhoto, author, credit_of
from desa_web.web.context_parts import Site as SiteContext

SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"


def document(article: KitArticle, photos: Sequence[KitPhoto], site: SiteContext) -> str:
    """Return the JSON text; the same input gives the same bytes."""
    text = html.plain_text(article.body)
    value = _filled(
        {
            "uri": f"urn:uuid:{article.id}",
            "standard": {"name": "ninjs", "version": "3.1", "schema": SCHEMA},
            "type": "text",
            "representationType": "full",
            "pubStatus": "usable",
            "language": site.language,
            "firstCreated": article.published_at.isoformat(),
            "versionCreated": article.updated_at.isoformat(),
            "title": article.title,
            "headlines": [{"role": "main", "contentType": "text/plain", "value": article.title}],
            "descriptions": _texts("summary", "text/plain", article.standfirst),
            "bodies": [
                {"role": "main", "contentType": "text/html", "value": article.body},
                {
                    "role": "main",
                    "contentType": "text/plain",
                    "value": text,
                    "charCount": len(text),
                    "wordCount": len(text.split()),
                },
            ],
            "by": author(article, site),
            "located": article.dateline.strip(" –-") or site.short_name,
            "places": [_filled({"name": site.name, "literal": site.code})],
            "subjects": _subjects(article, site),
            "infoSources": [{"name": article.source or site.name, "role": "publisher"}],
            "edNote": article.correction,
            **_rights(site.licence.name, site),
            "rightsInfo": _filled({"linkedRights": site.licence.url}),
            "renditions": _links(article, site),
            "associations": [_photo(n, one, site) for n, one in enumerate(photos, 1)],
        }
    )
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _photo(number: int, one: KitPhoto, site: SiteContext) -> dict[str, Any]:
    photo = one.photo
    file = {
        "name": "original",
        "title": one.file,
        "contentType": photo.mime,
        "width": photo.width_px,
        "height": photo.height_px,
        "href": site.absolute(f"/media/{photo.master_sha256}/{photo.file_name}"),
        "poi": {
            "x": round(photo.focus_x * photo.width_px),
            "y": round(photo.focus_y * photo.height_px),
        },
    }
    return _filled(
        {
            "name": f"foto-{number}",
            "uri": f"urn:uuid:{photo.id}",
            "type": "picture",
            "pubStatus": "usable",
            "versionCreated": photo.updated_at.isoformat(),
            "descriptions": [
                *_texts("caption", "text/plain", one.caption),
                *_texts("alt", "text/plain", photo.alt),
            ],
            "by": credit_of(photo, site),
            "located": photo.place or site.short_name,
            **_rights(photo.licence or site.licence.name, site),
            "renditions": [_filled(file)],
        }
    )


def _rights(licence: str, site: SiteContext) -> dict[str, str]:
    return {
        "copyrightHolder": site.name,
        "copyrightNotice": f"© {site.name}",
        "usageTerms": licence,
    }


def _subjects(article: KitArticle, site: SiteContext) -> list[dict[str, Any]]:
    found = []
    if article.rubric:
        uri = site.absolute(article.rubric_url)
        found.append(_filled({"name": article.rubric, "rel": "category", "uri": uri}))
    return found + [{"name": tag, "rel": "tag"} for tag in article.tags]


def _links(article: KitArticle, site: SiteContext) -> list[dict[str, Any]]:
    href = site.absolute(article.url)
    return [{"name": "web", "contentType": "text/html", "href": href}] if href else []


def _texts(role: str, content_type: str, value: str) -> list[dict[str, str]]:
    return [{"role": role, "contentType": content_type, "value": value}] if value else []


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", [], {}, None)}
