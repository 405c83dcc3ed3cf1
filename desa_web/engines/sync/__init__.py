"""Sync: news travels between sites as a signed, chained log; nothing is lost, doubled or guessed.

    Publisher(site, sources)        follower that writes this site's log from the journal
    page(site, have)                lines for somebody who holds `have`
    Receiver(site)                  takes lines of other sites: receive(source, bytes), resume
    pause(site)                     why nothing is signed now, or None
    KeyRing(folder)                 the secret keys: create, lock by recovery code, unlock
    bundle.create, check, changes   the same lines and their photos as files on a stick

By name, for who asks other sites (aiohttp is loaded when a Client is entered, not before):

    client.Client                   asks other sites: bounded, resumable, Unreachable when it fails
    pull.card_of, pull.pull         who answers at an address; its new lines, page by page
    upload.upload                   a file to a tus server, from whatever byte it has

The order is `seq`, never a clock. What is said is JSON that a `Syncable` of a feature makes; no
feature and no Flask is known here, and no transport: the same lines go by pull, push and stick.

>>> from desa_web.engines.sync.line import site_of
>>> site_of("00" * 32)
'mzuhvlpymk6xo3epygfy5h4oea'
"""

from desa_web.engines.sync.keys import KeyRing
from desa_web.engines.sync.line import Op, Point
from desa_web.engines.sync.log import Page, UnknownPoints, page
from desa_web.engines.sync.publisher import Publisher, Spoken, Statement, Syncable, pause
from desa_web.engines.sync.receiver import Accepted, Outcome, Problem, Receiver, Resume

__all__ = [
    "Accepted",
    "KeyRing",
    "Op",
    "Outcome",
    "Page",
    "Point",
    "Problem",
    "Publisher",
    "Receiver",
    "Resume",
    "Spoken",
    "Statement",
    "Syncable",
    "UnknownPoints",
    "page",
    "pause",
]
