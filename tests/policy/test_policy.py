"""A policy from its file to who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.samples import an_incident
from worker.domain.durations import parse_duration, say_duration
from worker.domain.severity import Severity
from worker.errors import ConfigurationError
from worker.policy import Policy, load_policy, parse_policy
from worker.routing import Routes

EXAMPLE = Path("policy.example.yaml")
ALL = ("slack", "email", "teams", "jira", "servicenow", "pagerduty")
FRIDAY_NOON = datetime(2026, 2, 27, 12, 0, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def parsed(text: str) -> Policy:
    return parse_policy(text, "policy.yaml", ["teams"])


def routes(text: str, *, at: datetime = FRIDAY_NOON, configured: tuple[str, ...] = ALL, **incident: Any) -> Routes:
    return parsed(text).routes(an_incident(**incident), configured, at)


def test_the_shipped_example_is_what_holds_without_a_file() -> None:
    assert load_policy(EXAMPLE) == load_policy(None) == Policy()


def test_the_shipped_example_leaves_nothing_out() -> None:
    written = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))

    def keys(value: Any) -> Any:
        return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else None

    model = {
        "severity": Policy().severity.model_dump(),
        "incidents": Policy().incidents.model_dump(),
        "routes": None,
    }
    steps = {"medium", "high", "critical"}

    def shape(value: Any) -> Any:
        if not isinstance(value, dict):
            return None
        return None if value.keys() <= steps else {key: shape(inner) for key, inner in value.items()}

    assert shape(written) == shape(model)
    assert keys(written).keys() == Policy.model_json_schema()["properties"].keys()


def test_an_empty_file_is_the_default() -> None:
    assert parsed("# nothing yet\n") == Policy()


@pytest.mark.parametrize(
    ("severity", "told", "asked"),
    [
        (Severity.LOW, set(), set()),
        (Severity.MEDIUM, {"slack", "email", "teams"}, {"jira", "servicenow"}),
        (Severity.HIGH, set(ALL), set()),
        (Severity.CRITICAL, set(ALL), set()),
    ],
)
def test_by_default_a_message_from_medium_and_a_ticket_from_high(
    severity: Severity, told: set[str], asked: set[str]
) -> None:
    found = Policy().routes(an_incident(severity=severity), ALL, FRIDAY_NOON)
    assert (set(found.told), set(found.asked)) == (told, asked)
    assert Policy().routes(an_incident(severity=severity), (), FRIDAY_NOON) == Routes()


TEAMS = """
routes:
  - name: payments by night
    when:
      severity: high
      services: ["payment*", ledger]
      times: {days: mon-sun, hours: 22:00-06:00, time_zone: Europe/Berlin}
    tell:
      pagerduty: {on_call: payments}
      jira: {project: PAY, issue_type: Incident}
      slack: {channel: C0PAY}
  - name: payments
    when: {services: "payment*"}
    tell: [messages, slack: {channel: C0PAY}]
    ask: [jira: {project: PAY}]
  - name: only look
    when: {regions: ["eu-*"]}
    tell: []
  - name: everybody
    when: {severity: medium}
    continue: true
    tell: {teams: }
  - name: the rest
    when: {severity: high}
    tell: {teams: , jira: {project: OPS}}
