"""`spiketrace label`: an incident of your own as a labelled case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.options import as_json, print_json
from evaluation.export import Export, metric_named, with_fields
from evaluation.label import CaseFolder, Incident, Verdict, alerted_service, verdict_of
from worker import question
from worker.bootstrap import Stores, connect
from worker.domain.alert import Alert
from worker.domain.report import Report
from worker.domain.telemetry import Scope
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.settings import load_settings
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

MOST_LINES = 500_000


@click.command(short_help="An incident of your own as a labelled case.")
@click.argument("alert_id")
@click.option("--service", help="The service that was the cause, as the telemetry calls it.")
@click.option("--cause", help="What kind of fault it was, in a word or two: cases are compared by it.")
@click.option("--deployment", metavar="VERSION", help="The version of SERVICE whose deployment was guilty.")
@click.option("--no-deployment", is_flag=True, help="No deployment was guilty; without either it counts as not known.")
@click.option("--from-feedback", is_flag=True, help="Take what people in Slack said of the report's root cause.")
@click.option("--nothing-was-wrong", is_flag=True, help="The alert was false: no service is to be blamed.")
@click.option("--alerted", metavar="SERVICE", help="The service the alert was about, where it does not say so itself.")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="The cases' folder."
)
@click.option(
    "--most-lines",
    type=click.IntRange(min=0),
    default=MOST_LINES,
    show_default=True,
    help="Log lines to export at most, the newest ones; 0 exports none.",
)
@as_json
def label(
    alert_id: str,
    alerted: str | None,
    folder: Path,
    most_lines: int,
    from_feedback: bool,
    as_json: bool,
    **found: Any,
) -> None:
    """Write the incident of ALERT_ID as a labelled case that `spiketrace evaluate` reads.

    Exports what an investigation of the alert could see, through the profile that SPIKETRACE_PROFILE names: metrics,
    calls and log lines of the hours before the alert, metrics of the alerted service of the days before, changes of
    the last two days. The folder is made where it is not there; a case that was labelled before is replaced.

    Log messages are exported as they are, whatever they hold: names, addresses, tokens. Look through the folder
    before you hand it to anybody, or leave them out with --most-lines 0.

    With --from-feedback the root cause that somebody called right in Slack is the truth. A thumbs-down alone makes no
    truth: it says what was not the cause. Then the command says who said what, and --service names what it was.

    \b
    Examples:
      spiketrace label 3f2a… --service ledger --cause "slow disk" --to our-incidents
      spiketrace label 3f2a… --service checkout --cause "bad release" --deployment 2.4.1 --to our-incidents
      spiketrace label 77b0… --nothing-was-wrong --to our-incidents
      spiketrace label 77b0… --from-feedback --to our-incidents
      spiketrace evaluate our-incidents
    """
    verdict = None if from_feedback else _verdict(**found)
    if from_feedback and any(found.values()):
        raise click.UsageError("--from-feedback goes with none of the options that say what the cause was")
    settings = load_settings()
    stores = connect(settings)
    with stores.client:
        alert, report = _read(stores, alert_id)
        verdict = verdict or _said_by_people(stores, alert_id)
        profile = with_fields(stores.client, load_profile(settings.profile))
        cases = CaseFolder(folder, profile.sampling.step_seconds)
        asked = _asked(ElasticTelemetry(stores.client, profile), alert)
        known = alerted_service(alert, asked.scope, report.service if report else None, alerted)
        incident = Incident(
            alert_id, known, metric_named(profile, asked.signal), asked.window, profile.name, _id_of(report)
        )
        with _progress() as told:
            export = Export(stores.client, profile, asked.window, Scope(known, None), most_lines, told)
            is_replaced = _write(cases, incident, verdict, export)
    _tell(cases, incident, verdict, export, report, is_replaced=is_replaced, as_json=as_json)


def _verdict(*, service: Any, cause: Any, deployment: Any, no_deployment: Any, nothing_was_wrong: Any) -> Verdict:
    if deployment and no_deployment:
        raise click.UsageError("--deployment and --no-deployment contradict each other")
    if nothing_was_wrong and (service or cause or deployment):
        raise click.UsageError("--nothing-was-wrong goes with neither --service, --cause nor --deployment")
    if not nothing_was_wrong and not service:
        raise click.UsageError("name the cause with --service, or say --nothing-was-wrong")
    return Verdict(service, cause, deployment, no_deployment)


def _said_by_people(stores: Stores, alert_id: str) -> Verdict:
    incident = stores.incidents.of_alert(alert_id)
    return verdict_of(incident.feedback if incident else [])


def _read(stores: Stores, alert_id: str) -> tuple[Alert, Report | None]:
    record = stores.alerts.get(alert_id)
    if record is None or record.alert is None:
        raise ConfigurationError(
            f"no alert {alert_id} in spiketrace-alerts: its id is in its report, and in the webhook's answer"
        )
    return record.alert, stores.reports.get(record.report_id) if record.report_id else None


def _id_of(report: Report | None) -> str | None:
    return report.report_id if report else None


def _asked(telemetry: ElasticTelemetry, alert: Alert) -> question.Question:
    profile = telemetry.profile
    survey = telemetry.survey(question.guess(alert, profile), question.window_of(alert, profile))
    return question.understand(alert, profile, survey.scopes)


def _write(cases: CaseFolder, incident: Incident, verdict: Verdict, export: Export) -> bool:
    topology = export.profile.topology
    entry = incident.entry(cases.name, has_topology=bool(topology))
    with cases.begun(entry["id"]) as partial:
        export.write(partial)
        if not export.counts.get("metrics") and not export.counts.get("logs"):
            raise _nothing_left(incident)
        return cases.add(entry, verdict.truth(entry["alert"]["started_at"]), topology)


def _nothing_left(incident: Incident) -> EvidenceUnavailable:
    return EvidenceUnavailable(
        f"nothing to export: no metrics and no log lines of the hours before {incident.window.end:%Y-%m-%d %H:%M} "
        "UTC are left; is SPIKETRACE_PROFILE the profile that the alert was investigated with?",
        retryable=False,
    )


@contextmanager
def _progress() -> Iterator[Any]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("exporting telemetry", total=None)
        yield lambda kind, count: bar.update(task, description=f"exporting {kind}: {count:,} documents")


def _tell(
    cases: CaseFolder,
    incident: Incident,
    verdict: Verdict,
    export: Export,
    report: Report | None,
    *,
    is_replaced: bool,
    as_json: bool,
) -> None:
    warnings = list(_warnings(verdict, export, report))
    case_id, counts = incident.case_id(cases.name), export.counts
    for warning in warnings:
        click.echo(f"spiketrace: {warning}", err=True)
    if as_json:
        found = {"case_id": case_id, "folder": str(cases.folder), "replaced": is_replaced, "documents": counts}
        print_json({**found, "said": _said(report), "warnings": warnings})
        return
    written = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    click.echo(f"{'Replaced' if is_replaced else 'Added'} case {case_id} in {cases.folder}: {written}.")
    if said := _said(report):
        click.echo(f"The report had said {said}.")
    click.echo(f"Next: spiketrace evaluate {cases.folder}")


def _said(report: Report | None) -> str | None:
    if report is None:
        return None
    first = report.candidates[0].service if report.candidates else None
    return f"{report.verdict.value}, {first} first" if first else report.verdict.value


def _warnings(verdict: Verdict, export: Export, report: Report | None) -> Iterator[str]:
    if verdict.service and verdict.service not in export.services:
        yield f"no telemetry of that time names {verdict.service}: check how it is spelt"
    if not export.has_all_lines:
        yield f"only the newest {export.most_lines:,} log lines were exported: --most-lines sets how many"
    if report and report.profile != export.profile.name:
        yield f"the report was made with the profile {report.profile}, and the export with {export.profile.name}"
