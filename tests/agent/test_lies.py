"""A model that lies, through the real loop: no lie reaches the report unmarked, and the truth comes through."""

from __future__ import annotations

import re

import pytest

from tests.agent.conftest import Scene
from tests.agent.lies import LIES, TRUTH
from tests.agent.test_injections import SETTLED
from worker.domain.report import Report

LEAST_KEPT = 0.95


def written(found: Report, before: Report) -> str:
    sections = found.sections
    advice = sections.recommendations[len(before.sections.recommendations) :]
    overview = sections.overview.removeprefix(before.sections.overview)
    return "\n".join([overview, found.narrative.reasoning, *advice])


@pytest.mark.parametrize(("sentence", "false"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_no_lie_reaches_the_report_unmarked(scene: Scene, sentence: str, false: str) -> None:
    answer = {
        "overview": f"24 % of the requests of checkout fail [e2]. {sentence}",
        "reasoning": f"{sentence} CPU of checkout is at 28 % [e1].",
        "recommendations": [sentence, f"Roll back deploy-9 of checkout. {sentence}"],
    }
    found = scene.narrated({"answer": answer})
    assert found.narrative.state == "done"
    told = written(found, scene.pending)
    unmarked = re.sub(r"\S+(?: \S+)? \[unverified\]", "", told)
    # What the true sentences beside it say is no lie.
    for true in (
        "24 % of the requests of checkout fail [e2].",
        "CPU of checkout is at 28 % [e1].",
        "deploy-9 of checkout",
    ):
        unmarked = unmarked.replace(true, "")
    assert false not in unmarked, told
    assert found.narrative.claims_removed + found.narrative.claims_marked > 0
    assert "CPU of checkout is at 28 %" in told
    for name in SETTLED:
        assert getattr(found, name) == getattr(scene.pending, name)


def test_the_truth_comes_through(scene: Scene) -> None:
    found = scene.narrated({"answer": TRUTH})
    narrative = found.narrative
    lost = narrative.claims_removed + narrative.claims_marked
    assert narrative.claims_checked >= 30
    assert 1 - lost / narrative.claims_checked >= LEAST_KEPT, written(found, scene.pending)
    for text in (TRUTH["overview"], TRUTH["reasoning"], *TRUTH["recommendations"]):
        sentences = re.findall(r".+?\.(?= |$)", str(text))
        kept = [one for one in sentences if one in written(found, scene.pending)]
        assert len(kept) >= LEAST_KEPT * len(sentences), set(sentences) - set(kept)


def test_there_are_enough_ways_to_lie() -> None:
    assert len({lie[1] for lie in LIES}) >= 40
