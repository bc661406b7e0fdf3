"""Claims about the course of things: what is denied or waved away, what came first, where something went out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from worker.agent.grounding.checks import causation, directions, refuted, statements
from worker.agent.grounding.report import vocabulary
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text import claims, context, numerals, roles
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import Verdict

# That nothing need be done, that it was no real thing, or that it has passed: no report can know.
DISMISSED = re.compile(
    r"\b(?:(?:nobody|no ?one|nothing|no action|none)\b[^.;,]{0,20}\b(?:need\w*|necessary|required|to do(?! with)"
    r"|to fear|wrong)"
    r"|no (?:action|need|reason|cause for|harm|problem|concern|danger|alarm)|(?:need not|needn['’]t|not needed"
    r"|unneeded)"
    r"|(?:can|may|should) (?:safely )?(?:be )?(?:ignored?|disregard(?:ed)?|dismiss(?:ed)?|wait)|ignore|disregard"
    r"|(?:measurement|measuring|reporting|monitoring|counting|rounding) (?:error|fault|mistake|problem)s?"
    r"|not real|unreal|fictitious|artefacts?|artifacts?"
    r"|(?<!no )(?<!not a )(?<!but a )false (?:positive|alarm)s?|glitch\w*|(?:just|only|mere) noise"
    r"|(?<!went )(?<!goes )(?<!gone )(?<!going )wrong"
    r"|false(?! (?:positive|alarm|alert))|incorrect|untrue|not (?:true|correct|right|real)|invalid"
    r"|by design|planned|intended|on purpose|(?:is|was|were|be) (?:just |only |merely )?(?:a test|an exercise|a drill)"
    r"|negligible|acceptable|under control|of (?:no|little) (?:importance|consequence|concern|note|moment)"
    r"|(?:is|are|was|were) (?:just |only |but |merely )?an? (?:illusion|mirage|myth|phantom|fluke|trifle|triviality)"
    r"|(?:is|are|was|were) (?:\w+ )?(?:unimportant|insignificant|inconsequential|of no account)"
    r"|(?:problem|incident|spike|outage|errors?|failures?|(?<!fail )it|this|everything|situation|emissions?) "
    r"(?:has |have |had |is |are |was )?(?:already )?(?:ended|stopped(?! \w+ing)|ceased|gone(?! on\b)|solved|settled"
    r"|passed|over|past|closed)"
    r"|(?:has|have|had) (?:already |since |now |all )?(?:stopped|ended|ceased|subsided|gone away)(?! \w+ing)"
    r"|(?:errors?|failures?|timeouts?|retries)\b[^,;.]{0,30}"
    r"\b(?:stopped|ended|ceased|(?:are|is) (?:now |all )?gone)(?! \w+ing)"
    r"|(?:was|were|been|is) (?:all )?(?:saved|avoided)|nobody(?! notic)|no ?one(?! notic)"
    r"|no (?:\w+ )?(?:users?|customers?|orders?)\b[^.;,]{0,12}\b(?:lost|suffer\w*)"
    r"|(?:do not|don['’]t|never|must not|should not)"
    r" (?:roll(?! (?:[\w.-]+ ){0,4}out\b)|revert|restart|repair|fix|act|touch|change|worry)"
    r"|self-heal\w*|heals? itself|went away)\b",
    re.IGNORECASE,
)
# Only of mere demand.
SOUND = re.compile(r"\bnothing (?:is|was) (?:broken|wrong|amiss)\b", re.IGNORECASE)
# Down, gone or broken is a finding of its own.
BROKEN = re.compile(
    r"(?<!nothing )\b(?:is|was|were|are|went|been|being) (?:completely |partly )?(?:offline|unavailable"
    r"|down(?! (?:to|by|at|from)\b(?! (?:about )?\d\d?:\d\d))|unreachable"
    r"|dead|broken|overloaded|exhausted|saturated|corrupt(?:ed)?"
    r"|deleted|stolen|hacked|leaked|compromised|rolled back|reverted|restarted)\b"
    r"|\b(?:ran|runs|is|was|went) (?:completely )?(?:full|dry)\b|\b(?:failed|fails) over\b"
    r"|\b(?:runs?|running|ran|is|are|was|were|back) (?:now )?on (?:the|its|an?) (?:previous|old|former|earlier|last)"
    r" (?:version|release)"
    r"|\b(?:ran|runs?|running) (?:out(?: of| on)?|(?:short|low) (?:of|on))\b"
    r"|\b(?:is|are|was|were|been|being) out of (?:memory|(?:disk )?space|connections|threads|capacity|service|order)\b"
    r"|\b(?:fixed(?! (?:limit|threshold|value)s?\b)|repaired|solved|cured|healed|prevented|averted)\b"
    r"|\b(?:(?<!trace )(?<!traces )(?<!traced )(?<!go )(?<!goes )(?<!went )(?<!date )(?<!dates )back"
    r"|returned|returns|restored|recovered) (?:to|at|within|near)\b"
    r"(?! (?:version|the (?:previous|last|old)|v?\d+\.\d+\.))"
    # What a rule does is not in what it set off.
    r"|\b(?:rule|threshold)s?\b(?!['’]s (?:count|value|sum)\b)"
    r"[^.;]{0,20}\b(?:compare|use|measure|check|watche|count|ignore)s?\b",
    re.IGNORECASE,
)
ORDER = re.compile(
    r"\b(?P<later>after(?! which)|followed|following|later than|since(?! (?:then|it|this|they)\b)|subsequent to)\b"
    r"|\b(?P<earlier>before|prior to|ahead of|preced(?:ed|es|ing)|earlier than|until|and then|by the time)\b"
    r"|\b(?P<amid>during|amid|in the middle of|halfway through)\b"
    r"(?= (?:the |this |its )?(?:rise|surge|failures?|errors|incident|spike)\b)",
    re.IGNORECASE,
)
# "… since no spike was confirmed": why, not when.
REASON = re.compile(
    r"\b(?:is|are|was|were|shows?|names?|has|have|had|does|did|explains?|cannot|can|could|deviates?"
    r"|reports?|says?|logs?|logged|tells?|mentions?|lists?|fails?|holds?|contains?|takes?|emits?|calls?|wrote|writes?)\b"
)
DEPLOYING = re.compile(r"\b(?:deploy\w*|rollout|rolled out|release\w*|version)\b", re.IGNORECASE)
BEGINNING = re.compile(
    r"\b(?:onset|alert|errors?|fail\w*|incident|spike|rise|rose|risen|rising|climbed|jumped|surged?|grown|emissions?"
    r"|latency|problem|degrad\w*|began|started)\b",
    re.IGNORECASE,
)
ASIDE = re.compile(
    r"\b(?:when|after(?! that of\b)|following(?! (?:day|morning|night)\b)"
    r"|(?<!not )once(?! before| in\b| each\b| (?:demand|traffic|load) is \w+ for)"
    r"|as soon as|as(?= (?:the |a |an )?\w+ (?:rose|fell|was|were|grew|ran"
    r"|failed)\b))\b(?P<what>[^,;]+)"
    r"|(?P<who>[^,;]+?)\b(?:(?:made|makes)(?! (?:nothing|up|at|on|by|in|for|from)\b| (?:only |about |some )?\d)"
    r"|left(?! (?:no|neither|nothing)\b)"
    r"|drove|drives|pushed|forced"
    r"|produced|provoked|induced"
    r"|resulted in)\b",
    re.IGNORECASE,
)
ANCHOR = re.compile(
    r"\d|\b(?:onset|deviating sample|window|deploy\w*|rollout|release|incident|alert|baseline|version|usual|it|this"
    r"|investigated)\b",
    re.IGNORECASE,
)


def stories(text: str, mentions: list[Found], known: Known, *, is_advice: bool = False) -> Iterator[Claim]:
    yield from refuted.left_open(text, mentions, known)
    yield from _order(text, mentions, known)
    if not statements.is_demand(known):
        yield from (one for one in _states(SOUND, text) if not _is_quiet(one, text, known))
    for one in _states(DISMISSED, text):
        is_awaited = is_advice and (
            re.match(r"\W*(?:when|once|as soon as)\b", text[one.span[1] :]) or AWAITING.search(text[: one.span[0]])
        )
        is_spared = _is_spared(one, text, mentions, known, is_advice=is_advice)
        if not is_awaited and not is_spared and not _is_quiet(one, text, known):
            yield one
    if is_advice:
        # "Restart auth, which has been out of memory": only what is told beside it is stated.
        told = [found.span() for found in PREMISE.finditer(text)]
        text = claims.blanked(
            text, [(end, start) for (_, end), (start, _) in pairwise([(0, 0), *told, (len(text), 0)])]
        )
    for one in _broken(text, mentions, known):
        if not (EXHAUSTED.search(one.text) and _is_used_up(one, text, mentions, known)):
            yield one
    if is_advice:
        return
    yield from _asides(text, mentions, known)
    yield from _never_before(text, mentions, known)


# "Verify that the retries go down once the certificate error is gone".
AWAITING = re.compile(r"\b(?:when|once|until|as soon as) [^,;]{0,40}$", re.IGNORECASE)
PREMISE = re.compile(
    r"^(?:Since|As|Because) [^,;]+,"
    r"|, (?:which|who|whose|that|where|as|since) (?!(?:would|will|should|could|can|may|might|then)\b)[^,;]+"
    r"|\bbecause (?!of\b)[^,;]+",
    re.IGNORECASE,
)


def _is_spared(claim: Claim, text: str, mentions: list[Found], known: Known, *, is_advice: bool) -> bool:
    """ "Do not roll back deploy-8736", "there is no reason to roll back deploy-8736", where that is not the cause."""
    behind = next((one for one in mentions if one.span[0] >= claim.span[1]), None)
    told = SPARED.fullmatch(text[claim.span[0] : behind.span[0]]) if behind else None
    is_said = told and (
        is_advice if told["do"] else known.report.verdict in (Verdict.ROOT_CAUSE, Verdict.NOT_CONFIRMED)
    )
    return behind is not None and bool(is_said) and behind.text not in cause_names(known) | known.regions


_UNDO = r"(?:roll|revert|restart|touch|chang)(?:e|ing)?(?: back)?"
SPARED = re.compile(
    rf"(?:(?P<do>do not|don['’]t|never)|no (?:need|reason|cause) (?:to|for)) {_UNDO} (?:the )?", re.IGNORECASE
)


# What follows from the verdict that there was no incident, or nothing to repair.
NOTHING_TO_DO = re.compile(
    r"(?:nobody|no ?one|nothing|no action)\b[^.;,]*\b(?:need\w*|necessary|required|to do)"
    r"|no (?:action|need|reason|cause for|alarm)|false (?:positive|alarm)s?",
    re.IGNORECASE,
)


def _is_quiet(claim: Claim, text: str, known: Known) -> bool:
    if claim.text.lower() == "nobody" and re.match(r" (?:can|could) (?:tell|say|know)\b", text[claim.span[1] :]):
        # How many they are is checked as what was measured.
        is_asked = re.match(r" (?:can|could) (?:tell|say|know) how (?:many|much)\b", text[claim.span[1] :])
        return bool(is_asked) or "logged nothing" in known.report.sections.user_impact
    repaired = re.match(r"[^.;,]{0,12}\b(?:repaired|fixed)\b", text[claim.span[1] :])
    if repaired and claim.text.lower().startswith("nothing"):
        return statements.is_demand(known) or known.report.verdict is Verdict.NOT_CONFIRMED
    is_own = not any(re.search(rf"\b{re.escape(one)}\b", text) for one in known.services - {known.report.service})
    is_quiet = NOTHING_TO_DO.fullmatch(claim.text) or (is_own and SOUND.fullmatch(claim.text))
    return known.report.verdict is Verdict.NOT_CONFIRMED and bool(is_quiet)


def _logged(mentions: list[Found], known: Known) -> set[str]:
    services = {one.text for one in mentions} & known.services or known.suffering | {known.report.service or ""}
    return {word for service in services for word in known.messages.get(service, ())}


def _broken(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "ledger is down": of whom nearly all requests fail; else nothing tells so."""
    for one in _states(BROKEN, text, _logged(mentions, known) | known.past):
        of = next((it.text for it in reversed(mentions) if it.span[1] <= one.span[0] and it.text in known.services), "")
        regions = {it.text for it in mentions} & known.regions
        own = [it for it in known.levels if (it.subject.service, it.signal) == (of, "errors")]
        rates = [it.actual for it in own if regions <= {it.subject.region}]
        if DOWN.search(one.text) and max(rates, default=0.0) >= NEARLY_ALL:
            yield replace(one, holds=True, why="", is_unproven=False)
        else:
            yield replace(one, is_open=bool(SUFFERED.search(one.text)))


