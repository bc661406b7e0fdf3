"""How a sentence says that one thing caused another: each pattern with its `cause` and its `effect`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CAUSING = (
    r"caus(?:ed|es|ing)|(?<!this )(?<=s )cause(?= (?:the|its|an?|\d))"
    r"|broke(?! (?:down|at|in|since)\b)|breaks?(?! down\b)"
    r"|trigger(?:ed|s)?"
    r"|start(?:ed|s)(?= (?:the|these|all|its) (?:\w+ )?(?:errors|failures|incident|problems?|rise|outage|timeouts)\b)"
    r"|(?<!call )(?<!calls )(?<!read )(?<!seen )(?:led|leads|leading) to|brought down|is the (?:root )?cause of"
    r"|(?:is|was|are|were) responsible for|(?:is|was) to blame for|explain(?:s|ed)?|result(?:ed|s|ing) in|drives?|drove"
    r"|(?<!chance )(?<!can )(?:brought|brings?) about(?! (?:\d|by\b))"
    r"|g(?:ave|ives?) rise to|set in motion|introduce[ds](?! (?:the )?(?:new )?(?:version|\s))"
    r"|(?:is|was) behind(?= (?:it|this|the (?:errors|failures|rise|incident|spike|slowdown))\b)"
    r"(?! \w+ (?:with|at|by|in)\b)"
    r"|provoked|induced|made it necessary|necessitat\w+"
    r"|prompt(?:ed|s)|called for|forc(?:ed|es)|(?<=s )make(?= [\w.-]+ (?:fail|slow(?:er)?|wait|break)\b)"
    r"|(?<!was )(?<!it )(?<!they )(?<!were )(?<!been )(?<!be )(?<!is )(?<!no longer )ma(?:de|kes)"
    r"(?! [\w.@:-]+ (?:rather |more |only )?(?:the|an?|only the|our|its) (?:\w+ ){0,2}(?:candidate|suspect|victim)\b)"
    r"(?! (?:no|nothing|it|up|sure|sense|little|any|to|for|in|at|more|fewer|less|as)\b| \d)"
    r"(?! an? (?:[\w₂]+ )?(?:excess|total|sum|difference|share|ratio|rate|factor|average|mean)\b)"
)
# "It comes from 65 g measured against 41 g expected", "the estimate comes from the sampled log": it is reckoned so.
_NO_DATA = (
    r"(?! (?:about )?[\d.,]+ ?[mk]?g(?:CO₂e)? (?:of CO₂e? )?(?:that (?:was|were) )?(?:measured|emitted)\b)"
    r"(?! (?:the |its |a )?(?:sampled |few |log )*(?:logs?|lines|sample|documents)\b)"
)
_CAUSED = (
    r"because of(?! (?:that|this|it),)|due to|caused by|triggered by|(?:the|a) result of|thanks to|owing to"
    r"|brought (?:on|about) by"
    r"|set off by|stems? (?:\w+ly )?from"
    rf"|stemm(?:ed|ing) from|(?:comes?|came) (?:mostly |mainly |largely |chiefly |only )?from{_NO_DATA}"
    r"|driven by|explained by|attributable to|attributed to|results? from"
    r"|resulted from|resulting from|originat\w+ (?:in|from|with|at)|(?:traces?|traced) (?:back )?to|put down to"
    r"|puts? (?:it|this|that|them) down to|(?:goes?|go|went) back to|settle[sd] on"
    r"|lies? (?:in|with)(?! between\b)(?! (?:the|its|this|that) (?:\w+ ){0,2}(?:hours?|minutes?|days?|window"
    r"|baseline)\b)(?! (?:an?|the|its|that) (?:\w+ )?(?:range|band)\b)"
    r"|lay (?:in|with)|rooted in|linked to|introduced by|a consequence of|follow(?:s|ed) from"
    r"|(?<!percentage )point(?:s|ed|ing)? (?:\w+ly )?(?:to(?! (?:keep|note|bear|remember|add)\b)|at|towards?)"
)
_KNOWN = (
    "found|known|unknown|determined|established|recorded|reported|stated|told|clear|"
    "proven|proved|settled|certain|confirmed|understood|identified|named|given|assigned"
    "|listed|put forward|of unknown kind|empty"
)
_NAMED = "identified|named|found|given"
_CULPRIT = "cause|culprit|origin|source|offender|trigger"
# "since 14:57" is a time, "since payments is down" a reason.
_SINCE = (
    r"(?<!lines )(?<!entries )(?<!those )(?<!that )since"
    r"(?! (?:then|about|around|when|last|the same (?:time|minute|moment)|\d| "
    r"|the (?:window|onset) (?:began|started|opened)|the (?:start|beginning|onset)\b"
    r"|(?:\w+ )?(?:minutes?|hours?|seconds?)\b))"
)
# A judgement that is drawn is checked as such (`statements.CLEARED`), and "so that" is a purpose.
_JUDGING = r"that\b|.*\b(?:not|no|unrelated|excluded|ruled out|unlikely|unknown)\b"
# What one thing does to another: "the deployment of auth raised the emissions".
_AFFECTING = (
    r"(?:rais(?:ed|es)|increas(?:ed|es)|lift(?:ed|s)|push(?:ed|es)|lower(?:ed|s)|reduc(?:ed|es)|doubl(?:ed|es)|slow(?:ed|s)"
    r"|worsen(?:ed|s)|degrad(?:ed|es)|stopp?(?:ed|s)|delay(?:ed|s))"
    r" (?=the\b|its?\b|their\b|them\b|all\b|[\w-]+['’]|down the\b)"
    r"|hurts?|harm(?:ed|s)|damag(?:ed|es)|spoil(?:ed|s)|disturb(?:ed|s)|disrupt(?:ed|s)|crippl(?:ed|es)|ruin(?:ed|s)"
    r"|block(?:ed|s)|exhaust(?:ed|s)|overload(?:ed|s)|flood(?:ed|s)|swamp(?:ed|s)|starv(?:ed|es)|drag(?:ged|s) down"
    r"|(?:took|takes|knock(?:ed|s)|tore|tears|pull(?:ed|s)) (?:down|out)|kill(?:ed|s)|crash(?:ed|es) (?=the\b|\w+['’])"
    r"|sets? off|kick(?:ed|s) off|spark(?:ed|s)|contribut(?:ed|es) to|play(?:ed|s)? an? (?:\w+ )?(?:part|role) in"
    r"|had (?:an?|its|some) (?:part|share|hand|influence|effect) (?:in|on)|(?:stands?|stood) behind"
    r"|ma(?:de|kes) (?=[\w-]* *(?:work|run|fail|wait|retry|time out|emit|answer|slow)\b)"
    r"|lets? (?=(?:the|its|their) (?:[\w-]+ ){1,3}(?:expire|lapse|fail|time out|run out|overflow|crash|stop)\b)"
    r"|spill(?:ed|s) over (?:to|into)|spread to|infect(?:ed|s)"
)
# What one is said to do to another by such a verb is no figure of its own.
AFFECTING = re.compile(rf"\s+(?:has |have )?(?:{_AFFECTING})", re.IGNORECASE)
_BLAMED = "responsible|to blame|at fault|blamed|held responsible"
# "Its failures pulled checkout down".
_PULLING = r"pull(?:ed|s)|slow(?:ed|s)|drag(?:ged|s)|took|takes?|brought|brings?|tore|tears?"
# "Checkout was taken down by the deployment of search", "… slowed down by …".
_UNDONE = (
    r"(?:taken|knocked|brought|dragged|pulled|torn) (?:down|out|offline|along)|broken|slowed(?: down)?|overload\w+"
    r"|overwhelmed|saturated|exhausted|blocked|starved|flooded|swamped|disrupted|crippled|delayed|killed|crashed"
    r"|degraded|worsened|raised|pushed up|driven up|lifted|made (?:slower|worse)"
)
# "What put the database into recovery mode", "left ledger without a database".
_PUTTING = r"put|sent|threw|drove|forced|pushed|tipped|left|kept|knocked"
# "It put version 2.18.0 into us-central1", "took checkout into production": where it runs is no state.
_NO_PLACE = r"(?! (?:the )?(?:[a-z]+-)*[a-z]+-?\d+\b| (?:production|service|use|operation|place|effect)\b)"
_INTO = rf"into{_NO_PLACE}|without|unable|short of|out of|down|offline|in (?:trouble|recovery)"
_TROUBLE = "failures|errors|slowdown|latency|incident|outage|trouble|problems?|failed requests"
_THE_CULPRIT = rf"(?:the|a|an|no) (?:[\w-]+ ){{0,2}}(?:{_CULPRIT})"
# "Is most likely the cause"; what is hardly or unlikely one is cleared.
_SURELY = r"(?:(?:(?!un|hard|bare|scarce)\w+ly|most|very|quite|almost|indeed|in fact|perhaps|thus|therefore) ){0,2}"
_HELD = r"(?:considered |called |named |seen as |regarded as |held to be |thought to be |believed to be |deemed )?"
# What gives the reason of a judgement as well.
_OPENING = (
    r"^\W*(?:because(?: of)?|due to|owing to|thanks to|as a result of|since(?! \d| ))\b(?P<cause>[^,]+),(?P<effect>.+)"
)
# "Payments fails, and as a result ledger slows down".
_AS_A_RESULT = (
    r"as a (?:result|consequence)(?! of\b)|in consequence"
    r"|for (?:that|this) reason|(?:because of|due to|owing to) (?:(?:that|this)(?=,)|it)"
)
_SO = (
    r"(?P<cause>.+?)[,;] (?:and )?"
    rf"(?:so(?! (?:is|are|was|were|does|do|did)\b)|therefore|thus|hence|consequently|{_AS_A_RESULT}),?"
    rf" (?P<effect>(?!{_JUDGING}).+)"
)
_WHY = r"(?P<cause>.+?) (?:is|was|are|were) (?:why|the reason (?:why|for|that)) (?P<effect>.+)"
_BECAUSE = rf"(?P<effect>.+?) (?:because(?! of)|as a result of|thanks to|{_SINCE}) (?P<cause>.+)"
CAUSES = (
    # "What broke shipping is cfg-3095".
    (
        rf"^\W*what (?:has |had )?(?:{_CAUSING}|(?:stands?|stood|lies|lay|is) behind)(?! by\b)"
        r" (?P<effect>[^,;]+?) (?:is|was) (?P<cause>[^,;]+)"
    ),
    # "… which makes payments the origin".
    rf"\bma(?:kes?|de) (?!it\b|this\b|that\b)(?P<cause>[\w.@:-]+) {_THE_CULPRIT}\b(?! of)(?P<effect>)",
    _OPENING,
    rf"(?P<effect>.+?) (?:(?:is|was|were|are|can be|has been) )?(?:\w+ly )?(?:{_CAUSED}) (?P<cause>.+)",
    (
        r"(?P<effect>(?:[^,;]+? )?(?:alert|trail|evidence|analysis|investigation|traces?)\b[^,;]{0,60}?)"
        r" (?:leads?|led) (?:back )?to (?P<cause>.+)"
    ),
    rf"(?P<cause>.+?) (?:has |have )?(?:{_CAUSING})(?! by\b) (?P<effect>.+)",
    rf"(?P<cause>.+?)(?<! as) (?:has |have )?(?:{_AFFECTING})(?! by\b) ?(?P<effect>.+)",
    (
        rf"(?P<cause>.+?) (?:has |have )?(?:{_PULLING})"
        r" (?P<effect>(?!\d|about\b|up\b)[^,;]+?)"
        r" (?:down|along|under|about(?=\s*(?:[,.;]|$))|with (?:it|them))\b(?! from)"
    ),
    rf"(?P<effect>.+?) (?:is|was|are|were|been|being|got) (?:\w+ly )?(?:{_UNDONE}) by (?P<cause>(?!about\b|\d).+)",
    r"(?P<effect>.+?) (?:broke(?: down)?|collapsed|buckled|gave way|failed|fails) under (?P<cause>.+)",
    # "Behind it stands deploy-8724".
    (
        rf"\bbehind (?P<effect>it|this|that|(?:the|these|its) (?:{_TROUBLE})\b[^,;]{{0,40}}?)"
        r" (?:stands?|stood|lies|lay) (?P<cause>[^,;:(]+)"
    ),
    rf"(?P<cause>.+?) (?:(?:is|was) what )?(?:{_PUTTING}) (?P<effect>[^,;]+? (?:{_INTO})\b.*)",
    rf"(?P<cause>.+?) accounts? for (?P<effect>(?:the|these|those|its) (?:{_TROUBLE})\b(?! of the).*)",
    rf"(?P<cause>.+?) (?:is|was|are|were) {_SURELY}(?:{_BLAMED})\b(?P<effect>.*)",
    rf"\bholds? (?P<cause>[^,;]+?) (?:to be )?(?:{_BLAMED})\b(?P<effect>.*)",
    _SO,
    r"(?P<cause>.+?)(?:,? and|,? with|;) (?P<effect>[^;]+?) (?:as a (?:result|consequence)(?! of\b)|in consequence)\b",
    # "Checkout's failures are all of payments' making".
    r"(?P<effect>.+?) (?:is|are|was|were) (?:\w+ )?(?:of )?(?P<cause>[\w.-]+['’]s?) (?:making|doing|fault)\b",
    r"(?P<effect>.+?)(?:,| and)? (?:which |that )?(?:speaks?|spoke|argues?|argued) (?:for|in favou?r of) (?P<cause>.+)",
    _WHY,
    r"(?P<cause>.+?) (?:is|was) the (?:\w+ )?reason\b(?! (?:why|for|that|to|of)\b)(?P<effect>.*)",
    _BECAUSE,
    rf"(?P<cause>.+?) (?:is|was|are|were|as|be) (?:not )?{_SURELY}{_HELD}(?:not )?{_THE_CULPRIT}\b(?P<effect>.*)",
    (
        r"\b(?:sees?|finds?|found|places?|locates?|puts?) the (?:root |likely |probable )?cause (?:in|with|at)"
        r" (?P<cause>[^,:;(]+)(?P<effect>)"
    ),
    r"\bcause (?:of|in|for|behind) (?P<effect>[^:;]+?) (?:is|was) (?P<cause>[^,:;(]+)",
    rf"\bcause (?:is|was) (?:{_NAMED})(?:, [^,]*,)? (?:as|to be|in|with) (?P<cause>[^,:;(]+)(?P<effect>)",
    (
        rf"(?<!this )(?<!\bno )(?<!\bno likely )(?<!\bown )(?:root )?cause(?: (?:is|was)|:) (?!{_KNOWN})"
        r"(?P<cause>[^,:;(]+)(?P<effect>)"
    ),
)


def _compiled(pattern: str) -> re.Pattern[str]:
    """What begins with anything begins at the beginning: without that each place would be tried."""
    is_open = pattern.startswith(("(?P<cause>.+?)", "(?P<effect>.+?)"))
    return re.compile(rf"\A{pattern}" if is_open else pattern, re.IGNORECASE | re.DOTALL)


CAUSAL = tuple(_compiled(one) for one in CAUSES)
_REASONING = tuple(_compiled(one) for one in (_OPENING, _SO, _WHY, _BECAUSE))


def reasoned(text: str) -> Iterator[re.Match[str]]:
    """What has a reason: "… because …", "…, so …", "… is why …"."""
    return filter(None, (pattern.search(text) for pattern in _REASONING))
