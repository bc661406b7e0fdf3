"""Kibana: whether it answers, and whether what `spiketrace setup apply` puts there is as it should be."""

from __future__ import annotations

from collections.abc import Iterator

from cli.checks.check import PATIENCE_SECONDS, Check
from kibana.client import connect_kibana
from kibana.errors import KibanaError
from kibana.setup.plan import Action, Plan
from kibana.setup.session import Setup
from kibana.setup.things import Json, Kind
from worker.domain.redaction.redact import redact
from worker.domain.text import one_line
from worker.elastic import connect_elasticsearch
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.settings import Settings

LONGEST_ERROR = 200
RUNS_FAIL = (
    "Kibana, Stack Management, Rules: see its history; after a lost right or key, *Update API key* (docs/kibana.md)"
)
NONE_RUNS = "no alert comes from Kibana: switch on those that you want, in Stack Management, Rules"


def kibana_checks(settings: Settings) -> Iterator[Check]:
    try:
        with connect_kibana(settings) as kibana, connect_elasticsearch(settings) as client:
            deployment = Setup(settings, kibana, client.options(request_timeout=PATIENCE_SECONDS, max_retries=0))
            yield Check("kibana", f"{deployment.platform.described}, space {deployment.space}")
            plan = deployment.plan()
            yield from _set_up(deployment, plan)
            yield from _rules(plan)
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


def _rules(plan: Plan) -> Iterator[Check]:
    """Those that are there: whether they run. What one was switched off for is its people's business.

    https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-alerting-rule-id
    """
    there = {step.key.id: step.there.raw for step in plan.steps if step.key.kind is Kind.RULE and step.there}
    if not there:
        return
    off = sorted(name for name, rule in there.items() if not rule.get("enabled", True))
    failing = {name: error for name, rule in sorted(there.items()) if (error := _error_of(rule)) and name not in off}
    found = f"{len(there) - len(off)} of {len(there)} run"
    found += f"; switched off in Kibana: {', '.join(off)}" if off else ""
    found += "".join(f"; {name} fails: {error}" for name, error in failing.items())
    yield Check("kibana: rules", found, RUNS_FAIL if failing else NONE_RUNS if len(off) == len(there) else None)


def _error_of(rule: Json) -> str | None:
    """In Kibana's words, of the last run."""
    status = rule.get("execution_status") or {}
    error = status.get("error") if status.get("status") == "error" else None
    return one_line(redact(str(error.get("message") or error.get("reason"))))[:LONGEST_ERROR] if error else None
