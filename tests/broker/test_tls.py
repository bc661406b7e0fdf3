"""A broker behind TLS: the right authority is needed, and whoever has another is told what to do."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.checks.broker import broker_checks
from cli.checks.check import Check
from tasks.queue import CeleryQueue
from tests.engines.sentinels import Group
from tests.engines.terminator import ANOTHER, AUTHORITY, terminating
from tests.store.builders import an_alert, arriving
from worker.broker_url import parse_broker_url
from worker.errors import ConfigurationError, QueueUnavailable
from worker.settings import Settings
from worker.store.broker import check_broker
from worker.store.inbox import RedisInboxLog

NOT_TRUSTED = r"its certificate is not trusted \(.+\): set SPIKETRACE_REDIS_CA_FILE"


@pytest.fixture
def broker_port(redis_url: str) -> int:
    ((_, port),) = parse_broker_url(redis_url).hosts
    return port


@pytest.fixture
def port(broker_port: int) -> Iterator[int]:
    with terminating(broker_port) as listening:
        yield listening


@pytest.fixture
def another_authority(tmp_path: Path) -> Path:
    file = tmp_path / "another.pem"
    first, *_ = ssl.create_default_context().get_ca_certs(binary_form=True)
    file.write_text(ssl.DER_cert_to_PEM_cert(first), encoding="ascii")
    return file


def by_tls(port: int, query: str = "", /, **changes: Path | None) -> Settings:
    url = f"rediss://localhost:{port}/0{query}"
    return Settings.model_validate({"redis_url": url, "redis_ca_file": AUTHORITY, **changes})


def checked(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in broker_checks(settings)}


async def append(settings: Settings) -> bool:
    log = RedisInboxLog(settings.broker_url)
    try:
        return (await log.append([arriving(an_alert())])).is_safe
    finally:
        await log.close()


async def test_with_its_authority_everybody_comes_through(port: int) -> None:
    settings = by_tls(port)
    assert await append(settings)
    queue = CeleryQueue(settings)
    queue.investigate(["a", "b"])
    assert queue.waiting_alerts() == 2
    found = checked(settings)
    assert found["broker: transport"].found == "TLS; certificate and host name are checked"
    assert not [check for check in found.values() if check.advice]


@pytest.mark.parametrize("authority", ["none", "another"])
async def test_without_it_nobody_does_and_everybody_says_what_to_set(
    port: int, authority: str, another_authority: Path
) -> None:
    settings = by_tls(port, redis_ca_file=another_authority if authority == "another" else None)
    with pytest.raises(QueueUnavailable, match=f"did not take alerts: {NOT_TRUSTED}"):
        await append(settings)
    with pytest.raises(QueueUnavailable, match=NOT_TRUSTED):
        CeleryQueue(settings).investigate(["a"])
    with pytest.raises(QueueUnavailable, match=NOT_TRUSTED):
        check_broker(settings.broker_url, seconds=2)
    broker = checked(settings)["broker"]
    assert re.search(f"^localhost:{port} does not answer: {NOT_TRUSTED}", broker.found)


async def test_a_certificate_for_another_name_is_refused(broker_port: int) -> None:
    with terminating(broker_port, certificate=ANOTHER) as port:
        with pytest.raises(QueueUnavailable, match=r"not trusted \(Hostname mismatch"):
            await append(by_tls(port, redis_ca_file=ANOTHER))
        assert await append(by_tls(port, "?ssl_check_hostname=false", redis_ca_file=ANOTHER))


@pytest.mark.parametrize(
    ("query", "said"),
    [("?ssl_cert_reqs=none", "ANYBODY MAY PASS FOR THE BROKER"), ("?ssl_check_hostname=false", "any host of the same")],
)
def test_what_is_not_checked_is_a_problem_for_as_long_as_it_is_not(port: int, query: str, said: str) -> None:
    authority = None if "none" in query else AUTHORITY
    open_door = by_tls(port, query, redis_ca_file=authority)
    CeleryQueue(open_door).investigate(["a"])
    transport = checked(open_door)["broker: transport"]
    assert said in transport.found
    assert query.removeprefix("?") in str(transport.advice)


async def test_a_broker_that_asks_for_a_certificate_gets_ours(broker_port: int) -> None:
    with terminating(broker_port, asks_for=ANOTHER) as port:
        assert await append(by_tls(port, redis_certificate_file=ANOTHER))
        CeleryQueue(by_tls(port, redis_certificate_file=ANOTHER)).investigate(["a"])
        with pytest.raises(QueueUnavailable):
            await append(by_tls(port))


async def test_tls_where_there_is_none_is_told_as_that(broker_port: int) -> None:
    """It waits for the rest of what it takes for a command, so all that can be seen is that it does not answer."""
    with pytest.raises(QueueUnavailable, match="TimeoutError"):
        await append(by_tls(broker_port))
    assert "has to speak TLS" in str(checked(by_tls(broker_port))["broker"].advice)


@pytest.mark.parametrize("setting", ["redis_ca_file", "redis_certificate_file"])
def test_a_file_that_cannot_be_used_ends_the_process_and_says_which(tmp_path: Path, setting: str) -> None:
    wrong: dict[str, Path | None] = {setting: tmp_path / "none.pem"}
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/none.pem.* cannot be used"):
        check_broker(by_tls(1, **wrong).broker_url, seconds=1)


async def test_sentinels_and_the_primary_that_they_name_by_tls(tmp_path: Path) -> None:
    """The Sentinel names the address at which TLS is spoken, as those of a deployment with TLS do."""
    group = Group(tmp_path, sentinels=1)
    (sentinel,), first = group.sentinels, group.servers[0]
    try:
        group.start_server(first)
        with terminating(first) as primary, terminating(sentinel) as asked:
            group.start_sentinel(sentinel, primary)
            url = group.url.replace("redis+", "rediss+").replace(f":{sentinel}", f":{asked}")
            settings = Settings(redis_url=url, redis_ca_file=AUTHORITY, redis_replicas=0)
            assert await append(settings)
            CeleryQueue(settings).investigate(["a", "b"])
            with pytest.raises(QueueUnavailable, match="no Sentinel that answers"):
                await append(settings.model_copy(update={"redis_ca_file": None}))
            found = checked(settings.model_copy(update={"redis_ca_file": None}))
            assert re.search(NOT_TRUSTED, found[f"sentinel 127.0.0.1:{asked}"].found)
    finally:
        group.stop()


def test_a_cluster_is_refused_with_what_to_do(tmp_path: Path) -> None:
    group = Group(tmp_path)
    port, bus = group.servers
    try:
        # Unless it is told, a cluster's bus is at the port plus 10,000, which a high one leaves no room for.
        group.start_server(port, **{"cluster-enabled": "yes", "cluster-port": bus})
        settings = Settings(redis_url=group.url_of(port))
        with pytest.raises(ConfigurationError, match=r"is a Redis Cluster, which cannot be used: .* by Sentinel"):
            check_broker(settings.broker_url, seconds=2)
        assert "by Sentinel" in str(checked(settings)["broker"].advice)
    finally:
        group.stop()
