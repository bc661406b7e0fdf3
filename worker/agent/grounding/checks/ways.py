"""The words for what signals do: rise, fall, stay as usual."""

from __future__ import annotations

import re

# What rises or falls, by any verb for it.
_ROSE = (
    r"rose|rises|rising|risen|increas(?:ed|es|ing)|grew|grows|climb(?:ed|s)|jump(?:ed|s)|surge[ds]|spike[ds]|soar(?:ed|s)"
    r"|leap(?:ed|t|s)|balloon(?:ed|s)|swell(?:ed|s)|swollen|escalat(?:ed|es)|(?:sky)?rocket(?:ed|s)|shot up|shoots up"
    r"|mount(?:ed|s)|explode[ds]|(?:ticked|edged|pushed|driven|drove|came|gone|picked) up"
    r"|accelerat(?:ed|es)|multipl(?:ied|ies)|widen(?:ed|s)|elevat(?:ed|es)"
    r"|burgeon(?:ed|s)|intensif(?:ied|ies)|heighten(?:ed|s)|inflate[ds]|(?:built|piled|stacked) up"
)
_FELL = (
    r"fell(?! into\b)(?! to (?:the )?(?:retries|errors|slower|failed|overhead|demand|more)\b)"
    r"|falls(?! (?:on|upon|within|between|outside|inside|under"
    r"|to (?:the )?(?:retries|errors|slower|failed|overhead|demand|more))\b)"
    r"|falling|fallen|dropped|drops|decreas(?:ed|es|ing)|decline[ds]|reduced|lowered|shrank|shrunk|shrinks"
    r"|sank|sunk|sinks|collapse[ds]|plunge[ds]|plummet(?:ed|s)|slip(?:ped|s)|slid|slides|tumble[ds]"
    r"|dwindle[ds]|dip(?:ped|s)|eased"
    r"|recede[ds]|slump(?:ed|s)|crashed|vanish(?:ed|es)|disappear(?:ed|s)|dried up|tailed off"
    r"|(?:came|gone|went|goes) down|weaken(?:ed|s)|subside[ds]"
    r"|abate[ds]|ebb(?:ed|s)|fade[ds]|taper(?:ed|s)|sag(?:ged|s)|slacken(?:ed|s)|nosedive[ds]|retreat(?:ed|s)"
    r"|(?<=s )(?:abate|ebb|fade|taper|sag|slacken|wane|lessen|diminish)"
    r"|diminish(?:ed|es)|lessen(?:ed|s)|wane[ds]|relent(?:ed|s)"
)
# "Below rather than above expectation".
_NOT_BELOW = r"(?:,? (?:rather than|(?:and )?not) (?:below|under),?)?"
_NOT_ABOVE = r"(?:,? (?:rather than|(?:and )?not) (?:above|over),?)?"
UP = re.compile(
    rf"\b(?:{_ROSE}"
    r"|(?:outside(?: of)?|above|over|beyond|exceed(?:s|ed|ing)?) (?:the|its|their) (?:expected|usual|normal) range"
    r"|(?<=not )(?:become|get) (?:\w+ )?(?:slower|worse)"
    r"|(?:have|has|had) (?:become|got|grown|turned) (?:\w+ )?slow"
    rf"|(?:above|over|beyond|outside){_NOT_BELOW} (?:its|their|the|what (?:is|was))"
    r" (?:usual|normal|expected)(?: (?:values?|levels?|rates?))?"
    rf"|(?<!than )(?<!not )(?:above|over){_NOT_BELOW}"
    r" (?:(?:(?:the|its|their) )?expectations?|normal(?! [a-z]))"
    r"|(?:(?<=not )|(?<=did )|(?<=does ))(?:rise|increase|grow|climb)|went up|goes up|is up|are up"
    r"|(?:(?<=is not )|(?<=are not ))up(?! (?:to|for)\b)"
    r"|higher(?! than (?:first|second|third|\w+th) place)|elevated|more than usual"
    r"|(?:answers?|answered|responds?|responded|is|are|was|were|became|got)"
    r" (?:\w+ ){0,2}?(?:slower|more slowly)(?! than \d)"
    r"|(?:rise|increase|spike|surge|jump|growth|climb) (?:of|in))\b",
    re.IGNORECASE,
)
DOWN = re.compile(
    r"\b(?:(?:fell|went|is|gone|became) (?:almost |nearly )?silent|(?:went|fell|is) quiet|stopped logging"
    rf"|{_FELL}|improve[ds]|got better"
    r"|(?:(?<=not )|(?<=did )|(?<=does ))(?:fall|drop|decrease|decline)|is down|(?<=\w )lower"
    r"|(?:drop|fall|decrease|decline|reduction) (?:of|in)"
    r"|(?:answers?|answered|responds?|responded|is|are|was|were|became|got) (?:\w+ ){0,2}?(?:faster|more quickly)"
    rf"|(?:below|under){_NOT_ABOVE} (?:its|their|the|what (?:is|was))"
    r" (?:usual|normal|expected)(?: (?:values?|levels?|rates?))?"
    r"|(?:below|under) (?:the|its|their) (?:expected|usual|normal) range"
    rf"|(?<!than )(?<!not )(?:below|under){_NOT_ABOVE}"
    r" (?:(?:(?:the|its|their) )?expectations?|normal(?! [a-z]))"
    r"|better than (?:usual|normal|before)"
    r"|hardly (?:any|log\w*)|barely log\w*|log(?:s|ged) (?:almost|next to) nothing)\b",
    re.IGNORECASE,
)
SAME = re.compile(
    r"\b(?:unchanged|unscathed|unharmed|behave[sd]? normally|the same as ever"
    r"|(?:is|are|was|were) spared|as usual|as always"
    r"|(?:as|what) (?:it|they) (?:usually|normally|always) (?:does|do|did|is|are|was|were)"
    r"|stable|steady|flat|unaffected|not affected|healthy"
    r"(?! (?!and\b|but\b|again\b|since\b|in\b|at\b|on\b)\w)|constant|(?:is|are|was|were|stays?"
    r"|stayed|remains?|remained|looks?) (?:(?!above|below|over|under)\w+ )?normal(?! (?:level|rate|value))"
    r"|(?:(?:did|does|do|has|have) not|hardly|barely|scarcely) (?:changed?|moved?|budged?)"
    r"|no change(?! (?:was|were|is|of|before|preced|that|explain|to roll|in the (?:two|few|last|hours?)\b"
    r"|to (?:\S+ ){1,3}(?:was|is|were|has been) (?:found|recorded|known|made|seen|listed)))|at (?:a )?normal"
    r"|neither\b[^;.]{3,60}\b(?:changed|changes(?! (?:is|are|was|were)\b)"
    r"|shows? (?:an?|any) (?:\w+ )?deviation|deviates?|abnormal|unusual|conspicuous|worse|slower)"
    r"|(?:each|every|(?<!not )a(?: single)?|(?<!not )one) (?:request|of (?:them|these|those|its requests)) (?:\w+ )?"
    r"(?:costs?|takes?|took|emits?|emitted|uses?|used|causes?|caused) (?:no more|as much|the(?: same)?)"
    r"(?: (?:CO[₂2]e?|carbon|energy|as)| of it)*(?: than| as)?"
    r" (?:before|usual|normal|always|ever|it (?:usually|normally|always) (?:does|takes|emits|costs|uses|did))"
    r"|no more (?:failed requests|failing requests|failures|errors|retries) than (?:usual|before|normal)"
    r"|no more (?:requests|calls) (?:fail|failed)(?: (?:in|of|at) \S+)? than (?:usual|before|normal)"
    r"|at (?:constant|steady|unchanged|stable) (?:traffic|load|demand)"
    r"|(?:with|at|under|its) (?:usual|normal) (?:traffic|latency|load|error rate"
    r"|memory)"
    r"|neither (?:errors|failures|retries) nor (?:errors|failures|retries)"
    r"|(?:no|without) (?:any )?(?:errors|failures|retries|(?:significant |clear |notable )?deviations?)(?! to\b)"
    r"|without a single (?:error|failure|retry)"
    r"|up and running"
    r"|(?:is|are|was|were|looks?|stays?) (?:\w+ )?(?:good|decent|passable|unremarkable|inconspicuous|unobtrusive)"
    r"(?=[,;.:]|$| (?:at|since)\b)"
    r"|in (?:good|perfect|fine|working) (?:shape|health|order|condition)"
    r"|(?:bare|free|devoid|empty|clear|clean) of (?:any )?(?:errors|failures|retries)|plateau(?:ed|s)"
    r"|(?:do|does|did) not (?:deviate|stand out(?! until\b|,? (?:since|as|because)\b))|nothing\b[^,;]{0,20} deviates?"
    r"|keeps? to (?:its|the|their) (?:usual|normal)"
    r"|(?:remain(?:s|ed)?|stay(?:s|ed)?|kept|keeps) at (?:its|the|their) (?:usual|normal|expected)(?= \d)"
    r"|(?:usual|normal) (?:level|value|rate|range)s?|as expected"
    r"|(?:at|on|near|close to) (?:its|their|the) (?:usual|normal|expected|typical|baseline)(?: (?:level|value|rate)s?)?"
    r"(?! \d)"
    r"|(?:at|near|close to) (?:(?:its|their|the) )?expectations?"
    r"|(?<=far from )(?:(?:its|their|the) )?(?:expectations?|(?:expected|usual|normal)(?: (?:level|value|rate)s?)?)"
    r"|within what is (?:usual|normal|expected)"
    r"|within (?:the |its |their )?(?:usual|normal|expected|typical)(?: [^\W\d]+)?(?! (?:range |of )*\d)"
    r"|in line with (?:the )?(?:usual|normal|expect\w+|baseline))\b",
    re.IGNORECASE,
)
