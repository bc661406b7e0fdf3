"""Factor tables: what is shipped, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from worker.errors import ConfigurationError
from worker.impact import tables
from worker.impact.tables import Grid, Machine, load_factors, read_table, shipped

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "carbon" / "gcp-regions-2024.csv"
HEADER = "provider,region,g_per_kwh,pue,year,source,licence"
GOOD = "gcp,us-central1,412.72,1.1,2024,somewhere,Apache-2.0"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of our own in place of the shipped one."""
    folder = tmp_path / "factors"
    folder.mkdir()
    monkeypatch.setattr(tables, "files", lambda package: tmp_path)
    return folder / "grid.csv"


# --- shipped


def test_every_provider_with_a_grid_has_a_machine() -> None:
    assert {provider for provider, _ in shipped().grids} == set(shipped().machines)


def test_no_region_is_listed_twice() -> None:
    assert len(read_table("grid_intensity.csv", Grid)) == len(shipped().grids)
    assert len(read_table("machine.csv", Machine)) == len(shipped().machines)


@pytest.mark.parametrize(
    ("provider", "region", "g_per_kwh", "pue"),
    [
        ("gcp", "us-central1", 412.72, 1.1),
        ("gcp", "europe-west1", 103.37, 1.1),
        ("aws", "us-east-1", 396.25, 1.15),
        ("aws", "eu-central-1", 370.93, 1.33),
        ("aws", "eu-west-3", 52.87, 1.135),
        ("azure", "swedencentral", 24.71, 1.16),
    ],
)
def test_factors_are_those_of_their_sources(provider: str, region: str, g_per_kwh: float, pue: float) -> None:
    found = shipped().grids[provider, region]
    assert (found.g_per_kwh, found.pue) == (g_per_kwh, pue)


@pytest.mark.parametrize(
    ("provider", "least", "most"), [("aws", 0.74, 3.5), ("azure", 0.74, 3.54), ("gcp", 0.68, 4.11)]
)
def test_watts_run_from_idle_to_full_load(provider: str, least: float, most: float) -> None:
    machine = shipped().machines[provider]
    assert [machine.watts(share) for share in (0, 1)] == [pytest.approx(least), pytest.approx(most)]
    assert machine.watts(0.5) == pytest.approx((least + most) / 2)
    assert [machine.watts(share) for share in (-1, 7)] == [pytest.approx(least), pytest.approx(most)]


def test_prices_and_watts_are_in_order() -> None:
    for machine in shipped().machines.values():
        assert machine.watts_min < machine.watts_max
        assert machine.usd_per_vcpu_hour_low <= machine.usd_per_vcpu_hour_likely <= machine.usd_per_vcpu_hour_high


@pytest.mark.skipif(not SHARED.is_file(), reason="the source's own table is not here to compare with")
def test_regions_of_gcp_are_those_of_the_source() -> None:
    with SHARED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    name = next(key for key in rows[0] if "region" in key.lower())
    intensity = next(key for key in rows[0] if "intensity" in key.lower())
    stated = {row[name]: float(row[intensity]) for row in rows if row[intensity]}
    assert {
        region: grid.g_per_kwh for (provider, region), grid in shipped().grids.items() if provider == "gcp"
    } == stated


