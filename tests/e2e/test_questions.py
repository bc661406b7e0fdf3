"""A question through everything that runs: by HTTP to the webhook, over the queue to the worker, and back in steps."""

from __future__ import annotations

import uuid

from tests.e2e import telemetry
from tests.e2e.conftest import Up
from tests.webhook.test_questions import parsed


def test_a_question_is_answered_step_by_step(up: Up) -> None:
    alert_id = up.accept(str(uuid.uuid4()))
    up.wait_for_reports([alert_id])
    question = f"Explain {up.alert(alert_id)['report_id']}"
    with up.client() as client:
        told = parsed(client.post("/v1/questions", json={"question": question}, timeout=60).text)
        page = client.post("/questions", data={"question": question})
    names = [name for name, _ in told]
    assert names[0] == "understood"
    assert "step" in names
    assert names[-1] == "answer", told[-1]
    answer = told[-1][1]
    assert telemetry.CULPRIT in answer["direct"]
    assert "deploy-202" in answer["direct"]
    assert [item["id"] for item in answer["evidence"]]
    assert page.status_code == 303
