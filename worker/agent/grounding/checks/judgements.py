"""What is judged, and not caused: who ranks where, how severe it is, what is known, what a figure amounts to.

A reason that such a clause has ("… has a confidence of 0.62, because all of its requests fail") blames nobody: who
ranks where is checked by the ranking, a severity by its reasons, and what stands behind "because" is read by itself.
"""

from __future__ import annotations

import re

_CAUSE = r"(?:cause[ds]?|causing|culprit|origin|source|explanations?|explain(?:s|ed)?|reasons? (?:of|for it)|offender)"
_SUSPECT = r"(?:candidates?|suspect\w*|rivals?|contenders?|alternatives?)"
# "… is ruled out because …", "no reason to roll back": what is judged not to be the cause.
CLEARED = re.compile(
    r"\b(?:ruled out|excluded|unrelated"
    r"|(?<!requests )(?<!calls )(?:is|are|was|were|be|been) (?:\w+ )?(?:dismissed|rejected|discarded)"
    r"|(?:set|left|put) aside|innocent|(?:im|un)likely"
    r"|un(?:convincing|suspicious)|no worse|less likely|(?:poor|weak) (?:candidate|suspect|contender)"
    r"|(?:drop(?:s|ped)?|falls?|fell) (?:out|away)(?! of)"
    r"|(?:no|not|never|neither|nor|none|nothing|nobody|hardly|barely|cannot|little|without)\b[^,;:]{0,40}?"
    rf"\b(?:{_CAUSE}|{_SUSPECT}|blamed?|blames|accused|responsible|involved|linked|connected|convincing|supported"
    r"|fit|match|tally|named|identified|held|seen as|regarded|considered|treated|believed|thought|confidence"
    r"|trouble|problem|bearing|weight|influence"
    r"|effect on|impact on|part(?! of)|role|verdict|conclusion|judge?ment"
    r"|(?:roll|revert|restart|touch|chang)(?:e|ing)?)"
    rf"|rather than (?:(?:as )?(?:the|an?) (?:\w+ )?)?{_CAUSE}"
    r"|(?:is|are|was|were) (?:only |just |merely |but )?(?:an?|the) (?:mere )?(?:consequence|symptom|after-?effect)s?"
    r"|(?:comes?|came|stands?|stood|ranks?|ranked|is placed|lies) (?:\w+ )?(?:last|lower|second|third)"
    r"|(?:confidence (?:of|is)|stands? at|is at|gets?|given) (?:only |just |about |merely )*0(?:\.0\d*)?(?![.\d]))\b",
    re.IGNORECASE,
)
# What blames nobody; who ranks where is checked by the ranking, a severity by its value and its reasons.
RANKED = (
    rf"confidence|(?:gets?|got|given|has|stands? at) (?:only |just )?0\.\d+"
    rf"|{_SUSPECT}|compet\w+|rank(?:s|ed|ing)?|runner-up|front-?runner|favou?r(?:s|ed|ites?)"
    r"|(?:more|less|most|as) likely|likel(?:ier|iest)"
    r"|(?:comes?|came|stands?|stood|is|was|puts?) (?:\S+ )?(?:first|ahead|in front|on top|next)"
    r"|leads?(?= (?:with|at|by)\b)|(?:un)?certain|sure"
    r"|(?:is|was|are|were) (?:only |also |even )?(?:named|listed|considered|suspected)(?=\W*$)"
)
SEVERE = r"severity|(?:low|medium|high|critical)(?= (?:incident|severity)|\W*$)"
KNOWN = (
    r"(?:un)?known|unclear|(?:un)?measured|(?:left )?open|confirm(?:s|ed)|conclu\w+|assum\w+|estimat\w+"
    r"|(?:can ?not|could not|can|could) (?:be )?(?:counted|compared|judged|assessed|determined|quantified|measured"
    r"|estimated|told|tell|known|split|say|said|show|shown)"
    r"|(?:nothing|nobody|no field) (?:tells?|says?|shows?)"
    r"|(?:the report|spiketrace|the investigation) (?:does|did|do|can|could)(?: ?not|n['’]t) \w+"
    r"|the (?:difference|rest|remainder|shortfall) (?:is|was|comes to|amounts to|lies)"
    r"|there (?:is|are|was|were) no (?:\w+ )?(?:loss(?:es)?|comparison|estimate|figure|split|excess|impact|evidence)"
    r"|no (?:\w+ )?(?:loss|comparison|estimate|figure|split|excess|impact|evidence)\b[^,;]{0,24}"
    r" (?:is|are|was|were|can be|could be) \w+"
)
USUAL = (
    r"within|in line with|as usual|as expected|(?:un|ab)?(?:usual|normal)(?=\W*$)|(?:is|are|was|were) (?:\w+ )?normal"
    r"|does not deviate|do not deviate|no deviation|(?:hardly|barely|scarcely|not) (?:changed?|moved?|differ\w*)"
    r"|unchanged|(?:hardly|barely|scarcely|not|un) ?(?:affected|involved)|counts? as"
    r"|(?:is|are|was|were) (?:also |therefore )?(?:unusual|new|abnormal|notable|conspicuous)(?=\W*$)"
    r"|nothing (?:needs|has) to be done|no action|lost nothing|not (?:an )?incident"
    r"|nothing (?:stands? out|(?:is|was) (?:unusual|notable|conspicuous))"
    r"|there (?:is|was) (?:therefore |thus )?nothing(?=\s*\W*$)|no (?:other )?(?:metric|signal)s?\b"
    r"|nothing (?:is|was) broken|may be (?:none|zero|nothing)|(?:nothing|no requests?) fail(?:s|ed)?"
)
# Only these give a reason; "broke", "led to" and "explains" bring something about.
GIVING_REASON = re.compile(
    r"\b(?:because(?! of)|since|as|so|therefore|thus|hence|consequently|why|mak(?:es?|ing)|made)\b", re.IGNORECASE
)
JUDGED = re.compile(rf"\b(?:{RANKED}|{SEVERE}|{KNOWN}|{USUAL})\b|^\W*the conclusion\b", re.IGNORECASE)
RATED = re.compile(rf"\b(?:{SEVERE})\b", re.IGNORECASE)
OF_FIGURES = re.compile(rf"\b(?:{SEVERE}|{KNOWN}|{USUAL})\b|^\W*the conclusion\b", re.IGNORECASE)
BLAMING = re.compile(r"\b(?:caus\w+|culprit|blame\w*|origin|responsible|fault|guilty|why)\b", re.IGNORECASE)
MEASURED = re.compile(
    r"\d|\b(?:usual|normal|expected|measured|recorded|confirmed|deviates?|rose|fell|logged|wrote|empty|known|unknown"
    r"|log lines?|names? (?:no|neither)|no field|neither user nor session|too few|threshold)\b",
    re.IGNORECASE,
)


def is_told(found: re.Match[str], *, is_cause_open: bool) -> bool:
    """Whether what has the reason is a judgement; why it happened is none, where a cause is known."""
    if RATED.search(found["effect"]):
        return True
    is_reason = GIVING_REASON.search(between(found)) or found["effect"].lstrip().startswith("the conclusion")
    is_blaming = not is_cause_open and BLAMING.search(found["effect"])
    return bool(is_reason and JUDGED.search(found["effect"])) and not is_blaming


def is_of_figures(found: re.Match[str]) -> bool:
    """What is concluded of what was measured, or of its lack: "… is not known, because nothing was logged"."""
    return bool(OF_FIGURES.search(found["effect"]) and MEASURED.search(found["cause"]))


def between(found: re.Match[str]) -> str:
    """What stands between the cause and its effect, and around them."""
    return found[0].replace(found["cause"], " ", 1).replace(found["effect"], " ", 1 if found["effect"] else 0)
