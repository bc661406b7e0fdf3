"""The way to the broker: encryption, the Sentinels, and the replicas that take over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from redis.exceptions import RedisError, ResponseError

from cli.checks.check import Check
from worker.broker_url import BrokerAddress
from worker.settings import Settings, is_loopback
from worker.store.broker import connect_sentinels, fault_of


def transport_check(address: BrokerAddress) -> Check:
    """An open door that somebody asked for is a problem all the same, for as long as it is open."""
    if address.tls is None:
        is_here = all(is_loopback(host) for host, _ in address.hosts)
        return Check("broker: transport", "not encrypted" + (", on this machine" if is_here else ""))
    if address.tls.is_closed:
        return Check("broker: transport", "TLS; certificate and host name are checked")
    if not address.tls.checks_certificate:
        found, remedy = "TLS, BUT ANYBODY MAY PASS FOR THE BROKER: ssl_cert_reqs=none", "ssl_cert_reqs=none"
    else:
        found, remedy = "TLS, but any host of the same authority may pass for the broker", "ssl_check_hostname=false"
    advice = f"take {remedy} out of SPIKETRACE_REDIS_URL, and set SPIKETRACE_REDIS_CA_FILE to the authority"
    return Check("broker: transport", found, advice)


def sentinel_checks(address: BrokerAddress) -> Iterator[Check]:
    """Whether each Sentinel answers and would agree to a failover. Nothing where none is asked."""
    if not address.master:
        return
    clients = connect_sentinels(address)
    for (host, port), client in zip(address.hosts, clients, strict=True):
        with client:
            yield Check(f"sentinel {host}:{port}", *_would_fail_over(client, address.master))


def _would_fail_over(client: Any, master: str) -> tuple[str, str | None]:
    """https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-commands"""
    try:
        return str(client.execute_command("SENTINEL", "CKQUORUM", master)), None
    except ResponseError as error:
        return str(error), "start the Sentinels that are missing, and check the name after `master=`"
    except (RedisError, OSError) as error:
        return f"does not answer: {fault_of(error)}", "start it, or take it out of SPIKETRACE_REDIS_URL"


def replicas_check(settings: Settings, about: dict[str, Any]) -> Sequence[Check]:
    """Of a primary that is to have replicas before it accepts alerts."""
    wanted, online = settings.broker_replicas, _online(about)
    if not wanted and not online:
        return []
    advice = (
        "start them, or until then alerts are saved in Elasticsearch first, which is slower; "
        "SPIKETRACE_REDIS_REPLICAS says how many an alert waits for"
    )
    found = f"{online} online, an alert waits for {wanted}"
    return [Check("broker: replicas", found, None if online >= wanted else advice)]


def _online(about: dict[str, Any]) -> int:
    replicas = [value for name, value in about.items() if name.startswith("slave") and isinstance(value, dict)]
    return sum(replica.get("state") == "online" for replica in replicas)
