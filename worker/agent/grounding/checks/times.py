"""Whether a time of day or a date is that of what the sentence says happened then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from worker.agent.grounding.checks import charted
from worker.agent.grounding.report import owners
from worker.agent.grounding.report.known import Known, Moment
from worker.agent.grounding.text import claims, context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics

SINCE = re.compile(
    r"\b(?:since|(?<!before the )(?<!after the )(?<!to the )onset|onset(?= (?:at|of|is|was) (?:about )?$)"
    r"|began|begins|started|starts|starting"
    r"|from(?= (?:about |around )?$)|dat(?:es|ed|ing) back to(?= $)|deviat\w+|became|becomes"
    r"|slowed|rose|rises|jumped"
    r"|jumps|climbed|spiked|surged|increased"
    r"|grew|fell|dropped|went up|failed|fails?|failing|errors?|failures?|spike|degraded|broke"
    r"|jump|surge|drop|trouble|problems?)\b[^.;]{0,60}$",
    re.IGNORECASE,
)
_DEPLOYING = (
    r"\b(?:deploy\w*|rolled out|rollout|released?|live|went out|version|shipped|brought"
    r"|(?:was|were|been) (?:\w+ )?(?:changed|updated|upgraded|replaced|switched))\b"
)
DEPLOYING = re.compile(_DEPLOYING, re.IGNORECASE)
DEPLOYED = re.compile(rf"{_DEPLOYING}[^.;]{{0,70}}$", re.IGNORECASE)
BEGUN = re.compile(r"[^;]{0,60}\b(?:fail\w*|errors?|rose|jumped|spiked|climbed|began|started)\b", re.IGNORECASE)


def times(text: str, plain: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    clocks = list(claims.TIME.finditer(text))
    for found in clocks:
        before, after = plain[: found.start()], plain[found.end() :]
        change = _change_before(found.start(), plain, mentions, known)
        put = _put(found.start(), plain, mentions, known)
        change = put or change or _change_behind(found.end(), plain, mentions, known)
        wanted = (not put and _kinds_wanted(before)) or ({"change"} if change else _begun(before, after))
        wanted = {"onset"} if not change and WHETHER.search(before) and WHEN_ROSE.match(after) else wanted
        # Of a past incident that the sentence is about, its own time.
        wanted = {*wanted, "past"} if wanted and known.past else wanted
        told = [one for one in _moments(found.start(), plain, mentions, known) if _fits(one, wanted, change)]
        told += _pauses(plain, mentions, known) if wanted else []
        told = told if wanted else [one for one in told if _is_spoken_of(one, plain, mentions, known)]
        if wanted == {"change"} and not change:
            told = _of_named(found.start(), plain, mentions, told, known)
        if day := _day_of(found, text):
            told = [one for one in told if _is_date(day, one, is_about_past=bool(known.past))]
        if at := _of_span(before, after, known):
            told = [Moment(at, "span")]
        is_drawn = charted.is_then(found, plain, mentions, known)
        is_elsewhere = OTHER_ZONE.match(plain, found.end()) or _is_at_another_hour(found, plain)
        holds = not is_elsewhere and (_is_known_time(found, told) if is_drawn is None else is_drawn)
        yield judged("time", found, holds, "nothing that was read happened then")
    rest = claims.blanked(text, [found.span() for found in clocks])
    for found in claims.DATE.finditer(rest):
        before = plain[: found.start()]
        wanted = _kinds_wanted(before) or ({"onset"} if BEGAN_ON.search(before) else set())
        told = [one for one in known.moments if not wanted or one.kind in wanted or (known.past and one.kind == "past")]
        holds = any(_is_date(found, moment, is_about_past=bool(known.past)) for moment in told)
        yield judged("time", found, holds, "nothing that was read happened that day")


# "The trouble of ledger began on 19 November".
BEGAN_ON = re.compile(r"\b(?:beg[au]n|started|set in|broke out) on (?:the )?$", re.IGNORECASE)
# "15:39 Central Time".
OTHER_ZONE = re.compile(
    r",? \(?(?:local|(?!Universal|Coordinated)[A-Z][a-z]+)(?: (?:[Ss]tandard|[Dd]aylight|[Ss]ummer"
    r"|[Ww]inter))? [Tt]ime\b"
)


# "At 9:43 in the evening".
PART_OF_DAY = re.compile(r"(?: UTC)?,? (?:(?:on|in) (?:the|that|this) |at )(?P<part>morning|afternoon|evening|night)\b")
HOURS = {
    "morning": range(12),
    "afternoon": range(12, 18),
    "evening": range(17, 24),
    "night": (*range(20, 24), *range(6)),
}


def _is_at_another_hour(clock: re.Match[str], text: str) -> bool:
    found = PART_OF_DAY.match(text, clock.end())
    return found is not None and int(claims.clock(clock)[:2]) not in HOURS[found["part"]]


def _day_of(clock: re.Match[str], text: str) -> re.Match[str] | None:
    """ "At 15:37 UTC on 23 November 2026", "on 23 November at 15:37 UTC": the day that it is told of."""
    behind = ON_DAY.match(text, clock.end())
    if behind:
        return claims.DATE.match(text, behind.end())
    before = list(claims.DATE.finditer(text, 0, clock.start()))[-1:]
    return before[0] if before and AT_CLOCK.fullmatch(text[before[0].end() : clock.start()]) else None


ON_DAY = re.compile(r",? (?:on |of )?(?:the )?(?=[A-Z\d])")
AT_CLOCK = re.compile(r",? (?:at |around |about |from |since )?")


# "Nothing was deployed in the two hours before 12:10 UTC".
NOTHING_BEFORE = re.compile(r"\b(?:nothing|no|none)\b[^;]*\bbefore $", re.IGNORECASE)


# The time of comparison has times of its own.
COMPARED = re.compile(r"\b(?:baseline|compar\w+|reference|usual (?:value|figure|level)s?)\b", re.IGNORECASE)
_TO = r"(?: UTC)?(?: (?:to|and|until|till) | ?– ?)"
# "The window runs from 02:25 to 02:35 UTC, and the baseline from 22:36 to 02:25 UTC".
SPAN = re.compile(
    r"\b(?:(?P<usual>baseline|reference|(?P<loose>(?<!as )usual(?:ly)?|compar\w+|(?:set|held|put) against))"
    r"|window|investigat\w+"
    r"|look(?:s|ed) at|covers?|covered)\b"
    r"(?P<told>(?:(?!\b(?:baseline|window|compar|(?:set|held|put) against\b))(?:[^;.\d]|\d(?!\d?:\d\d))){0,70}?)"
    rf"(?:(?P<start>\d?\d:\d\d)(?:{_TO}"
    r"|(?: UTC)?,? (?:and )?(?:it )?(?:ends?|ended|closed) (?:at|on) )"
    r"|(?P<end>\b(?:to|until|till|ends?|ended|ending|(?:hours?|minutes|h|min) before)"
    r"(?: (?:at|on))? )|(?P<edge>\b(?:beg[ai]ns?|starts?|started|opens?|opened)(?: (?:at|on|from))? )"
    r"|(?:\b(?:from|between|with|of|at) |: |, |\())$",
    re.IGNORECASE,
)
FIRST_OF_TWO = re.compile(rf"{_TO}(?=\d?\d:\d\d)")


# "The alert was raised at 15:51 UTC".
ALERTED = re.compile(
    r"\b(?:alert|alarm|rule)\b[^,;.\d]{0,40}\b(?:raised|fired|triggered|went off|sent|arrived|c[ao]me"
    r"|followed)\b[^,;.\d]{0,12}$",
    re.IGNORECASE,
)


# "Between the onset and the alert at 08:33:53 UTC".
THE_ALERT = re.compile(
    r"\b(?:alert|alarm)(?: (?:at|of|from)|\b[^,;.\d]{0,60} dat(?:es|ed|ing) (?:from|back to)) $", re.IGNORECASE
)


def _of_span(before: str, after: str, known: Known) -> datetime | None:
    """When the window or the baseline begins or ends, where that is told, and not what happened in it."""
    found = SPAN.search(before)
    is_as_usual = found and found["loose"] and AS_USUAL.search(before, 0, found.start())
    if found is None or is_as_usual or HAPPENED.search(found["told"]):
        return _other_end(before, known)
    # "The figures compare 12:21 to 12:41 UTC with the hours before": first what is compared.
    is_first = found["loose"] and COMPARES.match(found["loose"] + found["told"])
    span = known.report.baseline if found["usual"] and not is_first else known.report.window
    if found["loose"] and not (found["start"] or FIRST_OF_TWO.match(after) or "before" in (found["end"] or "")):
        return None
    if found["start"] or found["end"]:
        return span.end
    return span.start if found["edge"] or FIRST_OF_TWO.match(after) else None


COMPARES = re.compile(r"compares?\b(?!.*\b(?:with|to|against)\b)", re.IGNORECASE)
# "It stayed within its usual range from 01:55 to 02:05 UTC": in the window.
AS_USUAL = re.compile(r"\b(?:with)?(?:in|at|on|inside|near|around|close to) (?:its|the|their|what is) $", re.IGNORECASE)
# "Between 23:15 and 23:19 UTC".
FROM_START = re.compile(rf"\b(?:from|between) (?P<start>\d?\d:\d\d){_TO}$", re.IGNORECASE)


def _other_end(before: str, known: Known) -> datetime | None:
    """Where the sentence tells from when on, and that is when the window begins: its end."""
    found = FROM_START.search(before)
    window = known.report.window
    return window.end if found and found["start"].zfill(5) == f"{window.start:%H:%M}" else None


HAPPENED = re.compile(
    r"\b(?:(?:ris|fail|fell|climb|deploy|releas|chang|alert|rule|error|retr|peak|low|incident)\w*"
    r"|rose|jumped|onset|since)\b",
    re.IGNORECASE,
)


# "No sample of search came between 11:00 and 11:18 UTC".
PAUSED = re.compile(
    r"\b(?:paus\w*|gaps?|samples?|metrics|telemetry|collectors?|resum\w+|sent nothing)\b", re.IGNORECASE
)


def _pauses(text: str, mentions: list[Found], known: Known) -> list[Moment]:
    """When the samples of what the sentence names paused, where that is what it is about."""
    named = {one.text for one in mentions}
    of, regions = named & known.services, named & known.regions
    return [
        one
        for one in known.moments
        if one.kind == "pause"
        and PAUSED.search(text)
        and (not of or one.of in of)
        and (not regions or one.region in regions)
    ]


def _kinds_wanted(before: str) -> set[str]:
    alerted = ALERTED.search(before)
    if THE_ALERT.search(before) or (alerted and not SINCE.search(before, alerted.start())):
        return {"alert", "end"}
    if NOTHING_BEFORE.search(before):
        return {"onset"}
    baseline = {"baseline"} if COMPARED.search(before) else set()
    since, deployed = SINCE.search(before), DEPLOYED.search(before)
    if since and (not deployed or since.start() > deployed.start()):
        return {"onset", *baseline}
    return {"change"} if deployed else set()


def _begun(before: str, after: str) -> set[str]:
    """ "At 14:57 UTC, 21 % of requests failed" tells when it began."""
    is_first = re.fullmatch(r"\W*(?:at|from|around)\W*", before, re.IGNORECASE) or IS_WHEN.match(after)
    is_of_change = DEPLOYING.search(after[:60]) and not FAILING.match(after)
    return {"onset"} if is_first and BEGUN.match(after) and not is_of_change else set()


# "Ask whether a newsletter went out around 21:13 UTC, when the traffic rose".
WHETHER = re.compile(
    r"\bwhether (?:an?|any) (?:[a-z]+ (?:or |and )?(?:an? )?){1,4}(?:went out|was|were|ran|started)\b[^,;.]*$"
)
WHEN_ROSE = re.compile(r",? when (?:the |its )?[^,;.]{0,40}\b(?:rose|began|started|grew|jumped|climbed)\b")
# "09:42 UTC is when ledger began to fail".
IS_WHEN = re.compile(r" (?:is|was) (?:the (?:time|minute|moment) )?(?:when|that|at which)\b")


def _change_before(place: int, text: str, mentions: list[Found], known: Known) -> str | None:
    """The deployment that the clause named last before the time; of one in brackets, the clause before them."""
    place = context.opening(place, text)
    start, _ = context.clause((place, place), text)
    ids = {change.deployment_id for change in known.changes}
    named = [one.text for one in mentions if one.text in ids and start <= one.span[0] < place]
    return named[-1] if named else None


# "At 15:25 UTC, deploy-8728 of search was started", "at 15:25 UTC version 3.12.4 of search went live".
OPENING = re.compile(r",? (?:the )?(?:deployment|release|rollout|change|version)? ?")
WAS_MADE = re.compile(
    r"(?: in [\w-]+)? (?:was|were|has been|had been|got) (?:deployed|released|rolled out|changed|updated|upgraded)\b"
)
FAILING = re.compile(
    r"(?:, )?(?:(?! (?:and|but|before|after)\b)[^,;]){0,60}\b(?:fail\w*|errors?|rose|jumped|spiked|climbed)\b",
    re.IGNORECASE,
)


def _change_behind(place: int, text: str, mentions: list[Found], known: Known) -> str | None:
    """The deployment that the time before it is told of, by its name, its version or its service."""
    behind = next((one for one in mentions if one.span[0] >= place), None)
    if not behind or not OPENING.fullmatch(text[place : behind.span[0]]) or FAILING.match(text, behind.span[1]):
        return None
    is_made = WAS_MADE.match(text, behind.span[1])
    made = {
        one.deployment_id
        for one in known.changes
        if behind.text in {one.deployment_id, one.version, *([one.service] if is_made else ())}
    }
    return made.pop() if len(made) == 1 else None


# "deploy-7, dating from 09:27 UTC", "deploy-7 started at 15:36 UTC".
STARTED = re.compile(
    rf"(?: (?:of|in|to|for) [\w-]+|,? \([^)]*\)|,? (?:with )?version [\w.+-]+|, {context.REGION},?)*"
    r"(?: changed(?: in [\w-]+)?)?(?:,? (?:also )?preced(?:ed|es) the onset(?:,| by [^,;.]{2,12},)(?= at))?"
    r",? (?:which |that |(?:as|because|since) it )?"
    r"(?:(?:was|is|had|has|been|already|only) )*"
    r"(?:start(?:ed|s|ing)|dat(?:ed|es|ing)|began|begun|made|recorded|deployed|came|from|at|(?:went|goes"
    r"|switched) from \w+ to)\b"
    r"[^,;.]{0,25}(?: (?:before|after) the onset, (?:at )?)?"
)


def _put(place: int, text: str, mentions: list[Found], known: Known) -> str | None:
    """The change that is said to have been made at the time that stands at `place`."""
    ids = {change.deployment_id for change in known.changes}
    named = [one for one in mentions if one.text in ids and one.span[1] <= place]
    between = text[named[-1].span[1] : place] if named else ""
    return named[-1].text if named and STARTED.fullmatch(between) and not topics(between) else None


IT = re.compile(r"\b(?:it|its)\b", re.IGNORECASE)


def _of_named(place: int, text: str, mentions: list[Found], told: list[Moment], known: Known) -> list[Moment]:
    """ "cart was deployed at 09:27 UTC": of those services that the clause names, where it names any."""
    start, _ = context.clause((place, place), text)
    named = {one.text for one in mentions if start <= one.span[0] < place} & known.services
    if not named and IT.search(text[start:place]) and not {one.text for one in mentions} & known.services:
        # "It was deployed at 21:29 UTC": who was named before.
        named = {*known.about}
    regions = {one.text for one in mentions} & known.regions
    made = {
        (change.deployment_id, change.at)
        for change in known.changes
        if (not named or change.service in named) and (not regions or change.region in {None, *regions})
    }
    return [one for one in told if (one.of, one.at) in made] if named or regions else told


def _moments(place: int, text: str, mentions: list[Found], known: Known) -> list[Moment]:
    """Of the onsets, those of the services that were named before, where any is known, and of the region named last.

    And of the one signal that is spoken of: "traffic rose at 12:22 UTC".
    """
    before = [one.text for one in mentions if one.span[1] <= place]
    region = next((name for name in reversed(before) if name in known.regions), None)
    onsets = [one for one in known.moments if one.kind == "onset" and one.region in (None, region or one.region)]
    own = [one for one in onsets if one.of in before]
    unnamed = known.about if owners.PRONOUN.search(text[:place]) else ()
    of = {*before, *(() if {*before} & known.services else unnamed or (known.report.service,))}
    begin = context.clause((place, place), text)[0]
    # "A CPU profile, to find the work that began at 13:49 UTC": of the work.
    behind = [found.end() for found in THAT.finditer(text, begin, place)]
    signals = topics(PROFILE.sub(" ", text[max([begin, *behind]) : place])) & set(SIGNALS)
    told = [one for one in onsets if one.signal in signals and one.of in of] if len(signals) == 1 else []
    if told and signals & {*topics(known.report.headline or ""), known.report.signal}:
        # The window begins with what was alerted.
        told += [one for one in onsets if one.signal is None and one.of in {None, *of}]
    named = {one.text for one in mentions if begin <= one.span[0] < place} & known.services
    is_another = named and not own and known.report.service not in named
    if not told and MOVED.search(text[begin:place]) and (is_another or _is_calm(signals, {*of}, known)):
        # "Latency of cart began to deviate at 09:41 UTC", of which no onset is known.
        own = onsets = []
    return [*(told or own or onsets), *(one for one in known.moments if one.kind != "onset")]


MOVED = re.compile(
    r"\b(?:rose|rises|jump\w*|climb\w*|spiked|surged|increased|grew|fell|dropped|went up|deviat\w+|beg[au]n|begins"
    r"|started|onset)\b",
    re.IGNORECASE,
)


def _is_calm(signals: frozenset[str], services: set[str | None], known: Known) -> bool:
    """ "Retries rose at 09:43 UTC": of a signal that was measured there, and has no onset."""
    levels = {one.signal for one in known.levels if one.subject.service in services and one.metric}
    begun = {one.signal for one in known.moments if one.kind == "onset" and one.of in {*services, *known.about}}
    return len(signals) == 1 and signals <= levels - begun


THAT = re.compile(r"\b(?:work|what|job|code|change|that) (?:that |which )?(?=(?:began|begins|started|starts|set in)\b)")
PROFILE = re.compile(r"\b(?:CPU|memory|heap) (?:profil\w+|dumps?)", re.IGNORECASE)
# A time that is told of nothing in particular is no end of anything.
SPOKEN_OF = {
    "end": re.compile(r"\b(?:between|until|till|to|by|window|end\w*|from)\b|–", re.IGNORECASE),
    "alert": re.compile(r"\b(?:alert\w*|fired|triggered|rule|between|until|till|to)\b", re.IGNORECASE),
    "baseline": re.compile(r"\b(?:baseline|compar\w+|reference|between|from)\b", re.IGNORECASE),
}


def _is_spoken_of(moment: Moment, text: str, mentions: list[Found], known: Known) -> bool:
    if moment.kind == "pause":
        return moment in _pauses(text, mentions, known)
    if moment.kind == "past":
        return bool(known.past)
    said = SPOKEN_OF.get(moment.kind)
    return said is None or bool(said.search(text))


def _fits(moment: Moment, wanted: set[str], change: str | None) -> bool:
    return (not wanted or moment.kind in wanted) and (moment.kind != "change" or change in (None, moment.of))


# "At 13:50 US Central time", "at 21:45 in the local time of europe-west1".
ANOTHER_ZONE = re.compile(
    r",? \(?(?:(?:in|on) (?:the )?)?(?!UTC\b|Coordinated\b|Universal\b|Greenwich\b)(?:US )?"
    r"(?:(?:[A-Z][a-z]+ ){0,2}(?:local|standard|daylight|summer|winter|[A-Z][a-z]+) time\b"
    r"|(?:Pacific|Eastern|Central|Mountain)(?=\W*$)|(?:[A-Z]{2,3}T|IST)\b)"
)


def _is_known_time(found: re.Match[str], told: list[Moment]) -> bool:
    zone = (found["zone"] or "").strip()
    if zone not in ("", "Z", "UTC") or (not zone and ANOTHER_ZONE.match(found.string, found.end())):
        return False
    day = found["iso"] or found["day"]
    clock = [int(part) for part in claims.clock(found).split(":")]
    return any((not day or _is_day(day, one.at)) and _is_clock(clock, one.at) for one in told)


def _is_clock(clock: list[int], at: datetime) -> bool:
    """To the minute, cut or rounded; to the second where seconds are told."""
    at = at.astimezone(UTC)
    if len(clock) == 3:
        return clock == [at.hour, at.minute, at.second]
    rounded = at + timedelta(seconds=30)
    return clock in ([at.hour, at.minute], [rounded.hour, rounded.minute])


def _is_date(found: re.Match[str], moment: Moment, *, is_about_past: bool) -> bool:
    """`2026-03-12`, `12 Mar 2026`, `March 12th`; a weekday is told of what happened now."""
    if whole := found["iso"] or found["day"]:
        return _is_day(whole, moment.at)
    at = moment.at.astimezone(UTC)
    if moment.kind == "past" and not is_about_past:
        return False
    if found["weekday"]:
        return found["weekday"] == f"{at:%A}"
    month = re.search(r"[A-Z][a-z]{2}", found["date"])
    day, *year = (int(one) for one in re.findall(r"\d+", found["date"]))
    return bool(month) and (f"{at:%b}", at.day) == (month[0] if month else "", day) and year in ([], [at.year])


def _is_day(text: str, at: datetime) -> bool:
    at = at.astimezone(UTC)
    return text in (f"{at:%Y-%m-%d}", f"{at.day} {at:%b %Y}", f"{at.day} {at:%B %Y}")
