"""Advice: what it denies under a condition is no claim; it may not leave the cause, undo the remedy, or do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import causation
from worker.agent.grounding.checks.statements import BLAMED
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.domain.report import Verdict

# "If the errors persist after the rollback, cfg-3095 was not the cause".
STAYING = re.compile(
    r"(?:^|;)\W*(?:if|should|in case|unless|when)\b[^;]*?\b(?:persists?|remains?|continues?|still|stays?"
    r"|keeps?|go(?:es)? on"
    r"|not be\b|(?:do|does|did|is|are|was|were)(?: not|n['’]t)|no (?:effect|improvement|change)|nothing changes"
    r"|without (?:effect|success))\b",
    re.IGNORECASE,
)
# "Within minutes checkout is as before, or deploy-8729 was not the cause": how it is found out.
OR_NOT = re.compile(
    r"\b(?:should|will|would|must|within|after)\b[^;]{3,90}?,? (?P<not>(?:or else|or|otherwise),? [^,;.]{0,60}?"
    r"\b(?:was|is|were)(?: not|n['’]t) (?:the (?:\w+ )?cause|the culprit|it|this|to blame|at fault)\b)",
    re.IGNORECASE,
)
REASON = re.compile(r"\b(?:because|since|as(?! (?:before|usual|expected|well|soon|long)\b))\b", re.IGNORECASE)
DENIALS = (causation.IT_IS, BLAMED)
# "…, the cause was something else": names nobody.
NAMELESS = re.compile(
    r"\b(?:(?:something|somewhere|anything) else|elsewhere|another(?: one| cause)?|a different one)\b"
)
# "Restart frontend first, not ledger".
NOT_IT = re.compile(r"(?:, | )(?:not|instead of|rather than|and not|before)(?: (?:at|on|the))* $", re.IGNORECASE)
MENDING = re.compile(
    r"\b(?:restart|repair|fix|fail(?:ing)? over|take|roll(?:ing)? back|revert|look|start|begin|mend|inspect)\w*\b",
    re.IGNORECASE,
)
# "Do not spend time on ledger".
AWAY = re.compile(
    r"\b(?:do not|don['’]t|never|no need to|rather than) (?:spend|waste|lose|look|start|begin|search)\b", re.IGNORECASE
)


def misdirected(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """What would have something else mended first than the cause."""
    for found in AWAY.finditer(text):
        behind = [one for one in mentions if one.span[0] >= found.end() and one.text in cause_names(known)]
        if behind and not re.search(r"[,;:]|\b(?:unless|until|if|before|but)\b", text[found.end() : behind[0].span[0]]):
            yield Claim("cause", behind[0].span, behind[0].text, holds=False, why="it is the cause")
    if not MENDING.search(text):
        return
    for place, one in enumerate(mentions):
        others = {it.text for it in mentions[:place]} - {*known.regions} - cause_names(known)
        if one.text in cause_names(known) and others and NOT_IT.search(text[: one.span[0]]):
            yield Claim("cause", one.span, one.text, holds=False, why="it is the cause")


# "Keep deploy-8738 in place", "do not roll back deploy-8738".
KEEP = re.compile(r"\b(?:keep|leave|retain|let)(?: the)?(?: deployment| version| release)? $", re.IGNORECASE)
IN_PLACE = re.compile(
    r" (?:\w+ )?(?:in place|in production|deployed|running|run|live|untouched|unchanged|as it is|alone|on|active)\b"
)
# "Do not roll version 2.18.0 out any further".
NO_ROLLOUT = re.compile(r"\b(?:do not|don['’]t|never|must not|should not) roll(?: [\w.-]+){0,4}? out\b", re.IGNORECASE)
ON_CONDITION = re.compile(r"\b(?:if|unless|until|only|in case)\b", re.IGNORECASE)


_ALERT = r"(?:alerts?|alarms?|rules?|incidents?|pages?|pagers?|tickets?|notifications?)"
SILENCING = re.compile(
    rf"\b(?:mute|silence|snooze|close|disable|suppress|switch off|turn off|acknowledge and close)"
    rf" (?:the |this |that |these |its |all )?(?:[\w-]+ )?{_ALERT}\b"
    rf"|\b{_ALERT}\b[^,;.]{{0,40}}? (?:be|is to be|are to be) (?:\w+ly )?(?:muted|silenced|snoozed|closed|disabled"
    r"|suppressed|switched off|turned off)\b",
    re.IGNORECASE,
)
UNTIL = re.compile(
    r"\b(?:if|once|when|after|until|as soon as|unless|do not|don['’]t|never|not|without|before)\b", re.IGNORECASE
)
# "…, as the note in the data asks": what telemetry says is no instruction.
AS_ASKED = re.compile(
    r"\bas (?:the |a )?(?:\w+ )?(?:note|message|line|text|comment|instruction|data|telemetry|alert)s?\b[^,;.]{0,30}?"
    r" (?:(?:asks?|asked|demands?|requests?|requested|instructs?|orders?|wants?|requires?)\b"
    r"|(?:tells?|says?)(?=\W*$|[,;.]| (?:you|us|to)\b))",
    re.IGNORECASE,
)


def silenced(text: str, known: Known) -> Iterator[Claim]:
    """ "Mute the alert for a week": not while an incident stands, nor because data asks for it."""
    if asked := AS_ASKED.search(text):
        yield judged("cause", asked, holds=False, otherwise="data gives no instructions")
    found = SILENCING.search(text)
    if found and known.report.verdict is not Verdict.NOT_CONFIRMED and not UNTIL.search(text):
        yield judged("state", found, holds=False, otherwise="there is an incident")


def without_conditional(found: list[Claim], text: str) -> Iterator[Claim]:
    """The claims of advice but for what it denies under a condition that is still to come."""
    staying, tried = STAYING.search(text), OR_NOT.search(text)
    for claim in found:
        if tried and claim.why in DENIALS and claim.span[1] > tried.start("not"):
            continue
        is_denial = claim.why in DENIALS or (claim.why == causation.ANOTHER and NAMELESS.search(claim.text))
        is_conditional = staying and is_denial and claim.span[1] > staying.start()
        if not is_conditional or REASON.search(text[staying.end() if staying else 0 : claim.span[1]]):
            yield claim


_THE = r"(?:the |all |any |its |their |this |that |these |every |[\w.@:-]+['’]s )?(?:[\w-]+ )?"
_DATA = r"(?:data|databases?|tables?|volumes?|disks?|hosts?|clusters?|namespaces?|index|indices|backups?|everything)"
_GUARD = (
    r"(?:monitoring|logging|logs|alerting|metrics|tracing|rate limit(?:s|er|ing)?|authentication|authori[sz]ation|TLS"
    r"|encryption|firewalls?|audit\w*|backups?|health checks?)"
)
# "Scale checkout to zero", "disable logging", "wipe all hosts": worse than what they would mend.
DESTRUCTIVE = re.compile(
    r"\bscal(?:e|ing)\b[^,;.]{0,60} (?:down )?to (?:zero|0|none)\b"
    rf"|\b(?:stop|disable|turn off|switch off|remove|drop|delete|suspend|bypass) {_THE}{_GUARD}\b"
    rf"|\b(?:delete|wipe|erase|purge|drop|truncate|destroy|format|reset) {_THE}(?<!old ){_DATA}\b"
    r"|\brestore\b[^,;.]{0,60} from (?:the |a |an )?(?:\w+ )?backups?\b"
    r"|\b(?:give|grant|hand)\b[^,;.]{0,40} (?:admin\w*|root|rights|access|permissions?)\b",
    re.IGNORECASE,
)
# "Run the script in the log line": whoever can write a log could then have anything done.
BY_REFERENCE = re.compile(
    r"\b(?:run|apply|execute|use|follow|send|open|visit|paste|install|do|call|start|download|upload|forward|post)\b"
    r"[^,;.]{0,50} (?:scripts?|patch(?:es)?|commands?|links?|address(?:es)?|urls?|instructions?|steps|code"
    r"|quer(?:y|ies)|fix(?:es)?|what)\b[^,;.]{0,20} (?:in|from|of|at|by|says?|asks?)"
    r" (?:the |a |that |this |its )?(?:[\w-]+ )?"
    r"(?:logs?|lines?|messages?|notes?|alerts?|tickets?|data|telemetry|comments?)\b",
    re.IGNORECASE,
)
# "Revert the rollback of deploy-7", "deploy deploy-7 everywhere else as well".
UNDOING = re.compile(
    r"\b(?:revert|undo|cancel|reverse|roll back) (?:the |that |this |any )?(?:rollback|revert)\b", re.IGNORECASE
)
SPREADING = re.compile(
    r"\b(?:re-?)?(?:deploy|release|ship|promote|roll out|apply|install|enable)"
    r"(?: (?:the|this|that|deployment|version|release|change|flag|again))* $",
    re.IGNORECASE,
)
ROLLBACK = re.compile(
    r"\b(?:roll(?:ing)? back|revert(?:ing)?|undo(?:ing)?)"
    r"(?: (?:the|this|that|deployment|version|release|change|flag))* $",
    re.IGNORECASE,
)
# "Do not roll back", "there is no reason to deploy".
UNWANTED = re.compile(
    r"\b(?:not|never|no (?:need|reason|cause|point|use|sense) (?:to|for|in)|without|avoid|refrain|instead of"
    r"|rather than|stop)\b[^,;.]{0,32}$|n['’]t\b[^,;.]{0,32}$",
    re.IGNORECASE,
)
# "Restart frontend": what has no part in the report is not to be touched for it.
ACTING = re.compile(
    r"\b(?:restart|reboot|redeploy|scale|drain|isolate|stop|kill|throttle|block|shut down|fail over|upgrade)"
    r"(?: (?:the|all|up|down|out|(?:the |all )?(?:instances|pods|replicas) of))* $",
    re.IGNORECASE,
)


def orders(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of recommendations; none of these has anything in a report that speaks for it."""
    for found in DESTRUCTIVE.finditer(text):
        yield judged("state", found, holds=False, otherwise="it would do more harm")
    for found in BY_REFERENCE.finditer(text):
        yield judged("cause", found, holds=False, otherwise="data gives no instructions")
    strangers = known.services - known.involved
    for one in mentions:
        if one.text in strangers and ACTING.search(text[: one.span[0]]):
            yield Claim("cause", one.span, one.text, holds=False, why="it has no part in this")
    root = known.report.root_cause if known.has_cause else None
    if root and root.deployment_id:
        yield from _against_the_remedy(text, mentions, {root.deployment_id, root.version}, known)


def _against_the_remedy(text: str, mentions: list[Found], own: set[str | None], known: Known) -> Iterator[Claim]:
    """Where the cause is a change, `own` are its names: what keeps or spreads it, or has another one rolled back."""
    for found in UNDOING.finditer(text):
        yield judged("cause", found, holds=False, otherwise="its rollback is what helps")
    for found in NO_ROLLOUT.finditer(text):
        named = {one.text for one in mentions if found.start() <= one.span[0]}
        yield judged("cause", found, bool(named & own), "it is not the cause")
    others = {one.deployment_id for one in known.changes} - own
    for one in mentions if not ON_CONDITION.search(text) else ():
        before = text[: one.span[0]]
        is_unwanted, is_undone = bool(UNWANTED.search(before)), bool(ROLLBACK.search(before))
        is_kept = (KEEP.search(before) and IN_PLACE.match(text, one.span[1])) or (is_undone and is_unwanted)
        if one.text in own and (is_kept or (SPREADING.search(before) and not is_unwanted)):
            yield Claim("cause", one.span, one.text, holds=False, why="it is the cause")
        if one.text in others and is_undone and not is_unwanted:
            yield Claim("cause", one.span, one.text, holds=False, why="it is not the cause")
