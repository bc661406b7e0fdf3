"""`spiketrace policy`: what it would do, and whether a file of one is in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from cli.options import Time, as_json, print_json
from worker.bootstrap import connect
from worker.delivery.configured import destinations
from worker.domain.figures import time_of
from worker.errors import SpikeTraceError
from worker.explain import Explanation, explain
from worker.policy import Policy, load_policy
from worker.settings import load_settings

policy_file = click.option(
    "--policy",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="This file instead of the one that SPIKETRACE_POLICY names.",
)


class NoSuchReport(SpikeTraceError):
    """The report that was to be explained is not stored."""


@click.group(short_help="Say what the policy would do with a report.")
def policy() -> None:
    """What is how severe, who is told of it, and when: a YAML file named by SPIKETRACE_POLICY.

    Without one the defaults hold: a message from medium, a ticket from high. docs/incidents.md is its reference.
    """


@policy.command("explain", short_help="What would be sent where for one report, and why; nothing is changed.")
@click.argument("report_id")
@click.option("--at", "at", type=Time(), help="As if it were then; when the report was written otherwise.")
@policy_file
@as_json
def explain_report(report_id: str, at: datetime | None, path: Path | None, as_json: bool) -> None:
    """Judge REPORT_ID by the policy again, as a dry run.

    Prints the severity with every threshold, which rule fits and why those above it do not, and what would be sent or
    asked. Reads the stored report; stores nothing, sends nothing, changes nothing.

    \b
    Examples:
      spiketrace policy explain r-5f0c2a
      spiketrace policy explain r-5f0c2a --at 2026-02-28T03:00:00+01:00
      spiketrace policy explain r-5f0c2a --policy draft.yaml --json | jq .told
    """
    settings = load_settings()
    configured = destinations(settings)
    chosen = load_policy(path or settings.policy, configured)
    stores = connect(settings)
    with stores.client:
        report = stores.reports.get(report_id)
    if report is None:
        raise NoSuchReport(f"there is no report {report_id}: GET /v1/alerts/{{id}} names an alert's")
    found = explain(report, chosen, configured, at or report.created_at)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        click.echo("\n".join(_lines(found)))


@policy.command("check", short_help="Whether a policy file is in order; sees no service.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_json
def check(file: Path, as_json: bool) -> None:
    """Read FILE as SPIKETRACE_POLICY would be read, and say what is wrong: line, key and why.

    Exits with 2 if it is not in order. A destination that a rule names and no setting configures is no error: nothing
    is sent there.
    """
    configured = destinations(load_settings())
    read = load_policy(file, configured)
    if as_json:
        print_json({"rules": [rule.name for rule in read.rules], "not_configured": _missing(read, set(configured))})
        return
    click.echo(f"{file}: in order, {len(read.rules)} rules: {', '.join(rule.name for rule in read.rules) or 'none'}")
    for name in _missing(read, set(configured)):
        click.echo(f"  {name} is named by a rule and not configured: nothing is sent there")


def _missing(read: Policy, configured: set[str]) -> list[str]:
    return sorted(read.named - configured)


def _lines(found: Explanation) -> Iterator[str]:
    yield f"Report {found.report_id} at {time_of(found.at)}"
    yield from _severity(found)
    yield ""
    yield from _rules(found)
    yield ""
    yield from _outcome(found)


def _severity(found: Explanation) -> Iterator[str]:
    stored = "" if found.severity is found.stored_severity else f" (the report says {found.stored_severity})"
    yield f"Severity: {found.severity}{stored}"
    for reason in found.severity_reasons:
        yield f"  {reason}"
    if not found.thresholds:
        yield "  The report was written by an earlier release, which kept no figures: its severity is taken as it is."
        return
    width = max(len(one.figure) for one in found.thresholds)
    for one in found.thresholds:
        value = one.value or "not measured"
        yield f"  {one.figure:<{width}}  {value:>14}  {one.makes:<8}  {one.thresholds}"


def _rules(found: Explanation) -> Iterator[str]:
    if found.no_incident:
        yield f"No incident: {found.no_incident}. The report is kept, and nobody is told."
        return
    yield "Rules, from the top:"
    for rule in found.rules:
        yield f"  fits  {rule.name}" if rule.fits else f"  no    {rule.name}: {rule.why_not}"


def _outcome(found: Explanation) -> Iterator[str]:
    belongs = f" ({found.incident_id})" if found.incident_id else ""
    yield f"Told{belongs}: {_targets(found.told) or 'nobody'}"
    yield f"Asked about: {_targets(found.asked) or 'nothing'}"
    if found.not_configured:
        yield f"Named and not configured: {', '.join(found.not_configured)}"
    yield f"Resolved {found.resolve_after} after the last recovery; reopened within {found.reopen_within}."
    yield "Nothing was sent or changed."


def _targets(targets: dict[str, dict[str, str]]) -> str:
    return ", ".join(
        f"{name} ({', '.join(f'{key} {value}' for key, value in options.items())})" if options else name
        for name, options in targets.items()
    )
