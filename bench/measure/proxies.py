"""What may stand between client and upstream: the gateway, others of its kind, nginx, nothing."""

import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .processes import Process

NO_NGINX = "nginx is not installed (apt-get install nginx-light): no ratios, no judgement by them"
GATEWAY = "gateway"

_NGINX = """\
daemon off; pid {home}/nginx.pid; error_log stderr; worker_processes 1; worker_rlimit_nofile 16384;
{user}
events {{ worker_connections 16000; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 300;
  client_max_body_size 64m; client_body_buffer_size 8m;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; proxy_read_timeout 300;
  fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  upstream service {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off;
      proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Place:
    """Where a proxy is to run: *cpu* is its own, *upstream* the port of what is behind it."""

    port: int
    home: Path
    upstream: int
    cpu: int | None
    workers: int = 1


@dataclass(frozen=True)
class Kind:
    """Something to put load on. *reply* is what comes out: Claude's events or Amazon's frames."""

    name: str
    reply: Literal["sse", "frames"]
    path: str
    process: Callable[[Place], Process] = field(repr=False)

    @property
    def is_gateway(self) -> bool:
        return self.reply == "sse"


@dataclass(frozen=True)
class Proxy:
    """One that runs."""

    kind: Kind
    process: Process

    @property
    def name(self) -> str:
        return self.kind.name


def gateway(command: str | None, name: str = GATEWAY) -> Kind:
    """``amq2api serve``, or *command*, in which {port} and {upstream} are filled in."""

    def process(place: Place) -> Process:
        service = f"http://127.0.0.1:{place.upstream}/"
        if command is None:
            argv = [str(Path(sys.executable).parent / "amq2api"), "serve"]
        else:
            argv = [word.format(port=place.port, upstream=service) for word in shlex.split(command)]
        environment = _environment(place, service)
        return Process(name, argv, place.port, place.home, place.cpu, environment)

    return Kind(name, "sse", "/v1/messages", process)


def nginx() -> Kind | None:
    """nginx without buffering and without a log; None where it is not installed."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        return None

    def process(place: Place) -> Process:
        # Started by root, its worker would be another user, who may not enter a private directory.
        user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""
        config = place.home / "nginx.conf"
        config.write_text(
            _NGINX.format(home=place.home, user=user, upstream=place.upstream, port=place.port)
        )
        argv = [program, "-c", str(config), "-e", "stderr"]
        return Process("nginx", argv, place.port, place.home, place.cpu)

    return Kind("nginx", "frames", "/", process)


def direct(upstream: Process) -> Proxy:
    """No proxy at all: what the load itself takes."""
    return Proxy(Kind("direct", "frames", "/", lambda place: upstream), upstream)


def _environment(place: Place, service: str) -> Mapping[str, str]:
    home = place.home
    several = {"AMQ2API_WORKERS": str(place.workers)} if place.workers > 1 else {}
    return {
        "PORT": str(place.port),
        "AMAZONQ_API_ENDPOINT": service,
        "AMAZONQ_TOKEN_ENDPOINT": f"{service}token",
        "AMAZONQ_REFRESH_TOKEN": "aor-bench-refresh",
        "AMAZONQ_CLIENT_ID": "bench-client",
        "AMAZONQ_CLIENT_SECRET": "bench-secret",
        "AMQ2API_ACCOUNT_FILE": str(home / "account.json"),
        "AMQ2API_TOKEN_CACHE": str(home / "tokens.json"),
        "AMQ2API_CALIBRATION_FILE": str(home / "calibration.json"),
        "AMQ2API_ADMIN_FILE": str(home / "admin.json"),
        **several,
    }
