"""The settings that all processes of `spiketrace up` share."""

from __future__ import annotations

import random
import secrets
import socket
from contextlib import closing, suppress
from typing import Any

from worker.errors import ConfigurationError
from worker.settings import PREFIX, Settings

LOOPBACK = "127.0.0.1"
# The settings of every destination begin with one of these.
DESTINATIONS = ("jira_", "slack_", "pagerduty_", "servicenow_", "smtp_", "email_", "apprise_")
GENERATED_USER = "spiketrace"
# Below the ports that systems give to outgoing connections (Linux: 32768 and up, others 49152 and up): what is free
# among those may be taken before our process listens, and again while it is being restarted.
LASTING_PORTS = range(20_000, 32_768)
PORT_TRIES = 100


def settle_settings(settings: Settings, *, port: int | None, embedded: bool) -> Settings:
    """`settings` with a port, credentials and, if embedded, the addresses of engines of our own.

    Raises ConfigurationError when the webhook's port is taken.
    """
    wanted = settings.webhook_port if port is None else port
    chosen_port = _bindable_port(settings.webhook_host, wanted) if wanted else _free_port(settings.webhook_host)
    changes: dict[str, Any] = {"webhook_port": chosen_port, **_credentials(settings)}
    if "public_url" not in settings.model_fields_set:
        changes["public_url"] = f"http://{reachable(settings.webhook_host)}:{chosen_port}"
    if embedded:
        changes |= _embedded_engines()
    return Settings(**{**dict(settings), **changes})


def with_vendors(settings: Settings, vendors_url: str, mail_url: str = "") -> Settings:
    """`settings` that deliver to the demo's stand-ins at those addresses, and nowhere else."""
    # Serves the stand-ins as well, so it takes a while to load, and needs what only the demo needs.
    from demo.standins.app import Credentials, environment  # noqa: PLC0415

    theirs = environment(Credentials(), vendors_url, mail_url)
    vendors = {name.removeprefix(PREFIX).lower(): value for name, value in theirs.items()}
    ours = {name: value for name, value in settings if not name.startswith(DESTINATIONS)}
    return Settings(**{**ours, **vendors})


def free_address() -> str:
    """An address of this machine that nobody listens on; it stays the same when what is started there restarts."""
    return f"http://{LOOPBACK}:{_free_port(LOOPBACK)}"


def reachable(host: str) -> str:
    """Where a process of this machine finds what listens on `host`."""
    return LOOPBACK if host in {"0.0.0.0", "::"} else host  # noqa: S104


def _free_port(host: str) -> int:
    for port in random.sample(LASTING_PORTS, PORT_TRIES):
        with suppress(ConfigurationError):
            return _bindable_port(host, port)
    raise ConfigurationError(f"no free port of {host} was found: choose --port")


def _bindable_port(host: str, port: int) -> int:
    try:
        with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise ConfigurationError(f"{host}:{port} cannot be listened on ({error.strerror}): choose --port") from error


def _credentials(settings: Settings) -> dict[str, Any]:
    if settings.webhook_user and settings.webhook_password:
        return {}
    return {"webhook_user": GENERATED_USER, "webhook_password": secrets.token_urlsafe(24)}


def _embedded_engines() -> dict[str, Any]:
    return {
        "elasticsearch_url": free_address(),
        "elasticsearch_api_key": None,
        "elasticsearch_user": None,
        "elasticsearch_password": None,
        "elasticsearch_ca_file": None,
        "redis_url": f"redis://{free_address().removeprefix('http://')}/0",
    }
