"""Public pages, kept ready to send: rendered once, dropped by surrogate key, baked again.

    store = PageStore(site / "cache/pages", identity="<journal id> <program> <theme>")
    wsgi = PageMiddleware(app, store)                  # any WSGI server
    store.drop({"article:0193…", "list:news"})         # after a commit: gone at once, everywhere
    baker = Baker(store, render_through(wsgi), first=lambda keys: ["/", "/berita/"])
    baker.follow([(12, {"article:0193…"})])            # from the journal: drop, bake the first ones

The app says that an answer may be kept, in the WSGI environment it was given:

- `desa.surrogate_keys`: frozenset of what the answer was made from. Without it nothing is kept.
- `desa.cache_query`: true where an address with a query may be kept too.
- `desa.file`: path of the content-named file that is the whole body; it is remembered, not copied.

Shown: PageStore, PageMiddleware, Page, Baker, render_through. The folder's layout, which a web
server in front may serve directly, is described in shelf.py. Nothing here knows Flask or waitress.
"""

from desa_web.engines.pages.baker import Baker, render_through
from desa_web.engines.pages.middleware import PageMiddleware
from desa_web.engines.pages.page import Page
from desa_web.engines.pages.store import PageStore

__all__ = ["Baker", "Page", "PageMiddleware", "PageStore", "render_through"]
