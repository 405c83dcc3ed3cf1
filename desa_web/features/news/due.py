"""What the ticker calls for news; each calls the service, which removes the plan."""

from desa_web.core.actor import program
from desa_web.core.site import Site
from desa_web.features.news import service


def publish(site: Site, ref: str) -> None:
    service.publish_scheduled(program(site), ref)


def expire(site: Site, ref: str) -> None:
    service.expire(program(site), ref)


def purge(site: Site, ref: str) -> None:
    service.purge(program(site), ref)
