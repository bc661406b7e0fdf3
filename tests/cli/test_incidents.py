from __future__ import annotations

import pytest

from cli.incidents import incidents
from tests.cli.conftest import Invoke, printed
from tests.incidents.samples import FIRED, a_report
from worker.bootstrap import Stores
from worker.domain.incident import Delivery, Incident, IncidentStatus
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.incidents import record


@pytest.fixture
def incident(stores: Stores) -> Incident:
    opened = record(a_report(), stores.incidents, FIRED)
    assert opened is not None
    return opened


def test_without_any_the_list_says_so(invoke: Invoke, stores: Stores) -> None:
    assert invoke(incidents, "list").output == "There is none.\n"
    assert printed(invoke(incidents, "list", "--json")) == []


def test_the_newest_are_listed_and_one_is_shown(invoke: Invoke, incident: Incident) -> None:
    line = invoke(incidents, "list", "--status", "open").output
    assert line.split("\t")[:3] == [incident.incident_id, "open", "high"]
    assert invoke(incidents, "list", "--status", "closed").output == "There is none.\n"
    shown = invoke(incidents, "show", incident.incident_id).output
    assert "1 alerts of checkout, 1 active" in shown
    assert "410 gCO₂e wasted; 31 orders affected (estimated)" in shown
    assert "opened: Alert " in shown
    assert printed(invoke(incidents, "show", incident.incident_id, "--json"))["services"] == ["checkout"]


def test_one_is_closed_and_those_who_were_told_hear_of_it(invoke: Invoke, incident: Incident, stores: Stores) -> None:
    heard = {"slack": Delivery(state="done", told=1, updated_at=FIRED)}
    stores.incidents.update(incident.incident_id, lambda it: it.model_copy(update={"deliveries": heard}))
    result = invoke(incidents, "close", incident.incident_id, "--reason", "a drill", "--json")
    assert printed(result) == {"incident_id": incident.incident_id, "status": "closed"}
    closed = stores.incidents.get(incident.incident_id)
    assert closed is not None
    assert closed.status is IncidentStatus.CLOSED
    assert [entry.reason for entry in closed.history[-2:]] == ["Closed by hand: a drill"] * 2
    assert closed.deliveries["slack"].state == "pending"
    assert invoke(incidents, "close", incident.incident_id).exit_code == 0
    assert stores.incidents.get(incident.incident_id) == closed


def test_what_helped_is_kept_for_the_next_one(invoke: Invoke, incident: Incident, stores: Stores) -> None:
    result = invoke(incidents, "close", incident.incident_id, "--resolution", "rolled back 2.3.0")
    assert result.exit_code == 0, result.output
    closed = stores.incidents.get(incident.incident_id)
    assert closed is not None
    assert closed.resolution == "rolled back 2.3.0"
    assert closed.history[-1].reason == "Closed by hand: rolled back 2.3.0"
    assert closed.history[-1].was == {"resolution": ""}


def test_embedding_wants_to_be_set(invoke: Invoke, stores: Stores) -> None:
    refused = invoke(incidents, "embed")
    assert isinstance(refused.exception, ConfigurationError)
    assert "SPIKETRACE_EMBEDDINGS" in refused.exception.reason


def test_embedding_says_where_the_engine_has_no_vectors(
    invoke: Invoke, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPIKETRACE_EMBEDDINGS", "true")
    monkeypatch.setenv("SPIKETRACE_GEMINI_API_KEY", "nobody-is-asked")
    refused = invoke(incidents, "embed")
    assert isinstance(refused.exception, EvidenceUnavailable)
    assert "adding the fields of embeddings to the incidents" in refused.exception.reason


def test_one_that_is_not_there_is_named(invoke: Invoke, stores: Stores) -> None:
    for command in ("show", "close"):
        assert "there is no incident inc-none" in str(invoke(incidents, command, "inc-none").exception)