DOWN = re.compile(r"\b(?:down|offline|unavailable|unreachable)$", re.IGNORECASE)
NEARLY_ALL = 0.9
# What it suffers; that somebody did something to it ("deleted", "rolled back", "repaired") is refuted.
SUFFERED = re.compile(
    r"\b(?:down|offline|unavailable|unreachable|dead|broken|overloaded|exhausted|saturated|full|dry"
    r"|(?:out|short|low) (?:of|on)(?: [a-z ]+)?|(?:ran|runs?|running) out)$|^(?:rule|threshold)",
    re.IGNORECASE,
)
# "Traffic is down": a direction.
OF_SIGNAL = re.compile(
    r"\b(?:traffic|latency|errors?|rate|load|demand|requests?|emissions?|carbon|usage|volume|throughput|CPU|memory"
    r"|SCI|p\d\d|median|mean|average|share|value|figure)(?: (?:of|in|for) [\w.:-]+){0,2}"
    r"(?: \w+)? (?:is|are|was|were|went) down$",
    re.IGNORECASE,
)


# "Availability is down 1.3 percentage points".
BY_SO_MUCH = re.compile(
    r"(?<=\bdown)(?:,? from| by| to)?(?: about| some| roughly)? \d(?!\d?:\d\d)(?![^,;]*\bof (?:the|its) time\b)"
    r"|(?<=\bdown) (?:slightly|a bit|a little)\b"
)


