"""Connections to the broker, whichever way it is reached, and its failures as ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ClusterCrossSlotError, ClusterDownError, MovedError, RedisError

from worker.broker_url import BrokerAddress, Tls, parse_broker_url
from worker.errors import ConfigurationError, QueueUnavailable

# Sentinels are asked one after the other: one that hangs is not to use up the time in which an alert is answered.
SENTINEL_SECONDS = 0.5
CLUSTER = (
    "the broker is a Redis Cluster, which cannot be used: Celery and the inbox write several keys in one step; "
    "use one primary, alone or by Sentinel (docs/deployment.md)"
)
UNTRUSTED = "set SPIKETRACE_REDIS_CA_FILE to the authority that signed it, and use the host name that it was made for"
UNENCRYPTED = "it does not speak TLS there, or no version that this machine takes: check scheme and port of the URL"


def connect_broker(url: str, *, seconds: float, connect_seconds: float | None = None) -> redis.Redis:
    """Connected when it is first used. Nothing is tried again: who asked decides whether it is safe to be repeated."""
    address = parse_broker_url(url)
    options = _options(address, seconds=seconds, connect_seconds=connect_seconds or seconds, decode_responses=True)
    options["retry"] = redis.retry.Retry(NoBackoff(), 0)
    if not address.master:
        return redis.Redis(**_host(address), **options)
    # The library's Sentinel has no types.
    new: Any = redis.sentinel.Sentinel
    primary: redis.Redis = new(address.hosts, sentinel_kwargs=sentinel_options(address), **options).master_for(
        address.master
    )
    return primary


def connect_broker_async(
    url: str,
    *,
    seconds: float | None = None,
    connect_seconds: float = 1.0,
    decode_responses: bool = True,
    max_connections: int | None = None,
) -> redis.asyncio.Redis:
    """The same for one event loop; to be closed by `close_broker`. Without `seconds` the caller limits the time."""
    address = parse_broker_url(url)
    options = _options(address, seconds=seconds, connect_seconds=connect_seconds, decode_responses=decode_responses)
    options |= {"retry": redis.asyncio.retry.Retry(NoBackoff(), 0), "max_connections": max_connections}
    if not address.master:
        return redis.asyncio.Redis(**_host(address), **options)
    of_sentinels = sentinel_options(address) | {"retry": options["retry"]}
    new: Any = redis.asyncio.sentinel.Sentinel
    primary: redis.asyncio.Redis = new(address.hosts, sentinel_kwargs=of_sentinels, **options).master_for(
        address.master
    )
    return primary


async def close_broker(client: redis.asyncio.Redis) -> None:
    """With the connections to the Sentinels, which closing the client leaves open."""
    await client.aclose()
    if asked := getattr(client.connection_pool, "sentinel_manager", None):
        for sentinel in asked.sentinels:
            await sentinel.aclose()


def connect_sentinels(address: BrokerAddress) -> list[redis.Redis]:
    """Each Sentinel by itself, in the order of the URL."""
    options = sentinel_options(address)
    return [redis.Redis(host=host, port=port, decode_responses=True, **options) for host, port in address.hosts]


def tls_options(tls: Tls | None) -> dict[str, Any]:
    """As redis-py and kombu name them. Nothing is left to their defaults."""
    if tls is None:
        return {}
    return {
        "ssl_cert_reqs": "required" if tls.checks_certificate else "none",
        "ssl_check_hostname": tls.checks_hostname,
        "ssl_ca_certs": tls.ca_file,
        "ssl_certfile": tls.certificate_file,
        "ssl_keyfile": tls.key_file,
    }


def sentinel_options(address: BrokerAddress) -> dict[str, Any]:
    """What a connection to a Sentinel is made with, beside its host and port."""
    return {
        "username": address.sentinel_user,
        "password": address.sentinel_password,
        "protocol": 2,
        "socket_timeout": SENTINEL_SECONDS,
        "socket_connect_timeout": SENTINEL_SECONDS,
        "retry": redis.retry.Retry(NoBackoff(), 0),
        **_encryption(address.tls),
    }


def _options(
    address: BrokerAddress, *, seconds: float | None, connect_seconds: float, decode_responses: bool
) -> dict[str, Any]:
    return {
        "db": address.database,
        "username": address.user,
        "password": address.password,
        "protocol": 2,
        "decode_responses": decode_responses,
        "socket_timeout": seconds,
        "socket_connect_timeout": connect_seconds,
        **_encryption(address.tls),
    }


def _host(address: BrokerAddress) -> dict[str, Any]:
    (host, port), *_ = address.hosts
    return {"host": host, "port": port}


def _encryption(tls: Tls | None) -> dict[str, Any]:
    # Connections by Sentinel do not know these parameters unless they are encrypted.
    return {"ssl": True, **tls_options(tls)} if tls else {}


@contextmanager
def broker_errors(doing: str = "") -> Iterator[None]:
    """Raises QueueUnavailable: in what, and what was wrong."""
    try:
        yield
    except (RedisError, OSError) as error:
        what = f"{doing}: the broker did not answer" if doing else "the broker does not answer"
        raise QueueUnavailable(f"{what}: {fault_of(error)}") from error


def fault_of(error: BaseException) -> str:
    """What is wrong and, where that is known, what to do; else the library's name for it."""
    if isinstance(error, MovedError | ClusterCrossSlotError | ClusterDownError):
        return CLUSTER
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            # What follows the comma names a host, and `/readyz` tells this to anybody.
            why = cause.verify_message.partition(",")[0]
            return f"its certificate is not trusted ({why}): {UNTRUSTED}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed ({cause.reason or type(cause).__name__}): {UNENCRYPTED}"
    if isinstance(error, redis.sentinel.MasterNotFoundError | redis.asyncio.sentinel.MasterNotFoundError):
        return "no Sentinel that answers knows a primary of that name which is up"
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The libraries wrap what the socket said, some of them more than once."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def check_broker(url: str, *, seconds: float) -> None:
    """Raises ConfigurationError for a broker that can never be used, QueueUnavailable for one that is away."""
    address = parse_broker_url(url)
    check_files(address.tls)
    with broker_errors(), connect_broker(url, seconds=seconds) as client:
        about: dict[str, Any] = client.info("cluster")
    if about.get("cluster_enabled"):
        raise ConfigurationError(f"SPIKETRACE_REDIS_URL: {CLUSTER}")


def check_files(tls: Tls | None) -> None:
    """Raises ConfigurationError where an authority, a certificate or a key cannot be used."""
    if tls is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if tls.ca_file:
            context.load_verify_locations(tls.ca_file)
        if tls.certificate_file:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
    except OSError as error:
        files = ", ".join(filter(None, [tls.ca_file, tls.certificate_file, tls.key_file]))
        why = error.strerror or type(error).__name__
        raise ConfigurationError(f"the broker's TLS files ({files}) cannot be used: {why}") from error
