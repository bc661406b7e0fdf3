"""A whole deployment whose broker is reached by Sentinel, and one by TLS, as real processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import wait_until
from tests.engines.sentinels import Group, running_group
from tests.engines.servers import Broker
from tests.engines.terminator import ANOTHER, AUTHORITY, terminating
from tests.faults.accounting import assert_accounted_for
from tests.faults.deployment import Deployment, deployed
from tests.faults.of_elasticsearch import elasticsearch_is_away

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
FAILOVER_SECONDS = 30


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with running_group(tmp_path_factory.mktemp("group")) as running:
        yield running


@pytest.fixture(scope="module")
def by_sentinel(group: Group, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployment"), redis_url=group.url) as running:
        yield running


def fail_over(group: Group, deployment: Deployment) -> None:
    """Alerts go on coming from before the primary dies until after it is back as a replica."""
    deployment.post_new(2)
    old = group.kill_primary()
    deadline = time.monotonic() + FAILOVER_SECONDS
    while not group.has_new_primary(old):
        assert time.monotonic() < deadline
        deployment.post_new(1)
    deployment.post_new(2)
    group.start_server(old)
    wait_until(lambda: group.is_following(old), seconds=FAILOVER_SECONDS, what="the old primary as a replica")
    deployment.post_new(2)


def test_every_alert_accepted_around_a_failover_has_one_end(group: Group, by_sentinel: Deployment) -> None:
    fail_over(group, by_sentinel)
    assert len(by_sentinel.accepted) >= 6
    assert_accounted_for(by_sentinel, by_sentinel.accepted)
    by_sentinel.wait_for_all()


def test_and_so_it_is_the_way_back(group: Group, by_sentinel: Deployment) -> None:
    fail_over(group, by_sentinel)
    assert_accounted_for(by_sentinel, by_sentinel.accepted)


def test_without_elasticsearch_nothing_is_accepted_that_one_disk_alone_has(
    group: Group, by_sentinel: Deployment
) -> None:
    """The new primary takes the alert, and has no replica yet: what is not safe twice is answered with 503."""
    before = set(by_sentinel.accepted)
    with elasticsearch_is_away(by_sentinel, Random(1)):
        by_sentinel.post_new(1)
        assert len(by_sentinel.accepted - before) == 1
        before, old = set(by_sentinel.accepted), group.kill_primary()
        by_sentinel.post_new(1)
        wait_until(lambda: group.has_new_primary(old), seconds=FAILOVER_SECONDS, what="a new primary")
        by_sentinel.post_new(1)
        assert by_sentinel.accepted == before
        group.start_server(old)
        wait_until(lambda: group.is_following(old), seconds=FAILOVER_SECONDS, what="the old primary as a replica")
        wait_until(lambda: accepts(by_sentinel), seconds=FAILOVER_SECONDS, what="an alert accepted")
    by_sentinel.post(*by_sentinel.bodies[-4:])
    assert_accounted_for(by_sentinel, by_sentinel.accepted)


def accepts(deployment: Deployment) -> bool:
    before = len(deployment.accepted)
    deployment.post_new(1)
    return len(deployment.accepted) > before


def test_by_tls_a_deployment_works_and_with_another_authority_says_why_not(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "behind")
    broker.start()
    try:
        with terminating(urlsplit(broker.url).port or 0) as port:
            url = f"rediss://localhost:{port}/0"
            with deployed(tmp_path, redis_url=url, redis_ca_file=AUTHORITY) as deployment:
                deployment.post_new(2)
                assert_accounted_for(deployment, deployment.accepted)
                assert len(deployment.accepted) == 2
                deployment.settings = deployment.settings.model_copy(update={"redis_ca_file": ANOTHER})
                for name in ("webhook", "worker"):
                    deployment.kill(name)
                    deployment.launch(name)
                    wait_until(partial(says_why, tmp_path, name), seconds=60, what=f"{name}'s log")
    finally:
        broker.stop()


def says_why(folder: Path, name: str) -> bool:
    log = (folder / f"{name}.log").read_text(encoding="utf-8")
    return "its certificate is not trusted" in log and "SPIKETRACE_REDIS_CA_FILE" in log
