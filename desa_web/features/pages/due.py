"""What the ticker calls for pages."""

from desa_web.core.actor import program
from desa_web.core.site import Site
from desa_web.features.pages import service


def purge(site: Site, ref: str) -> None:
    """Forget a page whose days in the trash are over."""
    service.purge(program(site), ref)
