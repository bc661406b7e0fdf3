"""How many deployments there were, whether before the onset, which came last, and whether one made it worse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Change, Known
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at

_CHANGE = r"(?:deployment|release|rollout|change)"
ONLY_ONE = re.compile(
    rf"\b(?:only|just) (?:one|a single) (?:\w+ )?{_CHANGE}\b|\ba single {_CHANGE}\b(?= (?:is|was|has been) )",
    re.IGNORECASE,
)
SO_OFTEN = re.compile(
    r"\b(?:deployed|released|changed|rolled out) (?:(?:only|just|exactly) )?"
    r"(?P<many>once|twice|three times|four times)\b",
    re.IGNORECASE,
)
MANY = {"once": 1, "twice": 2, "three times": 3, "four times": 4}
# "The last deployment came before the onset".
LAST = re.compile(
    rf"\b(?P<last>last|latest|newest|most recent|first|earliest) (?:recorded )?{_CHANGE}\b(?P<of>[^,;.]{{0,40}}?) "
    r"(?:came|was (?:made|rolled out|started|recorded)|happened|took place|fell|went out) "
    r"(?:\w+ )?(?P<side>before|after) the onset\b",
    re.IGNORECASE,
)
# "First the pool ran out, then deploy-8740 was rolled out".
_THEN = r"(?:,| and)+ (?:and )?(?:only )?(?:then|afterwards|after that|later)\b(?P<then>[^;]*)"
FIRST_THEN = re.compile(rf"^\W*(?:first,? (?P<first>[^;.]*?)|(?P<of>[^;.,]*?) first){_THEN}", re.IGNORECASE)
DEPLOYED = re.compile(r"\b(?:deploy\w*|rolled out|released|rollout|release|change[ds]?|switched on)\b", re.IGNORECASE)
# "Its failures began when cart was deployed".
# "deploy-8736 coincides with the onset", "the errors and deploy-8736 fall in the same minute".
WITH_ONSET = re.compile(
    r"\b(?:began|started|set in|rose|broke out|appeared)\b (?:right |just |exactly |only )?"
    r"(?:when|as|the moment|with)\b[^,;.]{0,50}"
    r"\b(?:deployed|rolled out|released|went live|rollout|deployment|release)\b"
    r"|\b(?:onset|beg[ai]n|started|errors|failures|trouble)\b[^;.]{0,80}? (?:in|within) the (?:very )?same minute\b"
    r"|\bcoincid(?:es?|ed) with the onset\b|\bat the (?:very )?same (?:minute|time|moment) as the onset\b",
    re.IGNORECASE,
)
# "In the two hours after the alert, deploy-8713 of frontend came at 23:59 UTC".
WITHIN = re.compile(
    r"\b(?:in|within|during) the (?:\w+ ){0,3}?(?:hours?|minutes?|days?) (?P<side>before|preceding|after|following)"
    r" the (?:(?P<alert>alert)|onset|incident|spike|window)\b",
    re.IGNORECASE,
)
AT_ONCE = timedelta(minutes=5)
# "deploy-8728 was the most recent of the deployments".
THE_NEWEST = re.compile(
    rf"\b(?:is|was) the (?P<place>last|latest|newest|most recent|first|earliest|oldest)"
    rf" (?:of (?:the |all )?(?:\w+ )?{_CHANGE}s|{_CHANGE})\b",
    re.IGNORECASE,
)
FIRST = ("first", "earliest", "oldest")


def rollouts(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of services of which no change is known others tell (`changes`)."""
    named = {one.text for one in mentions}
    services, regions = named & known.services, named & known.regions
    dated = [(one.at, one) for one in known.changes if one.at]
    made = [(at, one) for at, one in dated if not services or one.service in services]
    if made:
        yield from _often(text, [one for one in made if not regions or one[1].region in {None, *regions}], known)
        told = [one for one in dated if one[1].deployment_id in named]
        told = told or [one for one in dated if named & {one[1].service, one[1].version}]
        yield from _against_onset(text, made, told, known)
        yield from _newest(text, mentions, [(at, one.deployment_id) for at, one in dated])