# --- refused


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ("gcp,us-central1,,1.1,2024,somewhere,MIT", "g_per_kwh"),
        ("gcp,us-central1,about 400,1.1,2024,somewhere,MIT", "g_per_kwh"),
        ("gcp,us-central1,0,1.1,2024,somewhere,MIT", "g_per_kwh"),
        ("gcp,us-central1,-5,1.1,2024,somewhere,MIT", "g_per_kwh"),
        ("gcp,us-central1,41272,1.1,2024,somewhere,MIT", "g_per_kwh"),
        ("gcp,us-central1,nan,1.1,2024,somewhere,MIT", "g_per_kwh"),
        ("gcp,us-central1,inf,1.1,2024,somewhere,MIT", "g_per_kwh"),
        ("gcp,us-central1,412.72,0.9,2024,somewhere,MIT", "pue"),
        ("gcp,us-central1,412.72,110,2024,somewhere,MIT", "pue"),
        ("gcp,us-central1,412.72,1.1,24,somewhere,MIT", "year"),
        ("gcp,us-central1,412.72,1.1,2024.5,somewhere,MIT", "year"),
        ("gcp,us-central1,412.72,1.1,2024,", "source"),
        ("gcp,us-central1,412.72,1.1,2024", "source"),
        ("gcp,us-central1,412.72,1.1", "year"),
        ('gcp,us-central1,"412,72",1.1,2024,somewhere,MIT', "g_per_kwh"),
    ],
)
@pytest.mark.parametrize("good_rows", [0, 3])
def test_a_malformed_row_is_refused_with_its_file_and_line(written: Path, row: str, key: str, good_rows: int) -> None:
    written.write_text("\n".join([HEADER, *[GOOD] * good_rows, row]), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        read_table("grid.csv", Grid)
    assert refused.value.reason.startswith(f"grid.csv, line {good_rows + 2}: {key}: ")


MACHINE_HEADER = (
    "provider,watts_min,watts_max,usd_per_vcpu_hour_low,usd_per_vcpu_hour_likely,usd_per_vcpu_hour_high,"
    "year,source,licence"
)
MACHINE = ["gcp", "0.68", "4.11", "0.0335", "0.0475", "0.0486", "2023", "somewhere", "MIT"]


@pytest.mark.parametrize("column", range(1, 6))
@pytest.mark.parametrize("value", ["", "0", "-1", "nan", "50", "x"])
def test_a_machine_that_cannot_be_is_refused(written: Path, column: int, value: str) -> None:
    key = MACHINE_HEADER.split(",")[column]
    row = [*MACHINE[:column], value, *MACHINE[column + 1 :]]
    written.write_text(f"{MACHINE_HEADER}\n{','.join(MACHINE)}\n{','.join(row)}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"grid\.csv, line 3: {key}: "):
        read_table("grid.csv", Machine)


def test_a_row_with_a_column_too_many_is_refused(written: Path) -> None:
    written.write_text(f"{HEADER}\n{GOOD}\n{GOOD},more\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"grid\.csv, line 3"):
        read_table("grid.csv", Grid)


def test_a_column_that_nobody_knows_is_refused(written: Path) -> None:
    written.write_text(f"{HEADER},market_based\n{GOOD},0\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"grid\.csv, line 2: market_based"):
        read_table("grid.csv", Grid)


def test_a_column_that_is_missing_is_refused(written: Path) -> None:
    written.write_text(
        "provider,region,g_per_kwh,year,source,licence\ngcp,us-central1,400,2024,somewhere,MIT\n", encoding="utf-8"
    )
    with pytest.raises(ConfigurationError, match=r"grid\.csv, line 2: pue"):
        read_table("grid.csv", Grid)


def test_a_good_table_is_read_as_it_stands(written: Path) -> None:
    written.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    assert read_table("grid.csv", Grid) == [
        Grid(
            provider="gcp",
            region="us-central1",
            g_per_kwh=412.72,
            pue=1.1,
            year=2024,
            source="somewhere",
            licence="Apache-2.0",
        )
    ]


# --- tables of one's own


def test_a_table_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    prices = f"{MACHINE_HEADER}\ngcp,0.68,4.11,0.01,0.02,0.03,2026,our contract,ours\n"
    (tmp_path / "machine.csv").write_text(prices, encoding="utf-8")
    own = load_factors(tmp_path)
    assert own.machines["gcp"].usd_per_vcpu_hour_likely == 0.02
    assert own.grids == shipped().grids


def test_a_region_listed_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "grid_intensity.csv").write_text("\n".join([HEADER, GOOD, GOOD]), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"grid_intensity\.csv lists \('gcp', 'us-central1'\) twice"):
        load_factors(tmp_path)


def test_a_number_too_many_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "grid_intensity.csv").write_text(f"{HEADER}\n{GOOD},more\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"grid_intensity\.csv, line 2: more values"):
        load_factors(tmp_path)


def test_a_range_out_of_order_is_refused(tmp_path: Path) -> None:
    header = "name,low,likely,high,unit,year,source,licence"
    (tmp_path / "coefficients.csv").write_text(f"{header}\nmemory energy,3,2,1,kWh,2024,s,l\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"coefficients\.csv, line 2: .*not in order"):
        load_factors(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "machine.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read as UTF-8"):
        load_factors(tmp_path)


def test_a_coefficient_that_a_table_of_ones_own_leaves_out_is_named(tmp_path: Path) -> None:
    header = "name,low,likely,high,unit,year,source,licence"
    (tmp_path / "coefficients.csv").write_text(f"{header}\nmemory energy,1,1,1,kWh,2024,s,l\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"coefficients\.csv lacks 'usual utilisation'"):
        load_factors(tmp_path)


def test_every_row_says_where_it_is_from_and_under_which_licence() -> None:
    known = shipped()
    rows = [*known.grids.values(), *known.others.values(), *known.machines.values(), *known.coefficients.values()]
    assert all(row.source and row.licence and row.year for row in [*rows, *known.comparisons])
    assert len(known.others) >= 45