def _states(pattern: re.Pattern[str], text: str, logged: Iterable[str] = ()) -> Iterator[Claim]:
    """`logged`: words of log lines, which may be said of those that wrote them."""
    for found in pattern.finditer(text):
        if (
            (found[0].split()[-1] in logged and not RETURNING.search(found[0]))
            or OF_SIGNAL.search(text[: found.end()])
            or BY_SO_MUCH.match(text, found.end())
        ):
            continue
        yield Claim("state", found.span(), found[0], holds=False, why="a report cannot know that", is_unproven=True)


# "Was back at its usual 0 %": no words of a line, though one has "at".
RETURNING = re.compile(r"^(?:back|returned|returns|restored|recovered) ", re.IGNORECASE)
# "The pool is exhausted": where a line tells that there is none left of it.
EXHAUSTED = re.compile(
    r"\b(?:exhausted|saturated|full|dry|(?:out|short|low) (?:of|on)|(?:ran|runs?|running) out)$", re.IGNORECASE
)
USED_UP = re.compile(
    r"\b(?:no (?:\w+ )?(?:connection|space|slot|memory|thread|file)s?\b|too many|out of|limit reached|full\b"
    r"|waiting=\d|exhausted|depleted|insufficient)",
    re.IGNORECASE,
)


def _is_used_up(one: Claim, text: str, mentions: list[Found], known: Known) -> bool:
    """Of what the line itself names: its pool, not the memory."""
    start, end = context.clause(one.span, text)
    # "It ran out of connections".
    said = vocabulary.telling(text[one.span[1] : end] if one.text[-2:] in ("of", "on") else text[start : one.span[0]])
    services = {it.text for it in mentions} & known.services or {*known.about, known.report.service or ""}
    lines = [line for service in services for line in known.logged.get(service, ()) if USED_UP.search(line)]
    return any(said & vocabulary.telling(line) for line in lines)