def _often(text: str, made: list[tuple[datetime, Change]], known: Known) -> Iterator[Claim]:
    """Everywhere or in the alerted region, in all that was read or up to the onset."""
    here = [(at, one) for at, one in made if known.report.region in (None, one.region) or one.region is None]
    ways = [some for way in (made, here) for some in (way, [it for it in way if it[0] < _onset(known)])]
    counts = {len({one.deployment_id for _, one in way}) for way in ways}
    for found in ONLY_ONE.finditer(text):
        yield judged("cause", found, 1 in counts, "there are others")
    for found in SO_OFTEN.finditer(text):
        yield judged("number", found, MANY[found["many"].lower()] in counts, "it was another number")


def _against_onset(
    text: str, made: list[tuple[datetime, Change]], named: list[tuple[datetime, Change]], known: Known
) -> Iterator[Claim]:
    """Whether changes came before the onset, after it, or with it."""
    times, onset = [at for at, _ in made], _onset(known)
    for found in LAST.finditer(text):
        at = min(times) if found["last"].lower() in FIRST else max(times)
        yield judged("cause", found, (at < onset) == (found["side"].lower() == "before"), "it was the other way")
    for found in FIRST_THEN.finditer(text):
        is_last, is_first = bool(DEPLOYED.search(found["then"])), bool(DEPLOYED.search(found["first"] or found["of"]))
        if is_last != is_first:
            of = [at for at, _ in named] or times
            yield judged("cause", found, (max(of) > onset) == is_last, "it was the other way")
    for found in WITHIN.finditer(text) if named else ():
        end = known.report.alert.date if found["alert"] else onset
        is_before = found["side"].lower() in ("before", "preceding")
        if not all((at <= end) == is_before for at, _ in named):
            yield judged("cause", found, False, "it was the other way")
    for found in WITH_ONSET.finditer(text) if named else ():
        holds = any(timedelta(minutes=-1) <= onset - at <= AT_ONCE for at, _ in named)
        yield judged("cause", found, holds, "it was at another time")


def _newest(text: str, mentions: list[Found], dated: list[tuple[datetime, str]]) -> Iterator[Claim]:
    """Which of all that are dated came last, or first."""
    for found in THE_NEWEST.finditer(text):
        named = [it.text for it in mentions if it.span[1] <= found.start() and it.text in {name for _, name in dated}]
        end = min if found["place"].lower() in FIRST else max
        if named:
            yield judged("cause", found, (end(dated)[0], named[-1]) in dated, "another one was")


def _onset(known: Known) -> datetime:
    root = known.report.root_cause
    return (root.onset if root else None) or known.report.window.start


# "The one deployment on record is in europe-west1", "the two recorded changes, of cart and of search, were both in …".
WHERE = re.compile(
    rf"\bthe (?:(?P<many>one|only|sole|single|two|three|four|five) )?(?:(?:recorded|listed|known) )?{_CHANGE}s?\b"
    r"(?P<of>[^;.]{0,60}?) (?:is|was|are|were|went|(?:was|were) made|took place|happened|ran)(?: both| all)? (?:in|to)"
    r" (?:the )?$",
    re.IGNORECASE,
)
ALONE = ("one", "only", "sole", "single")
SEVERAL = ("two", "three", "four", "five")


# "deploy-8712 of payments was in europe-west1".
WAS_IN = re.compile(
    r"(?: of [\w-]+)?(?:,? at [\d:]+ UTC)?,? (?:(?:is|was|were|went|took place|happened)(?: both| all)?"
    r"(?: (?:made|deployed|released|rolled out))? (?:in|to)|concern(?:s|ed)|touch(?:es|ed)) (?:the )?"
)
# "deploy-8737 (version 7.3.8) of catalog in us-central1", "deploy-8713 took frontend in asia-east1".
IN = re.compile(
    r"(?: \([^)]{1,40}\))?(?: of (?:the )?[\w.-]+)?(?: \([^)]{1,40}\))?(?:,? (?:at|from) [\d:]+ UTC)?,? "
    r"(?:(?:is|was|were) (?:started|recorded) in|started in|(?:(?:took|brought|moved|upgraded) [\w.-]+ )?in) (?:the )?"
)


