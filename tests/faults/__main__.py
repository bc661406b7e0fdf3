"""`make faults`: every fault by itself and every two at once, in an order left to chance, each with the check."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from random import Random, randrange

from tests.faults.deployment import deployed
from tests.faults.enduring import endure
from tests.faults.kinds import FAULTS, Fault, broker_comes_back_empty, worker_is_killed_in_a_delivery

# An alert that was answered with 202 and is nowhere but in the broker is lost with the broker's disk: these two keep
# it there (docs/architecture.md).
NOT_WHILE_EMPTIED = {"elasticsearch_is_away", "elasticsearch_rejects", "elasticsearch_is_read_only"}
# No incident is recorded, or no message reaches a worker.
NO_DELIVERY = NOT_WHILE_EMPTIED | {"telemetry_is_deleted"} | {f.__name__ for f in FAULTS if "broker_" in f.__name__}
OF_ONE_PART = {fault.__name__ for fault in FAULTS if fault.__name__.startswith(("broker_", "worker_"))}


def combined(only: list[str]) -> Iterator[tuple[Fault, ...]]:
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


def run(rounds: int, seed: int, only: list[str], alerts: int) -> int:
    """How many combinations failed."""
    failed, draw = 0, Random(seed)
    print(f"seed {seed}; repeat with --seed {seed}", flush=True)
    for number in range(1, rounds + 1):
        chosen = list(combined(only))
        draw.shuffle(chosen)
        with tempfile.TemporaryDirectory(prefix="spiketrace-faults-") as folder, deployed(Path(folder)) as deployment:
            for faults in chosen:
                began, named = time.monotonic(), " + ".join(fault.__name__ for fault in faults)
                try:
                    told = f"{endure(deployment, faults, draw, alerts=alerts)} alerts accounted for"
                except AssertionError as error:
                    failed += 1
                    told = f"FAILED: {error}"
                print(f"round {number}  {time.monotonic() - began:6.1f} s  {named}: {told}", flush=True)
    print(f"{failed} failed; seed {seed}")
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often, each on a new deployment (1)")
    parser.add_argument("--seed", type=int, default=randrange(1_000_000), help="of all that is left to chance")
    parser.add_argument("--only", nargs="*", default=[], metavar="FAULT", help=", ".join(f.__name__ for f in FAULTS))
    parser.add_argument("--alerts", type=int, default=4, help="before and during each (4)")
    asked = parser.parse_args()
    sys.exit(1 if run(asked.rounds, asked.seed, asked.only, asked.alerts) else 0)


if __name__ == "__main__":
    main()
