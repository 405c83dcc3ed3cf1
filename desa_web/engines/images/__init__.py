"""Photos: any phone's picture in, small, upright, private pictures out.

    with Studio() as studio:  # one helper process, one photo at a time
        master = studio.ingest(upload, media / "ab" / "abcd…", max_edge_px=2560)
        for rendition in studio.renditions(media / "ab" / "abcd…", cache / "renditions"):
            print(rendition.name, rendition.width_px)  # 4f0c…-640.webp 640

What the engine shows:

- `probe(path)`: size and kind of a photo without decoding it, or PhotoRefused with the reason.
- `Studio.ingest(source, master, max_edge_px=…)`: write the master (re-encoded, no metadata).
- `Studio.renditions(photo, folder)`: write the WebP steps and the fallback JPEG.
- `likeness_distance(a, b)`: how far two pictures are apart; up to `NEAR_DUPLICATE` is a hint.
- `write_press_metadata(photo, target, metadata)`: caption and credit without encoding again.
- `read_press_metadata(jpeg)`: what a photographer wrote into a picture.

PhotoRefused speaks about the photo; PhotoBusy about the server and never blames the photo.
Crops are the page's work: the focal point is two floats that become an object-position.
Not here: who may upload, where masters live, captions in the database, quotas.
"""

from desa_web.engines.images.facts import (
    NEAR_DUPLICATE,
    Facts,
    Kind,
    Master,
    PhotoBusy,
    PhotoRefused,
    Reason,
    Rendition,
    likeness_distance,
)
from desa_web.engines.images.press import (
    PressMetadata,
    read_press_metadata,
    write_press_metadata,
)
from desa_web.engines.images.probe import probe
from desa_web.engines.images.studio import Studio

__all__ = [
    "NEAR_DUPLICATE",
    "Facts",
    "Kind",
    "Master",
    "PhotoBusy",
    "PhotoRefused",
    "PressMetadata",
    "Reason",
    "Rendition",
    "Studio",
    "likeness_distance",
    "probe",
    "read_press_metadata",
    "write_press_metadata",
]
