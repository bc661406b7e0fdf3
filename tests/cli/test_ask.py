from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from cli.answer_text import _lines
from cli.ask import EXIT_NO_TICKET, EXIT_NOT_UNDERSTOOD, _ticket, ask
from cli.investigate import ad_hoc_alert
from tests.answering.conftest import BAD_SINCE, NOW, US, fill
from tests.cli.conftest import Invoke, printed
from tests.engines import servers
from worker import incidents
from worker.answering.answer import Answer, AnswerChart, Offer, Series, Understood
from worker.assembly import open_investigator
from worker.bootstrap import Stores
from worker.domain.incident import Incident
from worker.domain.severity import Severity
from worker.elastic import connect_elasticsearch
from worker.errors import IncidentUnknown, InvalidAlert
from worker.settings import Settings

AT = ("--at", NOW.isoformat())
WRONG = "What's going wrong with checkout in us-central1?"


@pytest.fixture(scope="module")
def shop_url() -> Iterator[str]:
    """An engine that is filled once for all of these."""
    with servers.embedded_engine() as running:
        with connect_elasticsearch(Settings(elasticsearch_url=running.url)) as client:
            fill(client)
        yield running.url


@pytest.fixture
def settings(shop_url: str, redis_url: str) -> Settings:
    """With a Jira that nobody reaches: nothing is sent from here."""
    jira = {"jira_url": "http://127.0.0.1:9", "jira_user": "u", "jira_token": "t", "jira_project": "OPS"}
    return Settings(elasticsearch_url=shop_url, redis_url=redis_url, **jira)


@pytest.fixture
def incident(stores: Stores, settings: Settings) -> Iterator[Incident]:
    """Checkout's, on record for a while, of a severity at which people are asked for a ticket."""
    alert = ad_hoc_alert("checkout", US, BAD_SINCE + timedelta(minutes=15))
    report = open_investigator(settings, stores.client)(alert, alert.alert_id)
    found = incidents.record(report.model_copy(update={"severity": Severity.MEDIUM}), stores.incidents, NOW)
    assert found is not None
    stores.reports.create(report.model_copy(update={"incident_id": found.incident_id}))
    stores.client.indices.refresh(index="spiketrace-*")
    yield found
    stores.client.delete(index="spiketrace-incidents", id=found.incident_id)
    stores.client.delete(index="spiketrace-reports", id=report.report_id, refresh=True)


def asked(invoke: Invoke, question: str, *options: str, code: int = 0) -> Result:
    result = invoke(ask, question, *AT, *options)
    assert result.exit_code == code, result.output
    return result


def test_an_answer_is_printed_with_its_evidence_and_nothing_is_stored(invoke: Invoke, stores: Stores) -> None:
    before = _written(stores)
    result = asked(invoke, WRONG)
    assert "checkout, us-central1: the cause is deployment deploy-9, version 2.3.0" in result.stdout
    assert all(title in result.stdout for title in ("OVERVIEW", "USER IMPACT", "RECOMMENDATIONS", "EVIDENCE"))
    assert "No incident is on record for it. Open one, with a ticket at jira?" in result.stdout
    assert result.stdout.startswith("Taken as: what goes wrong with checkout in us-central1;")
    assert "Looking at the course of errors" in result.stderr
    assert _written(stores) == before


def _written(stores: Stores) -> int:
    ours = "spiketrace-alerts,spiketrace-reports,spiketrace-incidents"
    return int(stores.client.count(index=ours, ignore_unavailable=True)["count"])


def test_words_need_no_quotes_and_a_ranking_has_bars(invoke: Invoke) -> None:
    result = invoke(ask, "which", "services", "emit", "most", *AT)
    first, second = (line for line in result.stdout.splitlines() if line.startswith(("  1. ", "  2. ")))
    assert first.split()[:2] == ["1.", "checkout:"]
    assert first.count("█") == 30 > second.count("█") > 0


