"""The right past incident is found: on the half of the corpus that no weight was chosen on."""

from __future__ import annotations

from dataclasses import replace

from demo.standins import gemini_embedder
from evaluation.similar import methods
from evaluation.similar.__main__ import by_people_alone, lines, loaded, measured, score
from evaluation.similar.corpus import causes, company
from tests.engines.servers import Engine
from worker.analysis.likeness.rank import WEIGHTS
from worker.elastic import connect_elasticsearch
from worker.settings import Settings

HELD_OUT = [company(seed) for seed in (0, 1)]


def test_text_and_structure_find_more_than_either_and_than_before() -> None:
    for companies in (HELD_OUT, [by_people_alone(one) for one in HELD_OUT]):
        found = measured(None, companies, "held_out")
        both = found["text and structure"]
        assert both.mrr > found["as before this"].mrr + 0.2
        assert both.hit_1 >= max(found["text alone"].hit_1, found["structure alone"].hit_1) - 0.03


def test_the_halves_share_no_cause_and_the_same_seed_lays_out_the_same() -> None:
    halves = {half: {one.id for one in causes() if one.half == half} for half in ("tuning", "held_out")}
    assert halves["tuning"].isdisjoint(halves["held_out"])
    assert sum(map(len, halves.values())) == len(causes()) == 24
    assert company(3) == company(3) != company(4)


def test_a_wrong_method_is_scored_as_one() -> None:
    assert score(lambda *_: ["nothing"], HELD_OUT, "held_out").mrr == 0.0
    assert score(lambda _, asked: sorted(asked.right)[:1], HELD_OUT, "held_out").hit_1 == 1.0


def test_an_engine_that_only_finds_is_weighed_as_a_whole_history_is(embedded_engine: Engine) -> None:
    (one,) = HELD_OUT[:1]
    some = replace(one, asked=one.asked[::9])
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client, loaded(client, one):
        engine = score(methods.found_and_weighed(client, "spiketrace-evaluation-similar"), [some], "held_out")
    memory = score(methods.weighed_by(WEIGHTS), [some], "held_out")
    assert abs(engine.mrr - memory.mrr) < 0.2
    assert engine.mrr > score(methods.until_now, [some], "held_out").mrr


def test_every_method_is_told(embedded_engine: Engine) -> None:
    few = [replace(HELD_OUT[0], asked=HELD_OUT[0].asked[:6])]
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        found = {"tuning": {"people alone": measured(client, few, "tuning")}}
    told = "\n".join(lines(found))
    assert "a history by people alone: 6 new incidents" in told
    assert len(told.splitlines()) == 4 + 6


def test_embeddings_are_measured_beside_the_rest_and_never_make_it_worse() -> None:
    """Of words, as the stand-in makes them: that tells nothing of Gemini's."""
    few = [replace(by_people_alone(HELD_OUT[0]), asked=HELD_OUT[0].asked[::4])]
    found = measured(None, few, "held_out", lambda text: gemini_embedder.vector(text, 64))
    assert found["embeddings alone"].mrr > 0
    assert found["both, then embeddings"].hit_3 >= found["text and structure"].hit_3
    assert found["both, then embeddings"].mrr >= found["text and structure"].mrr
