"""How the web process runs, in development and in production. WEB_CONCURRENCY sets the workers."""

import os
from pathlib import Path

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True  # loaded once, shared by the workers
timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 2000  # a worker is renewed before a slow leak can matter
max_requests_jitter = 200
# A worker's sign of life must not wait for a busy disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  gunicorn opens it safely
control_socket_disable = True
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