"""


def test_the_first_rule_that_fits_decides() -> None:
    by_day = routes(TEAMS, service="payments", severity=Severity.HIGH)
    assert by_day.told == {"slack": {"channel": "C0PAY"}, "email": {}, "teams": {}}
    assert by_day.asked == {"jira": {"project": "PAY"}}
    by_night = routes(TEAMS, at=SUNDAY_NIGHT, service="payments", severity=Severity.HIGH)
    assert by_night.told == {
        "pagerduty": {"on_call": "payments"},
        "jira": {"project": "PAY", "issue_type": "Incident"},
        "slack": {"channel": "C0PAY"},
    }
    assert routes(TEAMS, at=SUNDAY_NIGHT, service="payments", severity=Severity.MEDIUM) == by_day


def test_a_rule_that_goes_on_adds_and_one_without_targets_is_the_end() -> None:
    assert routes(TEAMS, service="search", region="eu-west1", severity=Severity.CRITICAL) == Routes()
    assert routes(TEAMS, service="search", severity=Severity.HIGH).told == {"teams": {}, "jira": {"project": "OPS"}}
    assert routes(TEAMS, service="search", severity=Severity.MEDIUM).told == {"teams": {}}


def test_what_is_not_configured_is_not_told() -> None:
    only_slack = routes(TEAMS, configured=("slack",), at=SUNDAY_NIGHT, service="ledger", severity=Severity.HIGH)
    assert only_slack == Routes(told={"slack": {"channel": "C0PAY"}})


def test_without_a_rule_that_fits_nobody_is_told() -> None:
    assert routes("routes: []", severity=Severity.CRITICAL) == Routes()


@given(st.text("ab-*?", min_size=1, max_size=6), st.text("ab-", max_size=6))
def test_services_fit_as_a_shell_would_have_it(pattern: str, service: str) -> None:
    text = yaml.safe_dump({"routes": [{"name": "one", "when": {"services": [pattern]}, "tell": ["slack"]}]})
    assert bool(routes(text, service=service).told) is fnmatchcase(service, pattern)


REFUSALS: dict[str, tuple[str, int, str, str]] = {
    "a destination": ("routes:\n- name: a\n  tell: [slak]\n", 3, "routes.0.tell", "there is no destination 'slak'"),
    "an option": (
        "routes:\n- name: a\n  tell:\n    jira: {projekt: X}\n",
        4,
        "routes.0.tell",
        "jira has no option projekt; it has issue_type, project, request_type",
    ),
    "an option of a group": (
        "routes:\n- {name: a, tell: [messages: {channel: C}]}\n",
        2,
        "routes.0.tell",
        "messages has no option channel; it has none",
    ),
    "an empty option": ("routes:\n- {name: a, tell: {slack: {channel: }}}\n", 2, "routes.0.tell", "needs a text"),
    "both": (
        "routes:\n- {name: a, tell: [jira], ask: [jira]}\n",
        2,
        "routes.0",
        "jira cannot be told and asked about",
    ),
    "a name twice": ("routes:\n- {name: a}\n- {name: a}\n", 2, "routes", "two rules are called a"),
    "a severity": ("routes:\n- name: a\n  when: {severity: severe}\n", 3, "routes.0.when.severity", "'critical'"),
    "a time zone": (
        "routes:\n- name: a\n  when:\n    times: [{time_zone: Mars}]\n",
        4,
        "routes.0.when.times.0.time_zone",
        "'Mars' is no time zone",
    ),
    "a key": ("severity:\n  carbon:\n    ration: 2\n", 3, "severity.carbon.ration", "there is no such key; known are"),
    "a share in percent": (
        "severity:\n  users:\n    failed_share: {medium: 5}\n",
        3,
        "severity.users.failed_share",
        "a share goes from 0 to 1: 5 % is 0.05",
    ),
    "falling steps": (
        "severity:\n  carbon:\n    ratio: {medium: 3, high: 2}\n",
        3,
        "severity.carbon.ratio",
        "must not fall",
    ),
    "a time": ("incidents:\n  resolve_after: soon\n", 2, "incidents.resolve_after", "'soon' is not a time such as"),
    "a negative time": ("incidents:\n  reopen_within: -5m\n", 2, "incidents.reopen_within", "is not a time"),
    "no mapping": ("- a\n- b\n", 1, "the policy", "has to be a mapping"),
}


@pytest.mark.parametrize(("text", "line", "key", "complaint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_wrong_is_named_with_line_and_key(text: str, line: int, key: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parsed(text)
    assert refused.value.reason.startswith(f"policy policy.yaml, line {line}: {key}: ")
    assert complaint in refused.value.reason
    assert "Value error" not in refused.value.reason


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("routes:\n- name: a\n  tell: [slack]\n  tell: [jira]\n", 4, "tell"),
        ("severity: {confidence: 0.4}\nincidents: {}\nseverity: {confidence: 0.6}\n", 3, "severity"),
    ],
)
def test_a_key_that_is_there_twice_is_refused_instead_of_the_last_being_taken(text: str, line: int, key: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parsed(text)
    assert refused.value.reason == f"policy policy.yaml, line {line}: {key} is there twice: keep one of the two"


def test_anchors_and_aliases_may_repeat_a_part() -> None:
    policy = parsed(
        "routes:\n- {name: a, when: &all {severity: high}}\n- {name: b, when: {<<: *all, services: pay*}}\n"
    )
    assert [rule.name for rule in policy.rules] == ["a", "b"]


def test_what_is_no_yaml_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not YAML"):
        parsed("routes: [")
    with pytest.raises(ConfigurationError, match=r"cannot be read \(No such file"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigurationError, match="it is not UTF-8"):
        load_policy(tmp_path / "latin.yaml")


@given(st.integers(0, 30 * 86_400))
def test_durations_are_read_as_they_are_said(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert parse_duration(say_duration(length)) == length


@pytest.mark.parametrize("text", ["", "5", "m", "1.5h", "31d", "5 minutes", "-1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a time|is longer than"):
        parse_duration(text)
