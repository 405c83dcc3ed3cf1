"""The parts of desa_web.web.server: strict parser, guarded channel, fast path, loop, pins.

They build on internals of waitress 3.0.2; pins.py says which, and server.py does without them on
any other version. Only server.py imports from here.
"""
