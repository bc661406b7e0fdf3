"""Words that anybody may use do not carry a lie along: what they say together, or of whom, is checked."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.report import vocabulary

LEDGER, CONFIG = "demo-9059f2", "demo-d76f3b"

TRUE = [
    (CONFIG, "The story begins with cfg-3095, which went out 2 min before the onset."),
    (CONFIG, "shipping misbehaves since 12:21 UTC: 74 % of its requests fail."),
    (CONFIG, "In a nutshell, 74 % of shipping's requests fail, where 0.6 % would be ordinary."),
    (CONFIG, "The vast majority of shipping's requests failed."),
    (CONFIG, "The evidence earns cfg-3095 a confidence of 0.84."),
    (CONFIG, "cfg-3095 has no rival: it is the only candidate."),
    (CONFIG, "It didn't take long: shipping deviates 2 min after cfg-3095."),
    (LEDGER, "ledger is the prime suspect by a wide margin, with a confidence of 0.62."),
    (LEDGER, "checkout saw 40 % of its requests fail, a sizeable portion."),
    (LEDGER, "payments is caught in the middle: all of its new errors name ledger."),
    (LEDGER, "On average a request to checkout now clocks in at 1,910 ms."),
    (LEDGER, "checkout answers slowly, with 1,910 ms on average instead of 229 ms."),
]
LIES = [
    # What became of something.
    (CONFIG, "74 % of shipping's requests fail, and its memory ran full."),
    (CONFIG, "All instances of shipping were down from 12:21 UTC on."),
    (CONFIG, "shipping was out of service from 12:21 UTC on."),
    (LEDGER, "ledger was moved to us-central1 at 09:40 UTC."),
    # How it is.
    (CONFIG, "shipping is in good shape since 12:21 UTC."),
    (CONFIG, "shipping's log was bare of errors in the window."),
    (CONFIG, "The errors of shipping faded at 12:21 UTC."),
    (CONFIG, "It is but a trifle that 74 % of shipping's requests fail."),
    (CONFIG, "A handful of shipping's requests failed."),
    (LEDGER, "cart misbehaves since deploy-8718."),
    (LEDGER, "ledger is the only service that misbehaves."),
    (LEDGER, "Requests of cart have become slow since 09:46 UTC."),
    # Who is to blame, and how sure that is.
    (LEDGER, "It is proven beyond doubt that ledger is the cause."),
    (LEDGER, "payments is the prime suspect."),
    (LEDGER, "ledger is off the hook."),
    (LEDGER, "The evidence exonerates ledger."),
    (LEDGER, "That ledger caused it is a misconception."),
    (LEDGER, "cart is the frontrunner among the candidates."),
    # What was not compared.
    (CONFIG, "A comparison confirms that cfg-3095 made the log lines worse."),
    (CONFIG, "The log lines since cfg-3095 fail more often than those before it."),
]


@pytest.mark.parametrize(("name", "sentence"), TRUE)
def test_true_sentences_keep_every_claim(name: str, sentence: str) -> None:
    assert ground_known(sentence, known(name)).text == sentence


@pytest.mark.parametrize(("name", "sentence"), LIES)
def test_lies_of_harmless_words_are_marked_or_removed(name: str, sentence: str) -> None:
    assert ground_known(sentence, known(name)).text != sentence


@pytest.mark.parametrize("word", ["disk", "certificate", "attacker", "leak", "restarted", "outage", "hacked", "queue"])
def test_what_names_a_thing_or_an_event_is_no_word_of_reports(word: str) -> None:
    assert not vocabulary.is_known(word, frozenset())


@pytest.mark.parametrize("word", ["dramatically", "doesn", "steadiness", "heavily", "findings", "unmask", "runner"])
def test_words_that_add_nothing_are_known_in_their_forms(word: str) -> None:
    assert vocabulary.is_known(word, frozenset())
