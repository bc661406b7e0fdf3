"""`spiketrace agents`: the HTTP edge for other agents, as a process."""

from __future__ import annotations

from importlib.util import find_spec

import click

from cli.options import json_logs
from cli.startup import prepare_broker, prepare_indices, prepare_process
from webhook.credentials import Credentials
from worker.errors import ConfigurationError
from worker.settings import Settings

NEEDED = ("mcp", "a2a")


@click.command(short_help="Serve other agents by HTTP: MCP and A2A.")
@click.option("--host", help="Where to listen, instead of SPIKETRACE_AGENTS_HOST (127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of SPIKETRACE_AGENTS_PORT (8081).")
@json_logs
def agents(host: str | None, port: int | None, json_lines: bool) -> None:
    """Serve other agents by HTTP: MCP at /mcp, A2A at /a2a with its card at /.well-known/agent-card.json.

    Callers need the webhook's credentials (Basic, Bearer or X-SpikeTrace-Token); it refuses to start without any.
    Beyond this machine set SPIKETRACE_AGENTS_URL to where it is reached, and put TLS in front of it.

    \b
    Example:
      export SPIKETRACE_WEBHOOK_TOKEN_FILE=/run/secrets/token
      spiketrace agents
    """
    require_agents()
    serve_http(prepare_process("agents", json_lines=json_lines), host=host, port=port)


def require_agents() -> None:
    """Raises ConfigurationError where the extra is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"serving other agents needs more ({', '.join(missing)} cannot be imported): "
            "pip install 'spiketrace[agents]', or `make install` in a checkout"
        )


def serve_http(settings: Settings, *, host: str | None, port: int | None, with_a2a: bool = True) -> None:
    # Told before all that is loaded to serve.
    Credentials(settings)
    from interop.app import serve  # noqa: PLC0415

    chosen = {"agents_host": host, "agents_port": port}
    settings = settings.model_copy(update={name: value for name, value in chosen.items() if value is not None})
    prepare_broker(settings)
    prepare_indices(settings)
    serve(settings, with_a2a=with_a2a)
