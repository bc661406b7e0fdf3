"""Forty ways to lie about the shop's bad deployment, each with its false part, and the truth about it."""

from __future__ import annotations

LIES = [
    ("wrong number", "Of checkout's requests 61 % fail [e2].", "61 %"),
    ("wrong usual number", "24 % of the requests of checkout fail, usually 9 % [e2].", "9 %"),
    ("digits swapped", "42 % of the requests of checkout fail [e2].", "42 %"),
    ("right number of another service", "In search 24 % of the requests fail [e2].", "24 %"),
    ("right number of another signal", "CPU of checkout is at 24 % [e1].", "24 %"),
    ("now and usual swapped", "Usually 24 % of the requests of checkout fail [e2].", "24 %"),
    ("wrong multiple", "checkout takes 3.6 times the CO₂ its requests usually take [e1].", "3.6 times"),
    ("wrong grams", "The excess is 340 gCO₂e [e1].", "340 gCO₂e"),
    ("wrong unit of mass", "The excess is 34 kgCO₂e [e1].", "34 kgCO₂e"),
    ("emitted told as excess", "The excess is 77 gCO₂e [e1].", "77 gCO₂e"),
    ("wrong unit of time", "The p95 latency of checkout is 129 s [e5].", "129 s"),
    ("wrong duration", "Deployment deploy-9 came 20 min before the onset [e6].", "20 min"),
    ("wrong money", "The excess cost is $216 [e1].", "$216"),
    ("money for hours", "The excess cost is $46 [e1].", "$46"),
    ("wrong vCPU-hours", "That stands for 460 vCPU-hours [e1].", "460 vCPU-hours"),
    ("wrong count", "14,300 requests of checkout failed [e2].", "14,300"),
    ("count of another error", "33 lines of checkout are a ValidationError [e3].", "33"),
    ("invented users", "2,300 users of checkout were affected [e2].", "2,300 users"),
    ("invented orders", "About 480 orders were lost in checkout [e2].", "480 orders"),
    ("invented revenue", "checkout lost $12,400 of revenue [e2].", "$12,400"),
    ("stale time", "Errors of checkout rose since 09:20 UTC [e2].", "09:20"),
    ("time of another day", "Errors of checkout rose on 2026-03-11 [e2].", "2026-03-11"),
    ("other zone", "Errors of checkout rose since 14:57 CET [e2].", "14:57 CET"),
    ("deployment's time told as onset", "Errors of checkout rose since 14:12 UTC [e2].", "14:12"),
    ("invented deployment", "Deployment deploy-77 caused the errors of checkout [e6].", "deploy-77"),
    ("invented version", "Version 9.9.9 of checkout caused the errors [e6].", "9.9.9"),
    ("deployment of another service", "Deployment deploy-9 of search caused the errors [e6].", "deploy-9 of search"),
    ("invented service", "The ledger-db service caused the errors of checkout [e2].", "ledger-db"),
    ("invented error type", "The errors of checkout are a DiskFullException [e3].", "DiskFullException"),
    ("invented region", "The errors of checkout are in asia-east9 [e2].", "asia-east9"),
    ("invented host", "The errors of checkout come from node-17b [e2].", "node-17b"),
    ("swapped cause and effect", "The errors of checkout caused deploy-9 to be deployed [e6].", "caused deploy-9"),
    ("swapped services", "search caused the errors of checkout [e2].", "search caused"),
    ("another service called the cause", "The cause of the errors of checkout is search [e2].", "search"),
    ("itself called the cause of another", "The root cause of deploy-9 is checkout [e6].", "root cause of deploy-9"),
    ("another cause", "The errors of checkout were caused by a rise in demand [e1].", "a rise in demand"),
    ("cause denied", "There was no deployment before the onset in checkout [e6].", "no deployment"),
    ("invented quote", 'The log of checkout says "disk quota exceeded on /var" [e3].', "disk quota exceeded"),
    ("altered quote", 'The log of checkout says "no space in the pool for anybody" [e3].', "no space in the pool"),
    ("wrong direction", "The error rate of checkout fell [e2].", "fell"),
    ("calm invented", "The error rate of checkout is normal [e2].", "normal"),
    ("rise invented", "The latency of checkout jumped [e2].", "jumped"),
    ("invented evidence", "24 % of the requests of checkout fail [e42].", "[e42]"),
    ("wrong confidence", "The confidence is 0.99 [e4].", "0.99"),
    ("wrong severity", "The severity is critical [e2].", "critical"),
    ("half true", "24 % of the requests of checkout fail and 88 % are retries [e2].", "88 %"),
]

TRUTH = {
    "overview": (
        "24 % of the requests of checkout in us-central1 fail, usually 0.4 % [e2]. "
        "The errors rose since 14:57 UTC [e2]. "
        "Deployment deploy-9 with version 2.3.0 caused the errors of checkout [e4 e6]. "
        "It came 2 min before the onset [e6]. "
        "The cause of the errors of checkout is deploy-9 [e6]."
    ),
    "reasoning": (
        "45 % of the log lines of deploy-9 are errors, of the others 0 % [e4]. "
        "33 lines of checkout are a PoolTimeoutError, and none were before [e3]. "
        "27 % of its requests are retries [e2]. "
        "CPU of checkout is at 28 %, usually 16 % [e1]. "
        "checkout takes 1.8 times the CO₂ its requests usually take [e1]. "
        "The excess is 34 gCO₂e, of 77 gCO₂e emitted [e1]. "
        "About 1,430 requests failed [e2]. "
        "The p95 latency is 129 ms, before 125 ms [e5]. "
        "The latency of checkout is as usual [e2]. "
        "The confidence is 0.85 [e4]."
    ),
    "recommendations": [
        "Roll back deploy-9 of checkout first [e6].",
        "Cap the retries against checkout: 27 % of its requests are retries [e2].",
    ],
}
