"""Telemetry in another cluster: as if it were here, and where that cluster is away the report says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.conftest import MISSING, REAL_VERSIONS
from tests.e2e import telemetry
from tests.e2e.conftest import wait_until
from tests.engines import servers
from tests.engines.servers import HTTP, Engine
from tests.faults.proxy import Answer, Request, proxied, refusing
from worker.ad_hoc import ad_hoc_alert
from worker.domain.report import Report, Verdict
from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable
from worker.investigate import Investigator
from worker.settings import Settings
from worker.store.templates import install_templates
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry, flaw_of

VERSION = REAL_VERSIONS[-1]
SHIPPED = Path(__file__).parents[2] / "worker" / "telemetry" / "shipped" / "spiketrace.yaml"
ANSWERED: dict[str, Any] = {"_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": {"hits": []}}


def clusters(**states: Any) -> dict[str, Any]:
    return {**ANSWERED, "_clusters": {"total": len(states), "details": states}}


def test_a_cluster_that_was_skipped_is_a_flaw_that_names_it() -> None:
    failures = [{"shard": -1, "index": None, "reason": {"type": "x", "reason": "Unable to connect to [far]"}}]
    away = {"status": "skipped", "failures": failures}
    assert flaw_of(clusters(near={"status": "successful"}, far=away)) == (
        "of 2 clusters these did not answer, or not whole: far (skipped: Unable to connect to [far])"
    )
    assert flaw_of(clusters(far={"status": "partial"})) == (
        "of 1 clusters these did not answer, or not whole: far (partial)"
    )
    assert flaw_of(clusters(near={"status": "successful"})) is None
    assert flaw_of(ANSWERED) is None


class Two(NamedTuple):
    """`near` is asked and has a way to `far`; the same telemetry is in both."""

    near: Engine
    far: Engine


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    if VERSION in MISSING:
        pytest.skip(MISSING[VERSION])
    with servers.real_engine(VERSION) as far, servers.real_engine(VERSION) as near:
        for engine in (near, far):
            with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
                install_templates(client)
            telemetry.load(engine.url)
        remote = {"persistent": {"cluster.remote.far.seeds": [far.seed]}}
        HTTP.put(f"{near.url}/_cluster/settings", json=remote).raise_for_status()
        yield Two(near, far)


def investigated(url: str, where: str, folder: Path, *, discovers: bool = False) -> Report:
    """The shop's bad deployment, with a profile in which `{}` of `where` stands for each index."""
    profile = folder / "profile.yaml"
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    named = [
        f"  index: {where.format(line.split()[1])}" if line.strip().startswith("index: ") else line for line in lines
    ]
    document = yaml.safe_load("\n".join(named))
    if discovers:
        del document["metrics"]["signals"], document["metrics"]["cross_check"]
        document["metrics"]["discover"] = [{"match": "cpu_pct", "role": "saturation"}]
    profile.write_text(yaml.safe_dump(document), encoding="utf-8")
    alert = ad_hoc_alert(telemetry.CULPRIT, None, telemetry.END - timedelta(seconds=1), asked="a test")
    with connect_elasticsearch(Settings(elasticsearch_url=url)) as client:
        return Investigator(ElasticTelemetry(client, load_profile(str(profile))))(alert, alert.alert_id)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_another_cluster_is_read_as_if_it_were_here_and_missed_where_it_is_away(two: Two, tmp_path: Path) -> None:
    here = investigated(two.near.url, "{0}", tmp_path)
    there = investigated(two.near.url, "far:{0}", tmp_path)
    assert there.verdict is Verdict.ROOT_CAUSE
    assert (there.verdict, there.root_cause, there.gaps) == (here.verdict, here.root_cause, here.gaps)

    assert two.far.pid
    os.kill(two.far.pid, signal.SIGTERM)
    remote = f"{two.near.url}/_remote/info"
    wait_until(lambda: not HTTP.get(remote).json()["far"]["connected"], seconds=60, what="the end of the other cluster")
    without = investigated(two.near.url, "{0},far:{0}", tmp_path)
    assert (without.verdict, without.root_cause) == (here.verdict, here.root_cause)
    missed = {gap.what: gap.reason for gap in without.gaps if "far (skipped" in gap.reason}
    assert {"Metrics", "Logs", "Deployments"} <= missed.keys()
    in_part = {gap.what: gap.effect for gap in without.gaps if "far (skipped" in gap.reason}
    assert in_part["Metrics"].startswith("carbon, CPU and traffic are known in part only")
    alone = investigated(two.near.url, "far:{0}", tmp_path)
    assert alone.verdict is Verdict.INCONCLUSIVE
    assert {"Metrics", "Logs", "Deployments"} <= {gap.what for gap in alone.gaps if "far (skipped" in gap.reason}
    assert "are not known" in next(gap.effect for gap in alone.gaps if gap.what == "Metrics")
    discovering = investigated(two.near.url, "far:{0}", tmp_path, discovers=True)
    assert discovering.verdict is Verdict.INCONCLUSIVE
    (gap,) = [gap for gap in discovering.gaps if gap.what == "Metrics"]
    assert "Unable to connect to [far]" in gap.reason


def away(request: Request, ask: Callable[[], Answer]) -> Answer:
    """What Elasticsearch 9.5 answers when it is asked for fields that another cluster alone has, and that is away."""
    if "/_field_caps" not in request.path:
        return ask()
    return refusing(502, {"type": "connect_transport_exception", "reason": "Unable to connect to [far]"})


def test_where_the_fields_are_in_a_cluster_that_is_away_the_rest_is_investigated(
    embedded_engine: Engine, tmp_path: Path
) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        install_templates(client)
    telemetry.load(embedded_engine.url)
    with proxied(embedded_engine.url) as proxy, proxy.by(away):
        report = investigated(proxy.url, "{0}", tmp_path, discovers=True)
    (gap,) = [gap for gap in report.gaps if gap.what == "Metrics"]
    assert "Unable to connect to [far]" in gap.reason
    assert any("logs" in one.index for one in report.evidence)


def test_an_engine_that_is_away_itself_is_tried_again(embedded_engine: Engine, tmp_path: Path) -> None:
    def gone(request: Request, ask: Callable[[], Answer]) -> Answer:
        return refusing(502, {"type": "bad_gateway", "reason": "no upstream"})

    with proxied(embedded_engine.url) as proxy, proxy.by(gone), pytest.raises(EvidenceUnavailable) as caught:
        investigated(proxy.url, "{0}", tmp_path, discovers=True)
    assert caught.value.retryable
