"""No lie of the list passes unmarked, true text stays, and nothing is raised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from evaluation.grounding.__main__ import LEAST_KEPT, main
from evaluation.grounding.lies import LIES, TRUE, Lie
from evaluation.grounding.measure import REPORTS, UNSEEN, known
from worker.agent.grounding.ground import MARK, Grounded, ground, ground_known
from worker.agent.grounding.text.claims import sentences
from worker.agent.grounding.text.numerals import numbers

CHECKOUT = known("bad-deployment").report


def grounded(lie: Lie) -> Grounded:
    return ground_known(lie.text, known(lie.report))


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.kind)
def test_no_lie_passes_unmarked(lie: Lie) -> None:
    found = grounded(lie)
    assert found.sentences[-1].outcome != "kept"
    assert lie.text not in found.text
    assert found.claims_kept + found.claims_marked + found.claims_removed == found.claims_checked


def test_there_are_lies_of_at_least_forty_kinds() -> None:
    assert len({lie.kind for lie in LIES}) >= 40


@pytest.mark.parametrize("true", TRUE, ids=lambda true: true.kind)
def test_true_text_stays_as_it_is(true: Lie) -> None:
    found = grounded(true)
    assert found.text == true.text
    assert found.claims_kept == found.claims_checked > 0


def test_a_single_wrong_figure_is_marked_where_it_stands() -> None:
    found = ground("In checkout, 27 % of its requests fail since 14:57 UTC [e2].", CHECKOUT)
    assert found.text == "In checkout, 27 % [unverified] of its requests fail since 14:57 UTC [e2]."
    assert (found.claims_checked, found.claims_kept, found.claims_marked, found.claims_removed) == (3, 2, 1, 0)


def test_a_sentence_in_which_nothing_holds_goes_and_the_others_stay() -> None:
    true = "checkout emits 2.6 times its usual CO₂ [e1]."
    found = ground(f"{true} The billing-7 service lost $999. {true}", CHECKOUT)
    assert found.text == f"{true} {true}"
    assert [one.outcome for one in found.sentences] == ["kept", "removed", "kept"]
    assert found.claims_removed >= 2


def test_a_wrong_cause_takes_its_sentence_with_it() -> None:
    found = ground("Since 14:57 UTC 21 % of checkout's requests fail because of deploy-8840 [e2].", CHECKOUT)
    assert found.text == ""


def test_what_says_nothing_but_names_stays_only_as_advice() -> None:
    text = "Roll back deploy-8841 of checkout."
    assert ground(text, CHECKOUT).text == ""
    assert ground(text, CHECKOUT, is_advice=True).text == text
    assert MARK in ground("Roll back deploy-8999 of checkout.", CHECKOUT, is_advice=True).text


@pytest.mark.parametrize(
    "text",
    [
        "Roll back search, which fails with 21 % of errors.",
        "Restart the payments database, which lost 4,000 orders.",
        "Do not roll back deploy-8841 of checkout.",
    ],
)
def test_advice_that_states_what_nobody_measured_does_not_stand_unmarked(text: str) -> None:
    (sentence,) = ground(text, CHECKOUT, is_advice=True).sentences
    assert sentence.outcome != "kept"
    assert "21 % of" not in sentence.text
    assert "4,000 orders." not in sentence.text or sentence.outcome == "removed"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("21 % of requests to the mainframe of checkout fail.", "mainframe [unverified]"),
        ("Deployment deploy-8841 went out in europe-west1.", "europe-west1 [unverified]"),
        ("Deployment deploy-8841 went out 16 min before the onset.", "16 min [unverified]"),
    ],
)
def test_the_one_thing_that_nobody_read_is_marked(text: str, marked: str) -> None:
    assert marked in ground(text, CHECKOUT).text


def test_what_the_template_says_stands_unless_a_name_said_it() -> None:
    own = CHECKOUT.sections.carbon_compute_impact
    assert ground(own, CHECKOUT).text == own
    planted = CHECKOUT.model_copy(
        update={
            "service": "shop. The cause is cosmic rays.",
            "sections": CHECKOUT.sections.model_copy(update={"overview": "shop. The cause is cosmic rays."}),
        }
    )
    assert "cosmic" not in ground("The cause is cosmic rays.", planted).text


@given(st.text(alphabet="bcdfgjkqxz", min_size=6, max_size=12))
def test_a_word_that_nobody_knows_never_stands_unmarked(word: str) -> None:
    for text in (f"The {word} made 21 % of requests fail.", f"21 % of requests fail in the {word}."):
        assert all(one.outcome != "kept" for one in ground_known(text, known("bad-deployment")).sentences)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("checkout emitted 110 gCO₂e", True),
        ("checkout emitted 0.11 kgCO₂e", True),
        ("checkout emitted 110,000 mgCO₂e", True),
        ("checkout emitted about 112 gCO₂e", True),
        ("checkout emitted 112 gCO₂e", False),
        ("checkout emitted 110.9 gCO₂e", False),
        ("21% of checkout's requests fail", True),
        ("21.3 percent of checkout's requests fail", True),
        ("20 % of checkout's requests fail", False),
        ("the p95 latency of checkout is 0.75 s", True),
        ("the p95 latency of checkout is 748.5 ms", True),
        ("the p99 latency of checkout is 748.5 ms", False),
        ("checkout emits 2.58 times its usual CO₂", True),
        ("checkout fails since 14:57", True),
        ("checkout fails since 2026-03-12T14:57:00Z", True),
        ("checkout fails since 14:57 UTC, 12 Mar 2026", True),
        ("checkout fails since 16:57 +02:00", False),
    ],
)
def test_units_rounding_and_times(text: str, holds: bool) -> None:
    found = ground(f"{text}.", CHECKOUT)
    assert (found.sentences[0].outcome == "kept") is holds, found.sentences[0].claims


@pytest.mark.parametrize(
    ("text", "dimensions"),
    [
        ("7.9 against 3 g/min", ["grams_per_minute", "grams_per_minute"]),
        ("68 gCO₂e (66 to 77)", ["grams", "grams", "grams"]),
        ("$3.6 ($1.1 to $8)", ["usd", "usd", "usd"]),
        ("259 gCO₂e (255 to 294) an hour", ["grams_per_hour"] * 3),
        ("$3 a year", ["usd a year"]),
        ("20 connections", ["of connections"]),
        ("deploy-8841, v2.3.0, p95, us-east4", []),
        ("1,240 requests", ["requests"]),
    ],
)
def test_numbers_are_read_with_their_units(text: str, dimensions: list[str]) -> None:
    assert [one.dimension for one in numbers(text)] == dimensions


def test_sentences_end_where_they_end() -> None:
    text = "It is v2.3.0 [e1]. “One. Two.” was logged. [e2 e3] Then 3.5 g/min."
    assert sentences(text) == ["It is v2.3.0 [e1].", "“One. Two.” was logged. [e2 e3]", "Then 3.5 g/min."]


@example(text="0:AA0AO", name="catalog-cpu")
@given(st.text(max_size=300), st.sampled_from(sorted(path.stem for path in REPORTS.glob("*.json"))))
def test_whatever_the_text_it_is_counted_and_nothing_is_added(text: str, name: str) -> None:
    found = ground_known(text, known(name))
    assert found.claims_kept + found.claims_marked + found.claims_removed == found.claims_checked
    assert found.text.count(MARK) <= text.count(MARK) + found.claims_marked
    assert len(found.text) <= len(text) + (len(MARK) + 2) * found.claims_marked


@given(st.lists(st.sampled_from([one.text for one in (*LIES, *TRUE)]), max_size=5))
def test_what_was_kept_as_it_is_is_kept_again(texts: list[str]) -> None:
    about = known("bad-deployment")
    kept = [one.text for one in ground_known(" ".join(texts), about).sentences if one.outcome == "kept"]
    again = ground_known(" ".join(kept), about)
    assert again.text == " ".join(kept)


@pytest.mark.parametrize("text", ["1 " * 2_000, "because " * 1_000, "(1 to 2) " * 500])
def test_what_is_too_long_to_be_read_goes(text: str) -> None:
    assert ground_known(text, known("bad-deployment")).text == ""


@pytest.mark.parametrize(
    ("report", "text", "is_kept"),
    [
        ("expired-certificate", "drm-license failed a minute before playback [e2 e5].", True),
        ("expired-certificate", "playback failed a minute before drm-license [e2 e5].", False),
        ("expired-certificate", "drm-license was followed by playback, which began to fail [e2].", True),
        ("expired-certificate", "drm-license began to fail at 11:05 UTC [e5].", True),
        ("expired-certificate", "drm-license began to fail at 11:06 UTC [e5].", False),
        ("expired-certificate", "playback began to fail at 11:06 UTC [e2].", True),
        ("expired-certificate", "Most of drm-license's requests fail [e5].", True),
        ("expired-certificate", "Nearly all of drm-license's requests fail [e5].", False),
        ("expired-certificate", "100 % of catalog's requests fail [e8].", False),
        ("expired-certificate", "100 % of catalog's new errors name drm-license [e8].", True),
        ("expired-certificate", "Nothing speaks against drm-license [e5].", True),
        ("expired-certificate", "Nothing speaks against catalog [e8].", False),
        ("catalog-cpu", "catalog's rise of CO₂ began at 10:03 UTC in asia-northeast1 [e1].", True),
        ("catalog-cpu", "In southamerica-east1, catalog's rise of CO₂ began at 10:03 UTC [e1].", False),
        ("catalog-cpu", "The rise came with twice as many requests [e1].", False),
        ("catalog-cpu", "The cause is a resource problem of catalog [e1].", True),
        ("catalog-cpu", "The cause is a dependency of catalog [e1].", False),
        ("catalog-cpu", "CPU is at 35 % instead of 17 [e1].", True),
        ("catalog-cpu", "CPU is at 35 % instead of 27 [e1].", False),
        ("decoder-deployment", "An estimated 31 orders are affected [e8].", True),
        ("decoder-deployment", "The 31 affected orders were counted [e8].", False),
        ("decoder-deployment", "rel-2291 (transcoder, 13:45 UTC) came before the onset [e7].", True),
        ("decoder-deployment", "rel-2291 (transcoder, 13:35 UTC) came before the onset [e7].", False),
        ("decoder-deployment", "12,100 more requests than usual were slower than 134 ms [e6].", True),
        ("decoder-deployment", "Up to 12,100 requests were slower than 134 ms [e6].", False),
        ("decoder-deployment", "Up to 13,400 requests were slower than 134 ms [e6].", True),
        ("decoder-deployment", "rel-2290 of ingest-api made nothing worse [e7].", True),
        ("decoder-deployment", "rel-2291 of transcoder made nothing worse [e7].", False),
        ("evening-peak", "The rise of CO₂ was confirmed [e1].", False),
        ("evening-peak", "No deployment of playback is recorded [e4].", True),
        ("evening-peak", "No deployment of transcoder is recorded [e4].", False),
    ],
)
def test_order_onsets_estimates_and_quantities_in_words(report: str, text: str, *, is_kept: bool) -> None:
    assert (ground_known(text, known(report)).sentences[0].outcome == "kept") is is_kept


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("Each request takes as much CO₂ as usual.", True),
        ("Each request costs as much CO₂ as it usually does.", True),
        ("As the report itself notes, each request takes the CO₂ that it usually takes.", True),
        ("Each request takes much CO₂.", False),
        ("Each request costs twice as much CO₂ as it usually does.", False),
        ("No request takes the CO₂ it usually takes.", False),
        ("Each request of transcoder takes as much CO₂ as usual.", False),
        ("There is no loss, because the spike was not confirmed.", True),
        ("There was a loss, and the spike was not confirmed.", False),
    ],
)
def test_what_the_template_says_without_a_figure_may_be_said_otherwise(text: str, *, is_kept: bool) -> None:
    found = ground_known(text, known("evening-peak"))
    assert (found.sentences[0].outcome == "kept") is is_kept
    assert (found.claims_kept > 0) is is_kept


def test_what_is_restated_is_of_the_alerted_service() -> None:
    found = ground_known(
        "transcoder went out at 13:45 UTC. Each request takes as much CO₂ as usual.", known("evening-peak")
    )
    assert found.sentences[1].outcome == "removed"


def test_it_is_who_was_named_before() -> None:
    about = known("dependency")
    true = "ledger is the root cause [e5]. Its mean latency is 247 ms [e5]."
    assert ground_known(true, about).text == true
    assert ground_known(true.replace("247", "414"), about).text == "ledger is the root cause [e5]."


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("Latency rose to 332 ms because of the mainframe [e2].", "Latency rose to 332 ms [e2]."),
        ("21 % of checkout's requests fail, so nobody needs to do anything.", "21 % of checkout's requests fail."),
        ("checkout fails because of the mainframe.", ""),
        ("While latency rose to 332 ms, the mainframe made 21 % of requests fail.", ""),
    ],
)
def test_where_only_the_end_of_a_sentence_is_wrong_what_is_told_before_it_stays(text: str, stays: str) -> None:
    found = ground_known(text, known("bad-deployment"))
    assert found.text == stays
    assert found.claims_removed > 0
    assert found.claims_kept + found.claims_marked + found.claims_removed == found.claims_checked


@pytest.mark.parametrize(
    ("report", "text", "is_kept"),
    [
        ("bad-deployment", "checkout began to fail at 14:57 UTC on 12 March 2026.", True),
        ("bad-deployment", "checkout began to fail at 14:57 UTC on 11 March 2026.", False),
        ("bad-deployment", "On 12 March 2026 at 14:57 UTC, checkout began to fail.", True),
        ("bad-deployment", "21 % of checkout's requests fail with PoolTimeoutError.", True),
        ("bad-deployment", "21 % of checkout's requests fail with ValidationError.", False),
        ("bad-deployment", "ValidationError was logged 3 times before the onset, and no longer since.", True),
        ("not-confirmed", "CO₂ is far outside its usual range.", False),
        ("evening-peak", "Traffic is outside its usual range.", True),
    ],
)
def test_days_types_that_are_gone_and_usual_ranges(report: str, text: str, *, is_kept: bool) -> None:
    found = ground_known(text, known(report))
    assert (found.sentences[-1].outcome == "kept") is is_kept, found.sentences[-1].claims


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("The threshold of 0.18 kg was exceeded.", True),
        ("The threshold of 180 g was exceeded.", True),
        ("The rule fires when emissions exceed 0.15 kg.", False),
    ],
)
def test_a_rules_threshold_is_its_own(text: str, *, is_kept: bool) -> None:
    report = known("not-confirmed").report
    alert = report.alert.model_copy(
        update={"conditions": "sum(emissions_kg_co2e) is greater than 0.18", "value": 0.185}
    )
    found = ground(text, report.model_copy(update={"alert": alert}))
    assert (found.sentences[-1].outcome == "kept") is is_kept, found.sentences[-1].claims


def test_what_says_it_of_a_sentence_that_went_goes_as_well() -> None:
    found = ground("The warehouse caused the failures of checkout. It emits 7.9 g/min [e1].", CHECKOUT)
    assert found.text == ""


@pytest.mark.parametrize(
    ("report", "text", "outcome"),
    [
        # What the evidence refutes goes; what it says nothing of is marked where it stands.
        ("bad-deployment", "The error rate of checkout fell, and CPU is at 38 % [e1 e2].", "removed"),
        ("bad-deployment", "21 % of checkout's requests fail in the mainframe [e2].", "marked"),
        ("bad-deployment", "21 % of checkout's requests fail because of the mainframe [e2].", "removed"),
        ("dependency", "payments calls catalog, and 49 % of its requests fail [e2].", "marked"),
        ("dependency", "ledger calls payments, and 74 % of its requests fail [e5].", "removed"),
        # What the report says in words may be said in others, as far as it says it.
        ("demo-442fa7", "How many users are affected is not known, because the telemetry names no user.", "kept"),
        ("demo-442fa7", "Requests do not fail more often than usual [e2].", "kept"),
        ("petshop-high_traffic-train-quiet-5", "Emissions are unknown, since none were measured for PetSite.", "kept"),
        ("petshop-high_traffic-train-quiet-5", "Emissions of PetSite were measured.", "removed"),
        # What follows from what, and what does not.
        ("bad-deployment", "Requests rose to 664 a minute, which is due to retries [e1 e2].", "kept"),
        ("bad-deployment", "Latency rose to 332 ms because of retries [e2].", "removed"),
        ("demo-28f7ea", "The deployment of auth at 01:33 UTC raised the emissions [e4].", "removed"),
        # Metrics by the words of their names, on the side that is told.
        (
            "edgedelta-rootcausebench-metric-ingestor-metadata-deser",
            "Only 30 envelopes were flushed per minute, usually 261 [e1].",
            "kept",
        ),
        (
            "petshop-high_traffic-train-quiet-5",
            "The median is 1.4 standard deviations above its baseline [e1].",
            "kept",
        ),
        (
            "petshop-high_traffic-train-quiet-5",
            "The median is 1.4 standard deviations below its baseline [e1].",
            "removed",
        ),
        # Rows: a region, a version and a time are of whom the sentence names.
        ("demo-442fa7", "Nearly all of the rise, 98 %, is in asia-east1 [e3].", "kept"),
        ("demo-442fa7", "Nearly all of the rise, 98 %, is in us-central1 [e3].", "removed"),
        ("demo-9059f2", "cart was deployed as version 4.9.6 at 09:27 UTC [e10].", "kept"),
        ("demo-9059f2", "ledger was deployed as version 4.9.6 at 09:27 UTC [e10].", "marked"),
        ("demo-2eeef4", "recommendations and frontend account for 62 % of the rise [e3].", "kept"),
        ("demo-2eeef4", "recommendations and search account for 62 % of the rise [e3].", "marked"),
        # A past incident, and no other.
        ("demo-442fa7", "A similar incident of recommendations on 4 November was fixed by moving a job.", "kept"),
        ("demo-442fa7", "A similar incident of recommendations on 4 October was fixed by moving a job.", "marked"),
    ],
)
def test_what_is_refuted_goes_and_what_is_not_found_is_marked(report: str, text: str, outcome: str) -> None:
    found = ground_known(text, known(report))
    assert found.sentences[-1].outcome == outcome, found.sentences[-1].claims
    assert (MARK in found.text) is (outcome == "marked")
    assert found.claims_kept + found.claims_marked + found.claims_removed == found.claims_checked > 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("every", ["6", pytest.param("1", marks=pytest.mark.long)])
def test_what_the_command_measures(every: str) -> None:
    """One test, since it takes a minute: workers beside each other would each measure it."""
    run = CliRunner().invoke(main, ["--json", "--every", every])
    assert run.exit_code == 0, run.output
    measured = json.loads(run.output)
    lies_written_blind_none_passes_unmarked(measured)
    true_sentences_written_blind_most_claims_are_kept(measured)
    the_templates_own_text_keeps_at_least_95_of_100_claims(measured)
    what_is_changed_in_true_sentences_is_seen(measured)
    the_command_prints_all_lies_of_the_list(measured)


def lies_written_blind_none_passes_unmarked(measured: dict[str, Any]) -> None:
    batches = measured["lying_batches"]
    assert sum(one["texts"] for one in batches) > 400
    assert [text for one in batches for text in one["unmarked"]] == []


def true_sentences_written_blind_most_claims_are_kept(measured: dict[str, Any]) -> None:
    tuned = [one for one in measured["true_batches"] if not one["unseen"]]
    assert sum(one["kept"] for one in tuned) >= LEAST_KEPT * sum(one["claims"] for one in tuned)
    unseen = [one for one in measured["true_batches"] if one["name"] in UNSEEN]
    assert sum(one["kept"] for one in unseen) >= 0.88 * sum(one["claims"] for one in unseen) > 0
    # What is lost is told.
    assert any(one["doubted"] for one in measured["true_batches"])


def the_templates_own_text_keeps_at_least_95_of_100_claims(measured: dict[str, Any]) -> None:
    assert measured["claims"] > 300
    assert measured["share"] >= LEAST_KEPT


def what_is_changed_in_true_sentences_is_seen(measured: dict[str, Any]) -> None:
    found = {one["kind"]: (one["seen"], one["texts"]) for one in measured["mutations"]}
    for kind in ("invented name", "invented service", "time", "unit"):
        assert found[kind][0] == found[kind][1] > 5, kind
    seen, texts = (sum(found[kind][place] for kind in ("digit", "figure")) for place in (0, 1))
    assert seen >= 0.99 * texts > 200
    assert found["another service"][0] >= 0.94 * found["another service"][1] > 30


def the_command_prints_all_lies_of_the_list(measured: dict[str, Any]) -> None:
    assert measured["unmarked"] == []
    assert measured["lies"] == len(LIES)
