"""desa-web under gunicorn, for hosts that have it already.

    DESA_SITE=/var/lib/desa/situs gunicorn -c gunicorn.conf.py desa_web.app:wsgi
    DESA_SITE=/var/lib/desa/situs desa follow            # beside it: pages, index, planned work

Lost here, against `desa serve`: the fast path (a kept page costs about as much as a hello), the
guards against slow clients and doubtful requests (so a proxy must stand in front), 20 MB more for
each worker. Kept pages, drops and ETags are the same: all workers share the folder.
"""

bind = "127.0.0.1:8080"
workers = 2
worker_class = "gthread"
threads = 4
timeout = 60
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 8190
limit_request_fields = 100
raw_env = ["MALLOC_ARENA_MAX=1"]
# Exactly one of the two may believe X-Forwarded-*: desa-web does, by trusted_proxies.
forwarded_allow_ips = ""
