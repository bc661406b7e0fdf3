"""The broker's address as Celery takes it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from worker.broker_url import BrokerAddress
from worker.store.broker import sentinel_options, tls_options


def broker_configuration(address: BrokerAddress) -> dict[str, Any]:
    """Celery's settings of the broker, but `broker_transport_options`.

    https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
    """
    # The key is only there where it is meant: without a value Celery would take it for a wish.
    encrypted = {"broker_use_ssl": tls_options(address.tls)} if address.tls else {}
    return {"broker_url": ";".join(_urls(address)), **encrypted}


def sentinel_transport_options(address: BrokerAddress) -> dict[str, Any]:
    if not address.master:
        return {}
    return {"master_name": address.master, "sentinel_kwargs": sentinel_options(address)}


def _urls(address: BrokerAddress) -> list[str]:
    """One for each Sentinel. The login is the primary's."""
    scheme = "sentinel" if address.master else "rediss" if address.tls else "redis"
    login = f"{quote(address.user or '', safe='')}:{quote(address.password, safe='')}@" if address.password else ""
    return [f"{scheme}://{login}{_host(host)}:{port}/{address.database}" for host, port in address.hosts]


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