LINES_OF_IT = re.compile(r"\b(?:log |sampled )?lines $")


def _order(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """A change and the onset, one before the other as the sentence has it."""
    onsets = {moment.at for moment in known.moments if moment.kind == "onset"}
    for found in ORDER.finditer(text):
        before, after = text[: found.start()], text[found.end() :]
        after = re.split(r"[,;:]", after)[0] if re.search(r"\w", before) else after
        if LINES_OF_IT.search(before) or _tells_a_level(found, text):
            # "0 % of the log lines after it are errors": which lines, not when it was made.
            continue
        if found[0].lower() == "since" and REASON.search(after):
            continue
        left, right = _spoken(before, 0, mentions, known), _spoken(after, found.end(), mentions, known)
        if not re.search(r"\w", before) and "," in after:
            first, _, rest = after.partition(",")
            right = _spoken(first, found.end(), mentions, known)
            left = _spoken(rest, found.end() + len(first) + 1, mentions, known)
        times = _times(left, right)
        if times is None or not onsets or (found["amid"] and not times[0]):
            continue
        change_is_left, changes = times
        says_change_first = bool(found["earlier"]) == change_is_left
        if found[0].lower() in ("followed", "following") and not change_is_left and found["later"]:
            says_change_first = True
        is_first = any(at <= max(onsets) for at in changes)
        if changes:
            holds = is_first == says_change_first and not _is_since_another(found, after, mentions, known)
            yield judged("cause", found, holds, "it was the other way round")


def _tells_a_level(found: re.Match[str], text: str) -> bool:
    """ "Before deploy-8717, 0.6 % of the log lines were errors": what was usual then, and no order."""
    if re.search(r"\w", text[: found.start()]):
        return False
    place = text.find(",", found.end()) % (len(text) + 1)
    return any(roles.role(one.span, text) == "usual" for one in numerals.numbers(text) if one.span[0] >= place)


DENIED = re.compile(r"\b(?:no|not|none|nothing|never)\b", re.IGNORECASE)


def _is_since_another(found: re.Match[str], after: str, mentions: list[Found], known: Known) -> bool:
    """ "Since deploy-8718 went out, requests fail": of a change that is not the cause."""
    inside = {one.text for one in mentions if found.end() <= one.span[0] < found.end() + len(after)}
    told = {one.deployment_id for one in known.changes if inside & {one.deployment_id, one.version}}
    root = known.report.root_cause
    is_since = found[0].lower() == "since" and known.has_cause and not DENIED.search(found.string[: found.start()])
    return is_since and bool(told) and root is not None and root.deployment_id not in told


def _times(left: list[datetime] | str | None, right: list[datetime] | str | None) -> tuple[bool, list[datetime]] | None:
    if isinstance(left, list) and right == "onset":
        return True, left
    if isinstance(right, list) and left == "onset":
        return False, right
    return None


def _spoken(part: str, offset: int, mentions: list[Found], known: Known) -> list[datetime] | str | None:
    """The times of the change that a part speaks of, or that it speaks of the onset."""
    inside = {one.text for one in mentions if offset <= one.span[0] < offset + len(part)}
    named = [change for change in known.changes if change.at and (inside & {change.deployment_id, change.version})]
    if named:
        return [change.at for change in named if change.at]
    if DEPLOYING.search(part):
        own = [one.at for one in known.changes if one.at and one.service in inside]
        if own:
            return own
        root = known.report.root_cause
        of_cause = [one.at for one in known.changes if one.at and root and one.deployment_id == root.deployment_id]
        return of_cause or None
    return "onset" if BEGINNING.search(part) else None


# "Two minutes after CPU and carbon": how far apart they are is checked as a figure.
SO_LONG = re.compile(r"\b[\w.]+ (?:minutes?|seconds?|hours?|min) $", re.IGNORECASE)


def _asides(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "… when the tax table was deleted": what is told beside the rise is told as its cause."""
    named = cause_names(known)
    for found in ASIDE.finditer(text):
        group = "what" if found["what"] else "who"
        start, end = found.span(group)
        inside = {one.text for one in mentions if start <= one.span[0] < end}
        if (
            BEFORE_AND.search(text[: found.start()])
            or (topics(found[group]) & {*SIGNALS} and SO_LONG.search(text[: found.start()]))
            or causation.PRONOUN.fullmatch(found[group])
        ):
            continue
        if inside & named or (
            group == "what"
            and (
                ANCHOR.search(found[group])
                or _is_beginning(found[group], inside, known)
                or _is_measured(found, text, mentions, known)
            )
        ):
            continue
        # "The release of 2.18.0, deploy-8737, made requests fail": who did is told before (`causation`).
        if group == "who" and not re.search(r"\w", found[group]):
            continue
        if group == "who" and not re.search(r"fail|error|rise|rose|emi|slow|request", text[end:], re.IGNORECASE):
            continue
        yield Claim(
            "cause",
            found.span(),
            found[0],
            False,
            "the evidence shows no such cause",
            group == "what" and not inside,
            is_unproven=True,
        )


# "The version was 2.5.4 before and after the change".
BEFORE_AND = re.compile(r"\bbefore and $", re.IGNORECASE)


def _is_measured(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> bool:
    """ "As traffic was slightly below what was expected", "a minute after the errors": checked by itself."""
    if re.fullmatch(r"\W*(?:its |the |their )?(?:first )?(?:errors|failures|timeouts)\W*", found["what"]):
        return True
    start, end = found.span("what")
    return any(start <= one.span[0] < end for one in directions.directions(text, mentions, known))


def _is_beginning(what: str, inside: set[str], known: Known) -> bool:
    """ "… when the errors of payments began": of what deviates."""
    begun = re.search(r"\b(?:beg[au]n|started|rose|risen|set in|increased|climbed|jumped)\b", what)
    return bool(begun and topics(what)) and inside <= known.suffering


APART = re.compile(r";|\b(?:while|whereas|but)\b")


# "Since then 36 % of its log lines are errors, and none were before": of the lines of a deployment.
SINCE_THEN = re.compile(
    r"\bsince (?:then|it|that|(?:the )?(?:deploy|release|rollout)[\w-]*)\b[^;]{0,60}\blines\b", re.IGNORECASE
)


def _never_before(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "… and not before": of a type of errors only where none was logged before."""
    found = re.search(
        r"^before\b[^,;]{0,40}, (?:no|none)\b[^,;.]{0,40}"
        r"|\b(?:not|never|none|no)\b(?! (?:worse|more|slower|better|less|higher|longer)\b)[^,;.]{0,30}"
        r"\b(?:before\b(?= *(?:$|[.;,)\[]))|(?:in|during) the baseline"
        r"|previously|until then)",
        text,
        re.IGNORECASE,
    )
    logged = {fact.of for fact in known.facts if fact.role == "now" and fact.of in known.types and fact.value > 0}
    if not found:
        return
    # "PoolTimeout came 11 times and never before, while OutOfStock …": of those that are told before it.
    start = max((one.end() for one in APART.finditer(text[: found.start()])), default=0)
    named = [one for one in mentions if one.text in known.types]
    types = {one.text for one in named if start <= one.span[0] < found.start()}
    types = types or {one.text for one in named} or logged
    compared = [fact for fact in known.facts if fact.whole == "lines" and fact.of and fact.role == "usual"]
    if not named and compared and SINCE_THEN.search(text[: found.start()]):
        yield judged("direction", found, not any(fact.value for fact in compared), "it was logged before")
        return
    if not types or not re.search(r"\b(?:errors?|lines?|logged|Error|Exception|messages?|such)|[a-z][A-Z]", text):
        return
    before = [fact for fact in known.facts if fact.of in types and fact.role == "usual"]
    holds = bool(before) and all(fact.value == 0 for fact in before)
    yield judged("direction", found, holds, "it was logged before")
