"""How many there are of what a report lists: candidates, changes, services affected, and what the rule fires at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.fields import dimension_of
from worker.agent.grounding.report.known import Change, Fact, Known, Subject
from worker.agent.grounding.report.said import Said


def facts(known: Known) -> Iterator[Fact]:
    yield from _changes(known)
    yield Fact(len(known.report.candidates), "of candidates")
    for item in known.report.evidence:
        yield from (
            Fact(len(item.result[one]), "of calls", signal=one) for one in SLOWER_OR_FEWER if one in item.result
        )
    weighed = known.report.severity_facts
    if weighed and weighed.services_affected is not None:
        yield Fact(weighed.services_affected, "of services", signal="affected")
    rises = {one.subject.service for one in known.facts if one.whole == "rise" and one.value > 0}
    if rises:
        yield Fact(len(rises), "of services", signal="contributing")
    yield from _unsampled(known)
    yield from _thresholds(known)
    for lines in re.findall(r"\brests on (\d+) log lines\b", known.report.sections.overview):
        yield Fact(float(lines), "lines", known.scope, "basis")


def _unsampled(known: Known) -> Iterator[Fact]:
    """ "Emissions of auth, cart, catalog and 9 more": nine, and twelve in all."""
    for gap in known.report.gaps:
        for named, more in re.findall(r"\bof ([\w:.-]+(?:, [\w:.-]+)*) and (\d+) more\b", gap.what):
            yield Fact(float(more), "of services", signal="unsampled", of="more")
            for signal in ("unsampled", "silent"):
                yield Fact(float(more) + named.count(",") + 1, "of services", signal=signal)


def _thresholds(known: Known) -> Iterator[Fact]:
    """ "sum(emissions_kg_co2e) is greater than 0.18": 0.18, or 0.18 kg."""
    conditions = known.report.alert.conditions
    factor = 1000.0 if "_kg" in conditions else 1.0 if "grams" in conditions else None
    for found in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w.])", conditions):
        value = float(found.replace(",", ""))
        yield Fact(value, "count", known.scope, "threshold")
        if factor:
            yield Fact(value * factor, "grams", known.scope, "threshold")
        dimension, scale = dimension_of((conditions.partition(")")[0],))
        if dimension == "seconds":
            # "avg(latency_ms) is greater than 500".
            yield Fact(value * scale, dimension, known.scope, "threshold")


def _changes(known: Known) -> Iterator[Fact]:
    """ "Six changes, four deployments and two flags": of all, and of each service or region."""
    whose = {Subject(None), *(Subject(one.service) for one in known.changes)}
    whose |= {Subject(None, one.region) for one in known.changes if one.region}
    for of in whose:
        made = [one for one in known.changes if one.at and of.service in (None, one.service)]
        made = [one for one in made if of.region in (None, one.region)]
        nouns = {"changes": made, **({"versions": made} if of.service else {})}
        deployed = [one for one in made if one.kind in (None, "deployment")]
        nouns |= {"deployments": deployed, "releases": deployed, "rollouts": deployed}
        kinds = {"flag", *(one.kind for one in known.changes if one.kind)} - {"deployment"}
        nouns |= {f"{kind}s": [one for one in made if one.kind == kind] for kind in kinds}
        yield from (Fact(_distinct(some), f"of {noun}", of) for noun, some in nouns.items())


def _distinct(changes: list[Change]) -> int:
    return len({one.deployment_id for one in changes})


SLOWER_OR_FEWER = ("slower", "fewer")
SAID = {
    "slower": re.compile(r"\b(?:longer|slow\w*)\b", re.IGNORECASE),
    "fewer": re.compile(r"\b(?:missing|fewer|stopped|no longer|absent|lost)\b", re.IGNORECASE),
    "affected": re.compile(r"\b(?:affected|hit|suffer\w*|impacted|involved)\b", re.IGNORECASE),
    "unsampled": re.compile(r"\b(?:sampl\w*|measured|gaps?|missing)\b", re.IGNORECASE),
    "silent": re.compile(r"\b(?:silen\w+|pauses?d?|quiet)\b", re.IGNORECASE),
    "contributing": re.compile(r"\b(?:contribut\w+|rise|rises|increase\w*|share\w*|account\w*)\b", re.IGNORECASE),
}


def is_of_whom(fact: Fact, said: Said) -> bool:
    """ "Two deployments touched us-central1": neither all of them nor those of a service that is not spoken of."""
    if fact.subject.region or (fact.subject.service is None and fact.signal is None and said.regions):
        return {fact.subject.region} == {*said.regions} or not fact.dimension.startswith(MADE)
    told = said.names | {*re.findall(r"[\w.:-]*\w", said.previous)}
    return fact.subject.service is None or fact.subject.service in told


MADE = ("of changes", "of deployments", "of releases", "of rollouts", "of versions")


MORE = re.compile(r" (?:more|other|further|additional|others)\b")


def fits(fact: Fact, said: Said) -> bool:
    """ "Three services are affected", "two services contribute to the rise": in those words."""
    words = SAID.get(fact.signal or "")
    if fact.of == "more" and not MORE.match(said.after):
        return False
    is_open = fact.signal == "unsampled" and words and words.search(said.previous)
    return words is None or bool(is_open or words.search(said.clause))
