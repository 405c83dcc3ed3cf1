"""What shows a photo to readers, so that its own address lives and dies with that.

An article that is withdrawn takes its photos along, a photo whose children are not to be shown
leaves with its album. What a reader's browser has already fetched stays there.
"""

from __future__ import annotations

from desa_web.core.site import Site
from desa_web.features.media import albums
from desa_web.features.media.photo import Photo
from desa_web.features.media.uses import uses


def shown_by(site: Site, photo: Photo) -> frozenset[str]:
    """Return the surrogate keys of all that shows this photo to readers; empty: nothing does.

    A photo without the parents' consent may stand in an article, but no album makes it public.
    """
    places = {
        f"{use.kind}:{use.object_id}"
        for use in uses(site).of(photo.id)
        if use.url and photo.id in use.live_ids
    }
    if not photo.is_private:
        places |= {f"album:{album_id}" for album_id in albums.of_photo(photo.id)}
    return frozenset(places)