def _where_one(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    ids = {one.deployment_id for one in known.changes}
    for place, one in enumerate(mentions):
        named = [it.text for it in owners.listed(one.span[1], text, mentions, ids)] if one.text in ids else []
        if place and mentions[place - 1].text in known.regions:
            # "deploy-8725 in us-central1 and deploy-8724 in asia-east1".
            named = named[-1:]
        went = [{it.region for it in known.changes if it.at and it.deployment_id == name} for name in named]
        regions = set.intersection(*went) if went else set()
        there = next((it for it in mentions if it.span[0] >= one.span[1] and it.text in known.regions), None)
        between = text[one.span[1] : there.span[0]] if there else ""
        holds = there is not None and there.text in regions
        # That it was there says little: only what it was is a claim of its own.
        if named and all(went) and there and (WAS_IN.fullmatch(between) or (not holds and IN.fullmatch(between))):
            yield judged_at("state", (one.span[0], there.span[1]), text, holds, "it was elsewhere")


def where(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Where all of the recorded changes were, or those of the services that are named between."""
    ids = {one.deployment_id for one in known.changes}
    yield from _where_one(text, mentions, known)
    for one in mentions:
        found = WHERE.search(text[: one.span[0]]) if one.text in known.regions else None
        between = {it.text for it in mentions if found and found.start("of") <= it.span[0] < found.end("of")}
        if found and not between & ids:
            services = between & known.services
            made = {it for it in known.changes if it.at and (not services or it.service in services)}
            many = (found["many"] or "").lower()
            wanted = 1 if many in ALONE else SEVERAL.index(many) + 2 if many else len(made)
            holds = len(made) == wanted > 0 and all(it.region == one.text for it in made)
            yield judged("cause", found, holds and services <= {it.service for it in made}, "they were elsewhere")


def worse(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Whether a deployment made it worse: only the one that is the cause did."""
    ids, brought = {one.deployment_id for one in known.changes}, {one.version for one in known.changes}
    root = known.report.root_cause
    for found in WORSE.finditer(text):
        of = [one for one in mentions if one.text in ids] or [one for one in mentions if one.text in brought]
        since = next((one for one in of if SINCE.fullmatch(text[found.end() : one.span[0]])), None)
        named = since or owners.last_before(found.start(), of)
        compared = _compared(named.text, {one.text for one in mentions}, known) if named else None
        before = THE_ONE_BEFORE.match(text, found.end())
        if compared and (since or before or MADE.fullmatch(found[0])):
            span = (found.start(), before.end() if before else found.end())
            holds = (compared == "worse") != _is_no_worse(found)
            yield judged_at("cause", span, text, holds, "its log lines say otherwise")
            continue
        if named and known.has_cause and root and root.deployment_id and (since or not found["better"]):
            made = {one.deployment_id for one in known.changes if named.text in (one.deployment_id, one.version)}
            holds = (root.deployment_id in made) != _is_no_worse(found)
            yield judged("cause", found, holds, "the evidence shows otherwise")


# "The new version is clearly worse", "catalog: new version no worse than the old one".
VERSIONS = re.compile(
    r"\b(?:(?P<new>new(?:er)?)|old(?:er)?|previous|earlier|former) (?:version|release|one)(?: (?:of|in) [\w-]+){0,2}"
    r"(?: (?:is|was|does|did|proves?|proved|performs?|fares?))?(?: (?:clearly|much|far|markedly|plainly))?"
    r"(?P<no> (?:no|not|hardly|never)(?: any| much)?)? (?:(?P<worse>worse)|better)\b"
    r"(?: than (?:the )?(?:old|new|previous|earlier|former|one)(?:er)?\b(?: (?:one|version|release)| before)?)?",
    re.IGNORECASE,
)


def versions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Which of two versions is worse: of the deployment that is named or was spoken of, else of the cause."""
    root = known.report.root_cause
    told = {one.text for one in mentions} - known.regions
    told = told or {known.spoken.change or (root.deployment_id if root else None) or ""}
    of = [one.deployment_id for one in known.changes if told & {one.deployment_id, one.service}]
    compared = next(filter(None, (_comparison(one, known) for one in of)), None)
    for found in VERSIONS.finditer(text) if compared else ():
        is_new_worse = bool(found["new"]) == bool(found["worse"])
        holds = is_new_worse and bool(found["no"]) == (compared == "no worse") and bool(found["new"] or not found["no"])
        yield judged("direction", found, holds, "its log lines say otherwise")


def _is_no_worse(found: re.Match[str]) -> bool:
    return bool(found["better"] or re.search(r"\b(?:no|not|never|nothing)\b", found[0], re.IGNORECASE))


# "checkout has been no worse since deploy-8738", "… with it than before".
SINCE = re.compile(r"(?: off)? (?:since|after|with|under|on|because of) (?:the )?(?:deployment |version |release )?")
THE_ONE_BEFORE = re.compile(
    r" than (?:its predecessor|(?:those|that|the (?:log )?lines|the documents) of (?:the |its )?"
    r"(?:older|old|previous|former|earlier|other)(?: versions?| ones?| releases?)\b"
    r"|(?:those|the (?:log )?lines|the documents|what was logged) before\b"
    r"|(?:the )?(?:older|old|previous|former|earlier|other) (?:(?:log )?lines|ones|documents)\b"
    r"|the (?:one|version|release) (?:before|it replaced)|the (?:previous|old|former|earlier) "
    r"|what (?:ran|was there) (?:before|earlier)|(?:the|all) other(?:s\b| (?:log )?lines\b| documents\b))"
)


EACH_CHANGE = re.compile(r"\bDeployment (?=\S)")
# "… came 95 minutes before the onset and made nothing worse".
MADE = re.compile(r"made (?:nothing|it) worse", re.IGNORECASE)


def _compared(name: str, named: set[str], known: Known) -> str | None:
    """Of a deployment, or of a version by those that brought it, in the region that is named."""
    regions = named & known.regions
    made = [one for one in known.changes if not regions or one.region in {None, *regions}]
    told = {_comparison(one.deployment_id, known) for one in made if name in (one.deployment_id, one.version)} - {None}
    return told.pop() if len(told) == 1 else None


def _comparison(deployment: str | None, known: Known) -> str | None:
    """How a deployment's log lines compare with those before it: "worse", or "no worse"."""
    if not deployment:
        return None
    for item in known.report.evidence:
        if f" of {deployment} against " in item.title and item.result.get("verdict"):
            return "worse" if item.result["verdict"] == "worse" else "no worse"
    told = [one.reason for one in known.report.candidates if deployment in f"{one.deployment_id} {one.reason}"]
    # Each deployment has its own sentence there.
    told += [
        one
        for one in EACH_CHANGE.split(known.report.sections.deployment_correlation)
        if one.startswith(f"{deployment} ")
    ]
    return next(("no worse" if "no worse" in one else "worse" for one in told if "worse" in one), None)


WORSE = re.compile(
    r"\b(?:(?:no|not|never|not get|not become|nothing got|(?:made )?nothing)"
    r" (?:any )?(?:worse(?:ning)?|worsen(?:ed|ing)?)"
    r"|(?:is|was|are|were|made it|got) (?:much |clearly )?worse"
    r"|(?:prove[sd]?|shows?|showed|found) (?:it|them|that) (?:to be )?(?:much |clearly )?worse"
    r"|(?:shows?|showed|makes?|made|is|are|was|were) no difference"
    r"|(?P<better>(?:got|become|became|is|was|been|works?|worked|runs?|ran) (?:much |clearly )?better|improved))\b",
    re.IGNORECASE,
)
