"""What advice may not ask for: to undo the remedy, to destroy what is needed, to do what telemetry says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.awaited import ON_CONDITION
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged

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
    r"\b(?:not|never|no (?:need|reason|cause|point|use|sense) (?:to|for|in)|without|avoid|instead of|rather than|stop)"
    r"\b[^,;.]{0,24}$|n['’]t\b[^,;.]{0,24}$",
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
    """Where the cause is a change, `own` are its names: what spreads it, or has another one rolled back."""
    for found in UNDOING.finditer(text):
        yield judged("cause", found, holds=False, otherwise="its rollback is what helps")
    others = {one.deployment_id for one in known.changes} - own
    for one in mentions if not ON_CONDITION.search(text) else ():
        before = text[: one.span[0]]
        if UNWANTED.search(before):
            continue
        if one.text in own and SPREADING.search(before):
            yield Claim("cause", one.span, one.text, holds=False, why="it is the cause")
        if one.text in others and ROLLBACK.search(before):
            yield Claim("cause", one.span, one.text, holds=False, why="it is not the cause")
