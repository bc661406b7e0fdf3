"""Kibana: whether it answers, and whether what `spiketrace setup apply` puts there is as it should be."""

from __future__ import annotations

from collections.abc import Iterator

from cli.checks.check import PATIENCE_SECONDS, Check
from kibana.client import connect_kibana
from kibana.errors import KibanaError
from kibana.setup.plan import Action, Plan
from kibana.setup.session import Setup
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.settings import Settings


def kibana_checks(settings: Settings) -> Iterator[Check]:
    try:
        with connect_kibana(settings) as kibana, connect_elasticsearch(settings) as client:
            deployment = Setup(settings, kibana, client.options(request_timeout=PATIENCE_SECONDS, max_retries=0))
            yield Check("kibana", f"{deployment.platform.described}, space {deployment.space}")
            yield from _set_up(deployment, deployment.plan())
    except (KibanaError, ConfigurationError) as error:
        yield Check("kibana", error.reason, "check the SPIKETRACE_KIBANA_ settings (docs/kibana.md)")
    except EvidenceUnavailable as error:
        yield Check("kibana: set-up", f"cannot be compared: {error.reason}", "see to Elasticsearch first")


def _set_up(deployment: Setup, plan: Plan) -> Iterator[Check]:
    yield Check("kibana: alerts", f"reach SpikeTrace {plan.way}")
    if deployment.platform.may_make_rules is False or plan.count(Action.CANNOT):
        advice = "give the credentials of SPIKETRACE_KIBANA_ the privileges that docs/kibana.md lists"
        yield Check("kibana: privileges", "not enough to install or compare everything", advice)
    pending, kept = len(plan.pending), sum(len(step.kept) for step in plan.kept)
    found = f"{plan.count(Action.NOTHING)} as they should be, {plan.count(Action.CREATE)} missing, "
    found += f"{plan.count(Action.UPDATE)} outdated, {kept} fields changed in Kibana"
    advice = "look at `spiketrace setup plan`, then run `spiketrace setup apply`"
    yield Check("kibana: set-up", found, advice if pending else None)
