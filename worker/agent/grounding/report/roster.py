"""Who and what there is: services, regions, deployments, types of errors, who calls whom, and lines that were read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from worker.agent.grounding.report import fields, vocabulary
from worker.agent.grounding.report.known import Change, Known, Subject
from worker.agent.grounding.text.claims import Found
from worker.domain.report import CauseKind
from worker.domain.window import parse_time

WORD = re.compile(r"[^\W\d_]{2,}")
# "The verdict is not_confirmed": as the field has it.
VERDICT_NAME = re.compile(r"[a-z]+_[a-z]+")
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def enrol(known: Known) -> None:
    report = known.report
    # Who writes this report.
    known.names |= {"SpikeTrace", *filter(None, [report.incident_id, *VERDICT_NAME.findall(report.verdict.value)])}
    known.names |= {*RULE_FIELD.findall(report.alert.conditions)}
    for cause in [*report.candidates, *([report.root_cause] if report.root_cause else [])]:
        name(known, cause.service, cause.region, cause.deployment_id, cause.version, cause.error_type)
        if cause.deployment_id:
            known.changes.append(Change(None, cause.service, cause.region, cause.deployment_id, cause.version))
        if cause.error_type:
            _type(known, cause.error_type, cause.service or "")
    name(known, report.service, report.region)
    root = report.root_cause
    if root and root.kind is CauseKind.DEPENDENCY and root.service and report.service:
        known.calls.add((report.service, root.service))
    for item in report.evidence:
        _names_in(known, item.result)
    known.lines += [report.alert.title, report.alert.rule_name, report.alert.conditions, report.alert.instance]
    for past in report.similar_incidents:
        name(known, past.service, past.region, past.id)
        known.lines += [past.title, past.why]
        _message(known, past.service or "", [past.title])


# What the rule sums: "sum(emissions_kg_co2e) is greater than 0.18".
RULE_FIELD = re.compile(r"\b[a-z]+(?:_[a-z\d]+)+\b")


def name(known: Known, service: str | None, region: str | None, *others: str | None) -> None:
    known.services |= {service} if service else set()
    known.regions |= {region} if region else set()
    known.names |= {name for name in (service, region, *others) if name}


def text_of(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _names_in(known: Known, value: Any) -> None:
    match value:
        case {"deployment_id": str(deployment_id)}:
            _change(known, deployment_id, value)
        case Mapping():
            name(known, text_of(value.get("service")), text_of(value.get("region")), text_of(value.get("name")))
            _edge(known, [str(one) for one in value.get("edge") or ()])
            known.services |= set(map(str, value.get("missing") or ()))
            known.services |= {one for one in value.get("names") or () if isinstance(one, str)}
            for item in value.values():
                _names_in(known, item)
        case list() | tuple():
            for item in value:
                _names_in(known, item)


def _edge(known: Known, edge: list[str]) -> None:
    known.services |= set(edge)
    if len(edge) == 2:
        known.calls.add((edge[0], edge[1]))


def _change(known: Known, deployment_id: str, found: Mapping[str, Any]) -> None:
    service, region, version, previous = (
        text_of(found.get(name)) for name in ("service", "region", "version", "previous_version")
    )
    name(known, service, region, deployment_id, version, previous)
    at = parse_time(str(found["at"])) if found.get("at") else None
    known.changes.append(Change(at, service, region, deployment_id, version, previous, text_of(found.get("kind"))))


def subject_of(title: str, known: Known) -> Subject:
    """Evidence of one scope begins with it: `checkout, us-central1: …`."""
    for service in sorted(known.services, key=len, reverse=True):
        if title.startswith((f"{service}: ", f"{service}, ")):
            rest = title[len(service) :]
            region = next((one for one in known.regions if rest.startswith(f", {one}:")), None)
            return Subject(service, region)
    scope, colon, _ = title.partition(": ")
    if not colon or scope in known.regions:
        return Subject(None, scope if colon else None)
    service, _, region = scope.partition(", ")
    name(known, service, region or None)
    return Subject(service, region or None)


def deployment_of(title: str, known: Known) -> str | None:
    """Whose documents are set against the others': `checkout, us-central1: documents of deploy-8841 against …`."""
    return next((one.deployment_id for one in known.changes if f" of {one.deployment_id} against " in title), None)


def logged(known: Known, value: Any, service: str) -> None:
    """Every text that was read, and the words of each service's lines."""
    match value:
        case str():
            known.lines.append(value)
            known.logged.setdefault(service, set()).add(value)
        case {"name": str(error_type), "in_window": count, **rest}:
            messages = [str(one) for one in _items(rest.get("messages"))]
            _type(known, error_type, service)
            _message(known, service, messages if count else [])
            known.lines += [error_type, *messages]
            known.logged.setdefault(service, set()).update((error_type, *messages))
        case {"names": Mapping() as names, **rest}:
            known.calls |= {(service, str(callee)) for callee, share in names.items() if service and share}
            logged(known, rest, service)
        case Mapping():
            of = text_of(value.get("service")) or service
            known.failing |= {of} if value.get("is_error") and value.get("trend") in ("new", "surging") else set()
            _message(known, of, [value.get(field) for field in ("text", "example", "message", "pattern", "title")])
            known.calls |= {(of, one) for one in value.get("names") or () if of and isinstance(one, str)}
            for item in value.values():
                logged(known, item, of)
        case list() | tuple():
            for item in value:
                logged(known, item, service)


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else ()


