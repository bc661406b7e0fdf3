"""`make faults`: every fault by itself and every two at once, in an order left to chance, each with the check."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from random import Random, randrange

import httpx
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tests.faults.deployment import deployed
from tests.faults.enduring import endure
from tests.faults.kinds import FAULTS, Fault, broker_comes_back_empty, worker_is_killed_in_a_delivery

PASSED, FAILED = "alerts accounted for", "FAILED:"
Faults = tuple[Fault, ...]
# An alert that was answered with 202 and is nowhere but in the broker is lost with the broker's disk: these two keep
# it there (docs/architecture.md).
NOT_WHILE_EMPTIED = {
    "elasticsearch_is_away",
    "elasticsearch_rejects",
    "elasticsearch_is_read_only",
    "elasticsearch_disk_is_full",
}
# No incident is recorded, or no message reaches a worker.
NO_DELIVERY = NOT_WHILE_EMPTIED | {"telemetry_is_deleted"} | {f.__name__ for f in FAULTS if "broker_" in f.__name__}
OF_ONE_PART = {fault.__name__ for fault in FAULTS if fault.__name__.startswith(("broker_", "worker_", "beat_"))}


def combined(only: list[str]) -> Iterator[Faults]:
    faults = [fault for fault in FAULTS if not only or fault.__name__ in only]
    yield from ((fault,) for fault in faults)
    for pair in combinations(faults, 2):
        if _go_together(*pair):
            yield pair


def _go_together(one: Fault, other: Fault) -> bool:
    """What is killed cannot be killed once more meanwhile, and nobody dies in a delivery that does not come about."""
    names = {one.__name__, other.__name__}
    if worker_is_killed_in_a_delivery in (one, other) and names & NO_DELIVERY:
        return False
    if len({name.partition("_")[0] for name in names & OF_ONE_PART}) == 1 and names <= OF_ONE_PART:
        return False
    return broker_comes_back_empty not in (one, other) or not names & NOT_WHILE_EMPTIED


def named(faults: Faults) -> str:
    return "+".join(fault.__name__ for fault in faults)


def by_name(text: str) -> Faults:
    """Faults whose names are joined by `+`; the first is the outer one. Raises ArgumentTypeError."""
    known = {fault.__name__: fault for fault in FAULTS}
    if unknown := [name for name in text.split("+") if name not in known]:
        raise argparse.ArgumentTypeError(f"there is no fault {unknown[0]}: there are {', '.join(known)}")
    return tuple(known[name] for name in text.split("+"))


def passed_in(printed: str) -> set[str]:
    """The combinations that an earlier run, of which this was printed, came through."""
    return set(re.findall(rf"^round .* s  (\S+): \d+ {PASSED}$", printed, re.MULTILINE))


def run(chosen: list[Faults], seed: int, alerts: int, version: str | None) -> Iterator[str]:
    """What is to be printed of each. After a failure the rest goes on with a new deployment."""
    draw = Random(seed)
    draw.shuffle(chosen)
    while chosen:
        with (
            tempfile.TemporaryDirectory(prefix="spiketrace-faults-") as folder,
            deployed(Path(folder), version) as deployment,
        ):
            while chosen:
                faults, began = chosen.pop(), time.monotonic()
                try:
                    told = f"{endure(deployment, faults, draw, alerts=alerts)} {PASSED}"
                except (AssertionError, OSError, OperationalError, RedisError, httpx.HTTPError) as error:
                    told = f"{FAILED} {type(error).__name__}: {error}"
                yield f"{time.monotonic() - began:6.1f} s  {named(faults)}: {told}"
                if FAILED in told:
                    break


def main() -> None:
    names = ", ".join(fault.__name__ for fault in FAULTS)
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__, epilog=f"Faults: {names}.")
    parser.add_argument("--rounds", type=int, default=1, help="how often, each on a new deployment (1)")
    parser.add_argument("--seed", type=int, default=randrange(1_000_000), help="of all that is left to chance")
    parser.add_argument("--only", nargs="+", default=[], metavar="FAULT", help="these, and every two of these")
    parser.add_argument("--pairs", nargs="+", type=by_name, metavar="FAULT+FAULT", help="these combinations alone")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="without what passed in a run that printed FILE")
    parser.add_argument("--elasticsearch", metavar="VERSION", help="a real one (Java, Maven), not the embedded engine")
    parser.add_argument("--alerts", type=int, default=4, help="before and during each (4)")
    asked = parser.parse_args()
    over = passed_in(asked.resume.read_text(encoding="utf-8")) if asked.resume else set()
    chosen = [faults for faults in asked.pairs or combined(asked.only) if named(faults) not in over]
    failed = 0
    print(f"{len(chosen)} combinations; seed {asked.seed}; repeat with --seed {asked.seed}", flush=True)
    for number in range(1, asked.rounds + 1):
        for told in run(list(chosen), asked.seed + number - 1, asked.alerts, asked.elasticsearch):
            failed += FAILED in told
            print(f"round {number}  {told}", flush=True)
    print(f"{failed} failed; seed {asked.seed}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
