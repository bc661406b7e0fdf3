"""What holds for every destination."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import worker.delivery.configured
from tests.delivery.contract import CASES, Case, configured, of_kind
from tests.delivery.samples import a_notice, a_receipt, an_incident, later
from tests.incidents.samples import DEPLOYMENT, a_report
from tests.standins.server import Vendors
from worker.delivery.configured import destinations
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.logs import configure_logging
from worker.ports import DeliveryReceipt, Destination, Questionable
from worker.settings import load_settings


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def destination(case: Case, vendors: Vendors) -> Destination:
    return case.open(vendors)


def failure(destination: Destination) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        destination.open(a_notice())
    assert caught.value.destination == destination.name
    return caught.value


def test_it_makes_one_thing(case: Case, vendors: Vendors, destination: Destination) -> None:
    destination.open(a_notice())
    assert case.made(vendors) == 1


ANSWERS = [
    pytest.param(case, status, retryable, id=f"{name}-{status}")
    for name, case in CASES.items()
    for status, retryable in case.answers.items()
]


@pytest.mark.parametrize(("case", "status", "retryable"), ANSWERS)
def test_what_is_worth_another_attempt(vendors: Vendors, case: Case, status: int, retryable: bool) -> None:
    vendors.fail(case.path(vendors), status=status, body="no_service", headers={"content-type": "text/plain"})
    destination = case.open(vendors)
    error = failure(destination)
    # A server that fails may have done its work: where nobody can look, that is not done again.
    assert error.is_ambiguous is (status in case.in_doubt)
    assert error.retryable is (retryable and (destination.finds_what_it_made or not error.is_ambiguous))
    assert case.says.format(status=status) in error.reason
    assert case.made(vendors) == 0


def nowhere(vendors: Vendors) -> Vendors:
    """With the same credentials, where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return Vendors(f"http://127.0.0.1:{port}", vendors.credentials, f"smtp://127.0.0.1:{port}")


def those(wanted: Callable[[Case], bool]) -> pytest.MarkDecorator:
    chosen = {name: case for name, case in CASES.items() if wanted(case)}
    return pytest.mark.parametrize("case", chosen.values(), ids=chosen)


that_can_wait = those(lambda case: case.waits)


@those(lambda case: case.can_be_asked)
def test_asked_it_answers_and_makes_nothing(case: Case, vendors: Vendors, destination: Destination) -> None:
    assert isinstance(destination, Questionable)
    assert destination.check()
    assert case.made(vendors) == 0


@those(lambda case: case.can_be_asked)
def test_asked_where_nobody_is_it_says_so(case: Case, vendors: Vendors) -> None:
    destination = case.open(nowhere(vendors))
    assert isinstance(destination, Questionable)
    with pytest.raises(DeliveryError, match="cannot be reached"):
        destination.check()


@those(lambda case: not case.can_be_asked)
def test_what_answers_no_question_is_not_asked(case: Case, destination: Destination) -> None:
    assert not isinstance(destination, Questionable)


@that_can_wait
def test_it_waits_as_long_as_the_vendor_asks(case: Case, vendors: Vendors, destination: Destination) -> None:
    vendors.fail(case.path(vendors), status=429, headers={"retry-after": "37"})
    assert failure(destination).retry_after_seconds == 37.0


@that_can_wait
@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("Fri, 31 Dec 2100 23:59:59 GMT", 3600, 3600), ("999999", 3600, 3600)],
)
def test_a_wait_may_be_a_date_and_ends_some_time(
    case: Case, vendors: Vendors, destination: Destination, header: str, least: float, most: float
) -> None:
    vendors.fail(case.path(vendors), status=429, headers={"retry-after": header})
    assert least <= (failure(destination).retry_after_seconds or 0) <= most


@that_can_wait
def test_nonsense_instead_of_a_wait_is_no_wait(case: Case, vendors: Vendors, destination: Destination) -> None:
    vendors.fail(case.path(vendors), status=429, headers={"retry-after": "soon"})
    assert failure(destination).retry_after_seconds is None


@those(lambda case: case.knows_its_answers)
def test_a_success_that_is_not_the_vendors_is_none(case: Case, vendors: Vendors, destination: Destination) -> None:
    vendors.fail(case.path(vendors), status=200, body="<h1>Please log in</h1>", headers={"content-type": "text/html"})
    assert failure(destination).retryable is False


def test_a_vendor_that_cannot_be_reached_is_tried_again(case: Case, vendors: Vendors) -> None:
    error = failure(case.open(nowhere(vendors)))
    assert error.retryable
    assert "cannot be reached" in error.reason


@pytest.mark.parametrize("when", ["before", "after"])
def test_when_the_answer_is_lost_there_are_never_two(
    case: Case, vendors: Vendors, destination: Destination, when: str
) -> None:
    vendors.fail(case.path(vendors), when=when)
    error = failure(destination)
    assert error.retryable is destination.finds_what_it_made
    assert case.made(vendors) == (1 if when == "after" else 0)
    if error.retryable:
        destination.open(a_notice())
        assert case.made(vendors) == 1


