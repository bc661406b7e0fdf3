"""One fault after the other on one deployment: the short form. `make faults` has all of them, two at a time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.engines.servers import HTTP
from tests.faults.accounting import assert_accounted_for, unaccounted
from tests.faults.deployment import Deployment, deployed
from tests.faults.enduring import endure
from tests.faults.kinds import (
    Fault,
    alerts_are_of_another_time,
    alerts_are_poison,
    alerts_come_twice_and_in_any_order,
    broker_comes_back_empty,
    broker_disk_is_full,
    messages_come_late_and_again,
    worker_clock_jumps,
    worker_is_killed_in_a_delivery,
)
from tests.faults.of_elasticsearch import elasticsearch_rejects

SEED = 11
TELLING: list[list[Fault]] = [
    [alerts_come_twice_and_in_any_order, alerts_are_poison],
    [elasticsearch_rejects],
    [broker_comes_back_empty],
    [worker_is_killed_in_a_delivery],
    [broker_disk_is_full, messages_come_late_and_again],
    [worker_clock_jumps, alerts_are_of_another_time],
]
pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployment")) as running:
        yield running


@pytest.mark.parametrize("faults", TELLING, ids=lambda faults: " and ".join(fault.__name__ for fault in faults))
def test_every_accepted_alert_has_one_report_or_one_dead_letter(deployment: Deployment, faults: list[Fault]) -> None:
    assert endure(deployment, faults, Random(SEED), alerts=1) >= 2


def test_and_so_it_is_after_all_of_them(deployment: Deployment) -> None:
    assert_accounted_for(deployment, deployment.accepted)


def test_the_check_finds_what_is_lost_and_what_is_twice(deployment: Deployment) -> None:
    (found, *_) = deployment.search("spiketrace-reports")
    twice, address = found["_source"]["alert_id"], f"{deployment.engine_url}/spiketrace-reports/_doc/another"
    HTTP.put(address, json=found["_source"]).raise_for_status()
    told = unaccounted(deployment, {twice, "lost"})
    HTTP.delete(address).raise_for_status()
    assert told == {twice: "2 reports, 0 dead letters", "lost": "0 reports, 0 dead letters"}
