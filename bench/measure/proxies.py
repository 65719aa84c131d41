"""The two between client and upstream: the gateway, and nginx to compare it with."""

import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .processes import Process, free_port

NO_NGINX = "nginx is not installed (apt-get install nginx-light): no ratios, no judgement by them"

_NGINX = """\
daemon off; pid {home}/nginx.pid; error_log stderr; worker_processes 1; worker_rlimit_nofile 8192;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 300;
  client_max_body_size 64m; client_body_buffer_size 8m;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
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
class Proxy:
    """Something to put load on. *reply* is what comes out: Claude's events or Amazon's frames."""

    name: str
    process: Process
    reply: Literal["sse", "frames"]
    path: str = "/v1/messages"


def gateway(command: str | None, upstream: int, home: Path, cpu: int | None) -> Proxy:
    """``amq2api serve``, or *command*, in which {port} and {upstream} are filled in."""
    port = free_port()
    home.mkdir()
    if command is None:
        argv = [str(Path(sys.executable).parent / "amq2api"), "serve"]
    else:
        argv = [
            word.format(port=port, upstream=f"http://127.0.0.1:{upstream}/")
            for word in shlex.split(command)
        ]
    environment = _environment(port, upstream, home)
    return Proxy("gateway", Process("gateway", argv, port, home, cpu, environment), "sse")


def nginx(upstream: int, home: Path, cpu: int | None) -> Proxy | None:
    """nginx without buffering and without a log; None where it is not installed."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        return None
    port = free_port()
    home.mkdir()
    # Started by root, its worker would be another user, who may not enter a private directory.
    user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""
    config = home / "nginx.conf"
    config.write_text(_NGINX.format(home=home, user=user, upstream=upstream, port=port))
    argv = [program, "-c", str(config), "-e", "stderr"]
    return Proxy("nginx", Process("nginx", argv, port, home, cpu), "frames")


def _environment(port: int, upstream: int, home: Path) -> Mapping[str, str]:
    service = f"http://127.0.0.1:{upstream}/"
    return {
        "PORT": str(port),
        "AMAZONQ_API_ENDPOINT": service,
        "AMAZONQ_TOKEN_ENDPOINT": f"{service}token",
        "AMAZONQ_REFRESH_TOKEN": "aor-bench-refresh",
        "AMAZONQ_CLIENT_ID": "bench-client",
        "AMAZONQ_CLIENT_SECRET": "bench-secret",
        "AMQ2API_ACCOUNT_FILE": str(home / "account.json"),
        "AMQ2API_TOKEN_CACHE": str(home / "tokens.json"),
        "AMQ2API_CALIBRATION_FILE": str(home / "calibration.json"),
    }