def test_no_error_holds_a_secret(case: Case, vendors: Vendors, destination: Destination) -> None:
    for status in (of_kind(case.answers, retryable=False), of_kind(case.answers, retryable=True)):
        for secret in case.secrets(vendors):
            vendors.fail(case.path(vendors), status=status, body=f"token {secret} was refused")
            error = failure(destination)
            told = "".join(traceback.format_exception(error)) + repr(error) + error.reason
            assert secret not in told
            assert "[secret]" in error.reason


@pytest.fixture
def logging_of_a_process() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("DEBUG", process="worker", json_lines=True)
    yield
    root.handlers = handlers
    root.setLevel(level)


def test_no_log_holds_a_secret(
    case: Case,
    vendors: Vendors,
    destination: Destination,
    capsys: pytest.CaptureFixture[str],
    logging_of_a_process: None,
) -> None:
    vendors.fail(case.path(vendors), status=of_kind(case.answers, retryable=False))
    failure(destination)
    destination.open(a_notice())
    logging.getLogger("test").debug("the log is written to")
    logged = capsys.readouterr().err
    assert "the log is written to" in logged
    assert not [secret for secret in case.secrets(vendors) if secret in logged]


TEXTS = {
    "100 kB": "Wörter & <Zeichen> " * 5_500,
    "one word of 100 kB": "x" * 100_000,
    "astral": "🔥👩‍💻" * 25_000,
    "markup": "<!channel> <@U1> *b* _i_ `c` ~s~ [x](javascript:alert(1)) {code} |table| h1. & &amp; @here " * 50,
    "hidden": "a\u202eb\x00c\x1b[31m\ud800\u2028" * 100,
    "citations": "[e1 e2 e3] " * 10_000,
    "lines": "one\ntwo\r\n\n\n" * 10_000,
    "blank": " \n ",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_text_is_taken(case: Case, vendors: Vendors, destination: Destination, text: str) -> None:
    """The stand-ins refuse what the vendors refuse: texts that are too long, empty nodes, blocks of a wrong shape."""
    destination.open(a_notice(an_incident(title=text), report_of(text)))
    assert case.made(vendors) == 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_news_is_taken(case: Case, vendors: Vendors, destination: Destination, text: str) -> None:
    made = destination.open(a_notice())
    ended = later(an_incident(title=text), "cause", "resolved")
    told = ended.model_copy(
        update={"history": [entry.model_copy(update={"reason": text or "x"}) for entry in ended.history]}
    )
    notice = Notice(told, report_of(text), news=tuple(told.news[1:]), revision=len(told.news))
    answer: DeliveryReceipt | None = made
    # A destination whose update takes several calls says so after each but the last.
    while answer is made or (answer and answer.unfinished):
        answer = destination.update(notice, a_receipt(answer))
    assert case.made(vendors) >= 1


def test_nothing_that_is_kept_holds_a_secret(case: Case, vendors: Vendors, destination: Destination) -> None:
    kept = repr(destination) + destination.open(a_notice()).model_dump_json()
    assert not [secret for secret in case.secrets(vendors) if secret in kept]


def report_of(text: str) -> Any:
    report = a_report(service=text, region=text, headline=text)
    report.root_cause = DEPLOYMENT.model_copy(update={"service": text, "deployment_id": text, "version": text})
    for candidate in report.candidates:
        candidate.service = candidate.reason = candidate.against = candidate.error_type = text
    report.candidates *= 10
    for exhibit in report.evidence:
        exhibit.title = exhibit.link = text
    report.evidence *= 10
    for gap in report.gaps:
        gap.what = gap.reason = gap.effect = text
    report.gaps *= 10
    report.alert.rule_name = text
    report.sections.overview = text
    report.sections.recommendations = [text] * 20
    return report


def test_every_destination_is_under_the_contract(vendors: Vendors) -> None:
    tested = [case.open(vendors) for case in CASES.values()]
    assert configured(vendors).keys() <= {destination.name for destination in tested}
    folders = {path.parent.name for path in Path(worker.delivery.configured.__file__).parent.glob("*/destination.py")}
    assert {type(destination).__module__.split(".")[2] for destination in tested} == folders


def test_nothing_is_configured_by_default() -> None:
    assert destinations(load_settings({})) == {}


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"SPIKETRACE_JIRA_URL": "https://x.example", "SPIKETRACE_JIRA_USER": "u"}, "SPIKETRACE_JIRA_TOKEN"),
        ({"SPIKETRACE_SLACK_TOKEN": "xoxb"}, "SPIKETRACE_SLACK_CHANNEL"),
    ],
)
def test_half_a_configuration_is_none(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=missing):
        destinations(load_settings(environment))
