"""How a text will look: the real theme at phone width in a frame that can do nothing.

Only who may see the article sees it, and no answer of the desk is kept anywhere.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Response, make_response

from desa_web.core.clock import as_utc
from desa_web.features.news import desk_form, queries, rubrics, service
from desa_web.features.news.checklist import checklist
from desa_web.features.news.desk_view import chip
from desa_web.features.news.queries import Live
from desa_web.features.news.web import article_page
from desa_web.features.news.workflow import Op
from desa_web.web import auth, desk
from desa_web.web.public import public_site

blueprint = desk.blueprint("news_preview", __name__)


@blueprint.get("/berita/<article_id>/pratinjau")
def preview(article_id: str) -> Response:
    actor = auth.actor()
    article, revision = queries.get(actor, article_id)
    photos = desk_form.photos_of(revision.text)
    domains = service.new_domains(revision.text.body)
    return desk.page(
        "news/preview.html",
        article=article,
        revision=revision,
        chip=chip(article.state),
        points=checklist(revision.text, photos, domains),
        may_save=Op.SAVE in service.allowed(actor, article),
    )


@blueprint.get("/berita/<article_id>/pratinjau/isi")
def framed(article_id: str) -> Response:
    """The page itself, made from the working text."""
    actor = auth.actor()
    article, revision = queries.get(actor, article_id)
    moment = article.published_at or article.scheduled_at or as_utc(actor.site.clock.now_ms())
    name = next((r.name for r in rubrics.rubrics() if r.slug == revision.text.rubric), "")
    public = public_site()
    shown = Live(replace(article, published_at=moment), revision, name, is_expired=False)
    page, _keys = article_page(public.context(), shown)
    response = make_response(public.theme().render(page))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
