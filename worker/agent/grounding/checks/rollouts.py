"""How many deployments there were before the onset, whether the last came before it, and how long one had run."""

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
THE_NEWEST = re.compile(
    rf"\b(?:is|was) the (?P<place>last|latest|newest|most recent|first|earliest|oldest)"
    rf" (?:of (?:the |all )?(?:\w+ )?{_CHANGE}s|{_CHANGE})\b",
    re.IGNORECASE,
)


def rollouts(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of services of which no change is known others tell (`changes`)."""
    dated = [one for one in known.changes if one.at]
    named = {one.text for one in mentions}
    services, regions = named & known.services, named & known.regions
    made = [one for one in dated if not services or one.service in services]
    if services and not made:
        return
    yield from _often(text, [one for one in made if not regions or one.region in {None, *regions}], known)
    yield from _ends(text, [one.at for one in made if one.at], known)
    yield from _placed(text, mentions, dated)
    yield from _first_then(text, [one.at for one in _told(named, known) if one.at], known)
    yield from _begun_when(text, mentions, known)


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
    r"(?: of [\w-]+)?(?:,? at [\d:]+ UTC)?,? (?:is|was|were|went|took place|happened)(?: both| all)?"
    r"(?: (?:made|deployed|released|rolled out))? (?:in|to) (?:the )?"
)


def _where_one(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    ids = {one.deployment_id for one in known.changes}
    for one in mentions:
        named = [it.text for it in owners.listed(one.span[1], text, mentions, ids)] if one.text in ids else []
        went = [{it.region for it in known.changes if it.at and it.deployment_id == name} for name in named]
        regions = set.intersection(*went) if went else set()
        there = next((it for it in mentions if it.span[0] >= one.span[1] and it.text in known.regions), None)
        if named and there and WAS_IN.fullmatch(text[one.span[1] : there.span[0]]):
            span = (one.span[0], there.span[1])
            holds = there.text in regions
            yield judged_at("state", span, text, holds, "it was elsewhere")


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


def _often(text: str, made: list[Change], known: Known) -> Iterator[Claim]:
    for found in ONLY_ONE.finditer(text):
        yield judged("cause", found, 1 in _counts(made, known), "there are others")
    for found in SO_OFTEN.finditer(text):
        yield judged("number", found, MANY[found["many"].lower()] in _counts(made, known), "it was another number")


def _placed(text: str, mentions: list[Found], dated: list[Change]) -> Iterator[Claim]:
    """ "deploy-8728 was the most recent of the deployments"."""
    times = [one.at for one in dated if one.at]
    for found in THE_NEWEST.finditer(text) if times else ():
        ids = [
            it.text for it in mentions if it.span[1] <= found.start() and it.text in {x.deployment_id for x in dated}
        ]
        end = min(times) if found["place"].lower() in ("first", "earliest", "oldest") else max(times)
        if ids:
            holds = any(it.at == end and it.deployment_id == ids[-1] for it in dated)
            yield judged("cause", found, holds, "another one was")


def _ends(text: str, times: list[datetime], known: Known) -> Iterator[Claim]:
    """ "The last deployment came before the onset"."""
    for found in LAST.finditer(text) if times else ():
        at = min(times) if found["last"].lower() in ("first", "earliest") else max(times)
        holds = (at < _onset(known)) == (found["side"].lower() == "before")
        yield judged("cause", found, holds, "it was the other way")


# "deploy-8736 coincides with the onset to the minute", "the onset and deploy-8736 fall in the same minute".
AT_THE_SAME = re.compile(
    r"\b(?:coincid(?:es?|ed) with the onset\b|(?:in|within) the (?:very )?same minute\b"
    r"|at the (?:very )?same (?:minute|time|moment) as the onset\b)",
    re.IGNORECASE,
)
BEGINNING = re.compile(r"\b(?:onset|began|begin|started|errors|failures|trouble|incident)\b", re.IGNORECASE)


def coincident(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of the only change that is named, and the onset of the cause or of the alerted service."""
    named = {one.text for one in mentions}
    made = [one.at for one in known.changes if one.at and one.deployment_id in named]
    found = AT_THE_SAME.search(text) if made and BEGINNING.search(text) else None
    if found:
        onsets = {_onset(known), known.report.window.start}
        holds = all(any(abs(at - onset) < timedelta(seconds=60) for onset in onsets) for at in made)
        yield judged("cause", found, holds, "it was at another time")


def _first_then(text: str, times: list[datetime], known: Known) -> Iterator[Claim]:
    for found in FIRST_THEN.finditer(text) if times else ():
        is_last, is_first = bool(DEPLOYED.search(found["then"])), bool(DEPLOYED.search(found["first"] or found["of"]))
        if is_last != is_first:
            yield judged("cause", found, (max(times) > _onset(known)) == is_last, "it was the other way")


def _told(named: set[str], known: Known) -> list[Change]:
    return [one for one in known.changes if named & {one.deployment_id, one.version}] or (
        [one for one in known.changes if one.at]
    )


# "Its failures began when cart was deployed".
BEGAN_WHEN = re.compile(
    r"\b(?:began|started|set in|rose|broke out|appeared)\b (?:right |just |exactly |only )?"
    r"(?:when|as|the moment|with)\b[^,;.]{0,50}"
    r"\b(?:deployed|rolled out|released|went live|rollout|deployment|release)\b",
    re.IGNORECASE,
)


AT_ONCE = timedelta(minutes=5)


def _begun_when(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in BEGAN_WHEN.finditer(text):
        behind = {one.text for one in mentions if found.start() <= one.span[0] < found.end() + 40}
        of = [one.at for one in known.changes if one.at and behind & {one.deployment_id, one.service, one.version}]
        if of:
            holds = any(timedelta(minutes=-1) <= _onset(known) - at <= AT_ONCE for at in of)
            yield judged("cause", found, holds, "it was at another time")


def _counts(made: list[Change], known: Known) -> set[int]:
    """Everywhere or in the alerted region, in all that was read or up to the onset."""
    begun = _onset(known)
    here = [one for one in made if known.report.region in (None, one.region) or one.region is None]
    ways = [some for one in (made, here) for some in (one, [it for it in one if it.at and it.at < begun])]
    return {len({it.deployment_id for it in way}) for way in ways}


def _onset(known: Known) -> datetime:
    root = known.report.root_cause
    return (root.onset if root else None) or known.report.window.start


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
    r"\b(?P<which>new(?:er)?|old(?:er)?|previous|earlier|former) (?:version|release|one)(?: of [\w-]+)?(?: in [\w-]+)?"
    r"(?: (?:is|was|does|did|proves?|proved|performs?|fares?))?(?: (?:clearly|much|far|markedly|plainly))?"
    r"(?P<no> (?:no|not|hardly|never)(?: any| much)?)? (?P<how>worse|better)\b"
    r"(?: than (?:the )?(?:old|new|previous|earlier|former|one)(?:er)?\b(?: (?:one|version|release)| before)?)?",
    re.IGNORECASE,
)


def versions(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Which of two versions is worse: of the deployment that is named or was spoken of, else of the cause."""
    for found in VERSIONS.finditer(text):
        compared = _comparison_told(mentions, known)
        if compared:
            is_swapped = not found["which"].lower().startswith("new")
            told = "no worse" if found["no"] else "worse" if (found["how"].lower() == "worse") != is_swapped else ""
            is_told = told == compared and not (found["no"] and (is_swapped or found["how"].lower() == "better"))
            yield judged("direction", found, is_told, "its log lines say otherwise")


def _comparison_told(mentions: list[Found], known: Known) -> str | None:
    root, named = known.report.root_cause, {one.text for one in mentions} - known.regions
    told = named or {known.spoken.change or (root.deployment_id if root else None) or ""}
    of = [one.deployment_id for one in known.changes if told & {one.deployment_id, one.service}]
    return next(filter(None, (_comparison(one, known) for one in of)), None)


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