def _type(known: Known, error_type: str, service: str) -> None:
    known.types.setdefault(error_type, set()).add(service)
    words = {part.lower() for part in CAMEL.findall(error_type)}
    known.messages.setdefault(service, set()).update(words - {"error", "exception"})


def _message(known: Known, service: str, texts: Iterable[Any]) -> None:
    words = known.messages.setdefault(service, set())
    for text in texts:
        if isinstance(text, str):
            words |= set(WORD.findall(text.lower()))


def mentions(text: str, known: Known) -> list[Found]:
    """Known names in the text, the longest where several begin at one place."""
    found = _mentions(text, frozenset(known.names | known.regions), frozenset(known.services), _root(known))
    spelled = fields.spelled(text, known.fields)
    return [
        one for one in found if not any(a <= one.span[0] < b and text[slice(*one.span)] != one.text for a, b in spelled)
    ]


def _root(known: Known) -> str | None:
    return known.report.root_cause.service if known.report.root_cause else None


@lru_cache(maxsize=64)
def _mentions(text: str, names: frozenset[str], services: frozenset[str], root: str | None) -> tuple[Found, ...]:
    capitals = _capitals(services, names)
    aliases = _aliases(services, root) | capitals
    found = _called(names | services | frozenset(aliases)).finditer(text)
    return tuple(
        Found(one.span(), aliases.get(one["name"], one["name"]))
        for one in found
        if not VERB.match(text, one.end("name")) or not (one["name"] in capitals or NO_NAME.search(text[: one.start()]))
    )


@lru_cache(maxsize=64)
def _capitals(services: frozenset[str], names: frozenset[str]) -> dict[str, str]:
    """As a sentence begins with them: "Ledger fails", "Us-central1 has no share in it"."""
    numbered = {one for one in names if re.fullmatch(r"[a-z]+(?:-[a-z]+)*-?\d+", one)}
    capitals = {f"{one[0].upper()}{one[1:]}": one for one in services | numbered if one[:1].islower()}
    return {one: service for one, service in capitals.items() if one not in names | services}


# "Search the logs": what is to be done, where "Search fails" is of the service.
NO_NAME = re.compile(r"\b(?:[Tt]he|to) $")
VERB = re.compile(r" (?:the|its|their|all|every|each|any|these|those|for|through|and (?:re)?\w+ (?:the|its))\b")


@lru_cache(maxsize=64)
def _called(names: frozenset[str]) -> re.Pattern[str]:
    called = sorted((re.escape(one) for one in names if len(one) > 1), key=len, reverse=True) or ["(?!)"]
    return re.compile(rf"(?<![\w-])(?P<name>{'|'.join(called)})(?:(?<=Error)s|(?<=Exception)s)?(?![\w]|-\w|\.\d)")


@lru_cache(maxsize=64)
def _aliases(services: frozenset[str], root: str | None) -> dict[str, str]:
    """What a long name begins with: PetSearch for `PetSearch_AWS::ECS::Fargate`; of several, that of the cause.

    And its one telling part: "the dashboard" for `ts-ui-dashboard`, "payment" for `paymentservice`.
    """
    short = {service: re.split(r"[@_:./]", service)[0] for service in services}
    counts = Counter(short.values())
    begun = {
        one: service
        for service, one in short.items()
        if one != service
        and (len(one) > 3 or re.fullmatch(r"[A-Z][A-Z\d]+", one))
        and (counts[one] == 1 or service == root)
        and one not in services
    }
    parts = {service: {*re.split(r"[-_]", service.removesuffix("service"))} - {service} for service in services}
    told = Counter(part for own in parts.values() for part in own)
    return {
        part: service
        for service, own in parts.items()
        for part in own
        if len(part) > 4 and part.isalpha() and told[part] == 1 and part not in services | vocabulary.common()
    } | begun


def involved(known: Known) -> frozenset[str]:
    """Services of which anything is told; a model may have named others of the same time."""
    measured = {one.subject.service for one in known.facts} | {one.subject.service for one in known.levels}
    ranked = {one.service for one in known.changes} | {one.service for one in known.report.candidates}
    calling = {name for call in known.calls for name in call}
    return frozenset(one for one in (*measured, *ranked, *calling, known.report.service) if one)


def made_up(known: Known) -> re.Pattern[str]:
    """ "rel-old", "checkout-new", "ts-order-service": a known beginning, or one that services share, and words."""
    ids = {one.deployment_id.rsplit("-", 1)[0] for one in known.changes if "-" in one.deployment_id}
    first = Counter(one.split("-")[0] for one in known.services if "-" in one)
    shared = {one for one, many in first.items() if many > 1 or len(one) <= len("abc")}
    begun = "|".join(re.escape(one) for one in sorted({*ids, *known.services, *shared} - {""})) or "(?!)"
    return re.compile(rf"(?<![\w.-])(?:{begun})-(?P<tail>[A-Za-z]+(?:-[A-Za-z]+)*)(?![\w-])")