def test_as_json_it_is_one_document(invoke: Invoke) -> None:
    document = printed(
        asked(invoke, "Which errors had checkout since yesterday?", "--json", "--timezone", "Europe/Berlin")
    )
    assert (document["understood"]["topic"], document["understood"]["zone"]) == ("errors", "Europe/Berlin")
    assert document["evidence"][0]["result"]["errors"] > 0
    assert document["ticket"] is None


def test_what_is_not_understood_is_said_with_a_code_of_its_own(invoke: Invoke) -> None:
    result = asked(invoke, "what's wrong with chekout", code=EXIT_NOT_UNDERSTOOD)
    assert 'no service or region called "chekout"; did you mean checkout?' in result.stdout
    assert "For example:" in result.stdout


def test_text_that_would_steer_the_terminal_is_shown_and_does_not(invoke: Invoke) -> None:
    result = asked(invoke, "errors in `\x1b[2Jcheck\u202eout` \x07", code=EXIT_NOT_UNDERSTOOD)
    assert not {"\x1b", "\x07", "\u202e"} & set(result.output)


def test_a_zone_that_is_none_and_a_time_to_come_are_refused(invoke: Invoke) -> None:
    result = invoke(ask, "errors", "--timezone", "Atlantis")
    assert (result.exit_code, "'Atlantis' is no time zone such as Europe/Berlin" in result.output) == (2, True)
    later = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1)
    assert isinstance(invoke(ask, "errors", "--at", later.isoformat()).exception, InvalidAlert)


def test_a_yes_asks_for_the_ticket_once_and_a_no_for_none(invoke: Invoke, incident: Incident, stores: Stores) -> None:
    assert f"Open a ticket for {incident.incident_id} at jira?" in asked(invoke, WRONG, "--no").stdout
    assert _deliveries(stores, incident) == {}
    document = printed(asked(invoke, f"explain {incident.incident_id}", "--yes", "--json"))
    assert (document["offer"]["incident_id"], document["ticket"]["state"]) == (incident.incident_id, "asked")
    delivery = _deliveries(stores, incident)
    assert delivery == {"jira": ("pending", "someone, on the command line")}
    again = asked(invoke, f"explain {incident.incident_id}", "--yes")
    assert "A ticket at jira is on its way." in again.stdout
    assert _deliveries(stores, incident) == delivery


def _deliveries(stores: Stores, incident: Incident) -> dict[str, tuple[str, str | None]]:
    found = stores.incidents.get(incident.incident_id)
    assert found is not None
    return {name: (one.state, one.asked_by) for name, one in found.deliveries.items()}


def test_on_a_terminal_it_is_asked_and_no_is_what_silence_means(settings: Settings, stores: Stores) -> None:
    offer = Offer("Open a ticket?", ["jira"], incident_id="inc-none")
    with CliRunner().isolation(input="\n") as (output, *_):
        assert _ticket(offer, None, settings, stores, may_ask=True) is None
        assert b"Open it? [y/N]" in output.getvalue()
    with CliRunner().isolation(input="y\n") as (output, *_):
        assert _ticket(offer, None, settings, stores, may_ask=False) is None
        assert output.getvalue() == b""
    with CliRunner().isolation(input="y\n"), pytest.raises(IncidentUnknown):
        _ticket(offer, None, settings, stores, may_ask=True)


def test_a_yes_to_nothing_has_a_code_of_its_own(invoke: Invoke) -> None:
    asked(invoke, "which services emit most", "--yes", code=EXIT_NO_TICKET)


def test_what_was_not_sampled_is_a_dot_in_a_chart() -> None:
    moments = [datetime(2026, 2, 26, 9, minute, tzinfo=UTC) for minute in range(4)]
    series = Series("checkout", list(zip(moments, [1.0, None, 8.0, 4.0], strict=True)))
    chart = AnswerChart("CO₂ checkout", "g/min", "line", [series])
    answer = Answer("q", Understood(None, ""), {"answer": "It is so."}, "", charts=[chart])
    lines = list(_lines(answer))
    assert "CO₂ checkout: 1 to 8 g/min" in lines
    assert "  ▁·█▄" in lines
