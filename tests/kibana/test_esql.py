"""What a rule reads of an ES|QL query."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibana.esql import at_time, clock_out_of_reach, grouping_fields, has_window_parameters, row_fields

THEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAID = 'TO_DATETIME("2026-11-23T12:00:00.000Z")'


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("FROM a | STATS n = COUNT(*) BY service, region", ["service", "region"]),
        ("from a | stats n = count(*) by `my field`, cloud.region | where n > 5", ["my field", "cloud.region"]),
        ("FROM a | STATS COUNT(*) BY service | STATS MAX(n) BY region", ["region"]),
        ("FROM a | STATS COUNT(*) BY service | RENAME service AS who", ["who"]),
        ("FROM a | STATS COUNT(*) BY service | RENAME who = service", ["who"]),
        ("FROM a | STATS COUNT(*) BY bucket = DATE_TRUNC(1 hour, t), service", ["service"]),
        ('FROM a | WHERE m == "| STATS x BY y" | STATS COUNT(*) BY service // BY region', ["service"]),
        ("FROM a | STATS COUNT(*)", []),
        ("FROM a | LIMIT 5", []),
    ],
)
def test_the_fields_after_by(query: str, fields: list[str]) -> None:
    assert grouping_fields(query) == fields


@pytest.mark.parametrize(
    ("query", "columns", "fields"),
    [
        ("FROM a | STATS n = COUNT(*) BY service, region", ["n", "service"], ["service"]),
        ("FROM a | STATS n = COUNT(*) BY service | DROP service", ["n"], ["n"]),
        ("FROM a METADATA _id, _index | LIMIT 5", ["m", "_id"], ["_id"]),
        ("FROM a METADATA _id | DROP _id", ["m", "t"], ["m", "t"]),
        ("FROM a | KEEP m, t", ["m", "t"], ["m", "t"]),
    ],
)
def test_the_columns_that_name_a_row(query: str, columns: list[str], fields: list[str]) -> None:
    assert row_fields(query, columns) == fields


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("WHERE t > NOW() - 1 day", f"WHERE t > {SAID} - 1 day"),
        ("WHERE t > now ( ) AND x < NOW()", f"WHERE t > {SAID} AND x < {SAID}"),
        ('WHERE m == "NOW()" // NOW()', 'WHERE m == "NOW()" // NOW()'),
        ('WHERE m == """a "NOW()" b"""', 'WHERE m == """a "NOW()" b"""'),
        ("EVAL now = 1, x = `NOW()`, y = now(z)", "EVAL now = 1, x = `NOW()`, y = now(z)"),
    ],
)
def test_now_is_then(query: str, asked: str) -> None:
    assert at_time(query, THEN) == asked


def test_what_cannot_be_moved_is_named() -> None:
    assert clock_out_of_reach("FROM a | WHERE TRANGE(1h)") == "TRANGE"
    assert clock_out_of_reach('FROM a | WHERE m == "TRANGE(1h)"') is None


def test_a_window_of_its_own() -> None:
    assert has_window_parameters("FROM a | WHERE t >= ?_tstart")
    assert not has_window_parameters('FROM a | WHERE m == "?_tstart"')


@given(query=st.text(alphabet='ab |,()"`/*\n\\=now', max_size=60))
def test_any_text_without_the_time_stays_as_it_is(query: str) -> None:
    assert "now" in query or at_time(query, THEN) == query
    assert isinstance(grouping_fields(query), list)
