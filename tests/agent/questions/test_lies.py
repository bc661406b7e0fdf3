"""A model that lies in an answer: no lie stands unmarked, and the truth comes through."""

from __future__ import annotations

import re

import pytest

from tests.agent.lies import LIES, TRUTH
from tests.agent.questions.conftest import Scene, nothing_else_changed, words_of
from worker.answering.answer import Answer

LEAST_KEPT = 0.95
TRUE = "24 % of the requests of checkout fail [e2]."
# Of an answer that rests on no report: of search 7.77 kgCO₂e are true, of checkout 3.93, and 11.7 in all.
OF_RANKING = [
    ("wrong amount", "search emitted 9.41 kgCO₂e [e1].", "9.41"),
    ("another service's amount", "checkout emitted 7.77 kgCO₂e [e1].", "7.77"),
    ("wrong unit", "search emitted 7.77 gCO₂e [e1].", "7.77"),
    ("wrong share", "search emitted 12 % of it [e1].", "12 %"),
    ("another service's share", "checkout emitted 66.4 % of it [e1].", "66.4 %"),
    ("invented cause", "A deployment of search caused the emissions [e1].", "caused"),
    ("invented deployment", "deploy-77 went out in search [e1].", "deploy-77"),
    ("invented service", "The ledger-db service emitted 7.77 kgCO₂e [e1].", "ledger-db"),
    ("invented rise", "The emissions of search rose [e1].", "rose"),
    ("all is well", "Everything is fine with search [e1].", "fine"),
    ("nothing to see", "There is no incident in checkout [e1].", "no incident"),
    ("wrong severity", "This is of critical severity [e1].", "critical"),
    ("invented quote", 'The log of search says "disk quota exceeded" [e1].', "disk quota"),
    ("invented time", "search emitted 7.77 kgCO₂e since 09:20 UTC [e1].", "09:20"),
    ("invented evidence", "search emitted 7.77 kgCO₂e [e42].", "[e42]"),
    ("per request", "search emitted 7.77 kgCO₂e per request [e1].", "7.77"),
    ("each request", "Each request to search emitted 7.77 kgCO₂e [e1].", "7.77"),
    ("told as usual", "search usually emits 7.77 kgCO₂e [e1].", "7.77"),
    ("told as excess", "search emitted 7.77 kgCO₂e more than expected [e1].", "7.77"),
    ("told as failures", "66.4 % of the requests of search fail [e1].", "66.4 %"),
    ("told as users", "66.4 % of the users of search are affected [e1].", "66.4 %"),
    ("told as a peak", "The emissions of search peaked at 7.77 kgCO₂e [e1].", "7.77"),
    ("by another's doing", "checkout made search emit 7.77 kgCO₂e [e1].", "7.77"),
    ("it, of another", "checkout emitted 33.6 % of it [e1]. It emitted 7.77 kgCO₂e [e1].", "7.77"),
    ("invented version", "search emitted 7.77 kgCO₂e since version 9.1.0 [e1].", "9.1.0"),
    ("growth", "search emitted 7.77 kgCO₂e and keeps growing [e1].", "growing"),
    ("a mere name", "search is the worst offender [e1].", "offender"),
]


def unmarked(text: str) -> str:
    return re.sub(r"\S+(?: \S+)? \[unverified\]", "", text).replace(TRUE, "")


@pytest.mark.parametrize(("sentence", "false"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_no_lie_about_a_report_stands_unmarked(scene: Scene, explained: Answer, sentence: str, false: str) -> None:
    found = scene.said(explained, f"{TRUE} {sentence}")
    words = words_of(found, explained)
    assert false not in unmarked(words), words
    assert TRUE in words
    assert found.claims_removed + found.claims_marked > 0
    nothing_else_changed(found, explained)


@pytest.mark.parametrize(("sentence", "false"), [lie[1:] for lie in OF_RANKING], ids=[lie[0] for lie in OF_RANKING])
def test_no_lie_stands_unmarked_where_there_is_no_report(
    scene: Scene, ranked: Answer, sentence: str, false: str
) -> None:
    found = scene.said(ranked, f"search emitted 66.4 % of it [e1]. {sentence}")
    words = words_of(found, ranked)
    assert words.startswith("search emitted 66.4 % of it [e1].")
    assert false not in unmarked(words.removeprefix("search emitted 66.4 % of it [e1].")), words
    nothing_else_changed(found, ranked)


def test_the_truth_comes_through(scene: Scene, explained: Answer, ranked: Answer) -> None:
    found = scene.said(explained, f"{TRUTH['overview']} {TRUTH['reasoning']}")
    lost = found.claims_removed + found.claims_marked
    assert found.claims_checked >= 30
    assert 1 - lost / found.claims_checked >= LEAST_KEPT, words_of(found, explained)
    true = (
        "search emitted 7.77 kgCO₂e [e1]. checkout emitted 33.6 % of 11.7 kgCO₂e [e1]. "
        "In total, 11.7 kgCO₂e were emitted [e1]. search has the largest share, with 66.4 % [e1]. "
        "checkout follows with 3.93 kgCO₂e [e1]. search alone accounts for 66.4 % of the emissions [e1]."
    )
    assert words_of(scene.said(ranked, true), ranked) == true
