"""What Kibana knows when it renders an action: of a usual alert, and of the unusual ones."""

from __future__ import annotations

from typing import Any

HOSTILE = 'he said "stop"\nthen {{left}} {{{x}}} \\ </script><b>& \u2028 é 🛒 \t\x00\x1b[31m'


def variables(**changes: Any) -> dict[str, Any]:
    """Of an active alert; `changes` replace `rule`, `alert` or `context`, key by key or as a whole with None."""
    usual: dict[str, Any] = {
        "date": "2026-11-23T12:00:03.120Z",
        "kibanaBaseUrl": "",
        "rule": {
            "id": "a-rule",
            "name": "Carbon",
            "type": ".index-threshold",
            "spaceId": "default",
            "url": "",
            "tags": ["spiketrace", "carbon"],
            "params": {"termField": "service", "threshold": [10]},
        },
        "alert": {
            "id": "checkout",
            "uuid": "0c1f6d52-6a0e-4b6f-9a51-1e1d5b8f7c60",
            "actionGroup": "threshold met",
            "flapping": False,
            "consecutiveMatches": 1,
        },
        "context": {
            "title": "alert Carbon group checkout met threshold",
            "message": "alert 'Carbon' is active for group 'checkout':\n\n- Value: 12.4",
            "value": 12.4,
            "group": "checkout",
            "conditions": "sum(estimated_co2_grams) is greater than 10",
            "date": "2026-11-23T12:00:00.000Z",
        },
    }
    for name, change in changes.items():
        usual[name] = {**usual[name], **change} if isinstance(change, dict) and change else change
    return usual


def recovered() -> dict[str, Any]:
    """The group has vanished: an index threshold rule has no number to give."""
    return variables(alert={"actionGroup": "recovered"}, context={"value": "unknown"})


def flapping() -> dict[str, Any]:
    """Kibana can send no context at all while an alert flaps."""
    return variables(alert={"flapping": True}, context={})


def hostile(text: str = HOSTILE) -> dict[str, Any]:
    return variables(
        rule={"name": text, "tags": [text], "params": {text: text}},
        alert={"id": f"checkout{text}"},
        context={"title": text, "message": text, "value": text, "group": text, "conditions": text},
    )


CASES = {"active": variables, "recovered": recovered, "flapping": flapping, "hostile": hostile}
