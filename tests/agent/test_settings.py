"""What the settings of the model allow, and what they refuse before anything is asked."""

from __future__ import annotations

import pytest

from worker.agent.budget import limits_of, prices_of
from worker.domain.conversation import Usage
from worker.errors import ConfigurationError
from worker.settings import Settings, load_settings

KEY = {"SPIKETRACE_GEMINI_API_KEY": "some-key"}


VERTEX = {
    "SPIKETRACE_GEMINI_GCP_PROJECT": "p",
    "SPIKETRACE_GEMINI_GCP_REGION": "r",
    "SPIKETRACE_GEMINI_GCP_CREDENTIALS": "{}",
}


def test_a_day_is_200_narratives_in_every_part() -> None:
    one, day = limits_of(Settings())
    assert [round(whole / part, 6) for part, whole in zip(one, day, strict=True)] == [200.0] * 4


def test_a_narrative_of_answers_alone_is_within_its_money() -> None:
    settings = Settings()
    assert prices_of(settings).of(Usage(0, settings.gemini_max_tokens)) <= settings.gemini_max_usd
    assert prices_of(settings).of(Usage(1_000_000, 0)) == 0.30


@pytest.mark.parametrize(
    ("settings", "has_model"),
    [
        ({}, False),
        (KEY, True),
        ({"SPIKETRACE_GEMINI_GCP_PROJECT": "p", "SPIKETRACE_GEMINI_GCP_REGION": "r"}, False),
        (VERTEX, True),
    ],
)
def test_a_model_is_a_key_or_all_of_vertex(settings: dict[str, str], has_model: bool) -> None:
    assert load_settings(settings).has_model is has_model


@pytest.mark.parametrize(
    ("settings", "writes"),
    [
        ({"SPIKETRACE_NARRATIVES": "true"}, False),
        (KEY, True),
        (KEY | {"SPIKETRACE_NARRATIVES": "false"}, False),
        # They may be there for Kibana's connector alone: then nothing is sent to Google from here.
        (VERTEX, False),
        (VERTEX | {"SPIKETRACE_NARRATIVES": "true"}, True),
    ],
)
def test_narratives_are_written_where_that_is_meant(settings: dict[str, str], writes: bool) -> None:
    assert load_settings(settings).writes_narratives is writes


def test_a_key_travels_encrypted() -> None:
    with pytest.raises(ConfigurationError, match="GEMINI_BASE_URL would send credentials over plain http"):
        load_settings(KEY | {"SPIKETRACE_GEMINI_BASE_URL": "http://proxy.example"})


def test_a_narrative_ends_before_its_task() -> None:
    short = {"SPIKETRACE_TASK_TIME_LIMIT_SECONDS": "60"}
    assert not load_settings(short).has_model
    assert not load_settings(
        KEY | short | {"SPIKETRACE_NARRATIVES": "false", "SPIKETRACE_MODEL_ANSWERS": "false"}
    ).writes_narratives
    with pytest.raises(ConfigurationError, match="GEMINI_MAX_SECONDS must be 20 below"):
        load_settings(KEY | short)
