"""True sentences as a model writes them of these reports: (report, text), overview and reasoning, then advice.

All were written before the rules that read them were changed. `SEEN` were looked at while that was done, `UNSEEN` were
not: their figure says what to expect of sentences that nobody here has written.
"""

from __future__ import annotations

SEEN = (
    (
        "bad-deployment",
        "The checkout service in us-central1 experienced a significant spike in emissions starting at 14:57 UTC [e1].",
    ),
    ("bad-deployment", "Its emissions reached 7.9 g/min, which is 2.6 times the usual 3 g/min [e1]."),
    ("bad-deployment", "At the same time, the error rate climbed to 21 %, compared to a usual 0.4 % [e2]."),
    (
        "bad-deployment",
        "The root cause is deployment deploy-8841, which shipped version 2.3.0 three minutes before the onset [e5 e7].",
    ),
    (
        "bad-deployment",
        "All 30 PoolTimeoutError lines appeared after the deployment, and none were logged in the baseline [e4].",
    ),
    ("bad-deployment", "Log lines from deploy-8841 show an error share of 42 %, while the other lines show 0 % [e5]."),
    (
        "bad-deployment",
        "The deployment of search, deploy-8840, is ruled out because its error share did not get worse [e7].",
    ),
    ("bad-deployment", "Retries now make up 37 % of the requests, whereas there are usually none [e2]."),
    ("bad-deployment", "CPU utilisation nearly doubled from 20 % to 38 % [e1]."),
    ("bad-deployment", "In total, 68 gCO₂e more than expected were emitted within 16 minutes [e1]."),
    ("bad-deployment", "Slower work accounts for the largest part of the excess, with 41 gCO₂e [e1]."),
    ("bad-deployment", "p50 latency went from 79 ms to 347 ms [e6]."),
    ("bad-deployment", "Two earlier incidents of checkout had the same symptom, an exhausted pool [e8]."),
    ("silent-dependency", "payments in us-central1 has been failing 57 % of its requests since 10:20 UTC [e2]."),
    (
        "silent-dependency",
        "The failures trace back to ledger, which has almost stopped logging: 0.19 lines a minute instead of 3 [e4].",
    ),
    ("silent-dependency", "Every new error of payments names ledger [e5]."),
    (
        "silent-dependency",
        "checkout is affected in the same way, with 56 % of its requests failing since 10:20 UTC [e8].",
    ),
    ("silent-dependency", "Carbon emissions, CPU and traffic of payments are all at their usual levels [e1]."),
    (
        "dependency",
        "ledger in europe-west1 ran out of disk space: its log says “no space left on /var/lib/ledger” 82 times [e4].",
    ),
    (
        "dependency",
        "Since 11:00 UTC, 74 % of ledger's requests have failed, and its latency rose from 84 ms to 247 ms [e5].",
    ),
    ("dependency", "payments and checkout both time out when they call ledger [e6 e8]."),
    (
        "dependency",
        "No deployment was recorded in the two hours before the onset, so a release is not the likely cause [e10].",
    ),
    ("resource", "search in us-central1 uses more CPU for the same traffic: 37 % rather than 16 % [e1]."),
    ("resource", "Its carbon emissions more than doubled, from 2.9 g/min to 6.9 g/min [e1]."),
    ("resource", "There are no errors, and latency is unchanged at 84 ms [e2]."),
    ("resource", "Users do not notice the problem, since none of the 54 sampled log lines are errors [e2]."),
    ("surge", "Traffic to frontend in us-central1 more than doubled, to 989 requests a minute [e1]."),
    ("surge", "Nearly all of the rise, 99 %, comes from us-central1 [e3]."),
    ("surge", "Emissions per request did not increase, so this is healthy growth in demand [e1]."),
    ("error", "About 30 % of the requests to search in europe-west1 have failed since 12:40 UTC [e2]."),
    (
        "error",
        "The log shows 24 CouponParseError lines: “cannot parse coupon 'SPRING-26': unexpected token at 7” [e4].",
    ),
    ("not-confirmed", "The alert on frontend was not confirmed: CO₂ is 9.3 g/min and 9 g/min is usual [e1]."),
    ("roles-log-pattern", "cart logged “table is locked” 18 times in the window and never before [e2]."),
    ("roles-slow-callee", "Calls from cart to ledger take 2 s instead of the usual 99 ms [e2]."),
    ("roles-slow-callee", "The p95 latency of front went up almost fivefold, to 989 ms [e1]."),
)

ADVICE_SEEN = (
    (
        "bad-deployment",
        "Roll back checkout in us-central1 to version 2.2.9 and verify that the error rate returns to 0.4 % [e2 e7].",
    ),
    (
        "bad-deployment",
        "Review how version 2.3.0 of checkout handles its connection pool, as 30 lines report PoolTimeoutError [e4].",
    ),
    ("bad-deployment", "Add an alert on retries of checkout, which are 37 % of its requests now [e2]."),
    ("dependency", "Free disk space on ledger in europe-west1 and set an alert on its disk usage [e4]."),
    (
        "silent-dependency",
        "Check whether ledger in us-central1 is still up, since it has hardly logged anything since 10:20 UTC [e4].",
    ),
    ("resource", "Profile the CPU of search in us-central1 to find what began at 12:10 UTC [e1]."),
    ("surge", "Watch the latency of frontend and scale out if it rises above 133 ms [e4]."),
)

UNSEEN = (
    ("bad-deployment", "checkout in us-central1 is failing about one in five requests since 14:57 UTC [e2]."),
    ("bad-deployment", "The CO₂ rate of checkout increased from 3 g/min to 7.9 g/min [e1]."),
    ("bad-deployment", "This began three minutes after deploy-8841 went live at 14:54 UTC [e7]."),
    (
        "bad-deployment",
        "The new release introduced connection pool timeouts: PoolTimeoutError went from 0 to 30 lines [e4].",
    ),
    (
        "bad-deployment",
        "Requests served by the new deployment take 509 ms on average, against 85 ms for the old one [e5].",
    ),
    (
        "bad-deployment",
        "The only other change in that period, deploy-8840 of search, showed no worsening and can be excluded [e7].",
    ),
    ("bad-deployment", "As a result, an estimated 2,260 requests failed and roughly 5,640 more were slow [e2 e6]."),
    ("bad-deployment", "The business impact is estimated at 27 orders and $1,484 of lost revenue [e8]."),
    ("bad-deployment", "Because clients retry failed calls, 37 % of the traffic consists of retries [e2]."),
    ("bad-deployment", "The carbon intensity rose to 20 gCO₂e per 1,000 requests, up from 8 gCO₂e [e1]."),
    (
        "bad-deployment",
        "The entire rise of carbon is attributable to us-central1, whereas europe-west1 is unaffected [e3].",
    ),
    ("bad-deployment", "Memory usage remained stable at 55 % [e1]."),
    ("bad-deployment", "The 95th percentile latency is now 749 ms, six times the 125 ms seen before [e6]."),
    ("silent-dependency", "More than half of the requests to payments are failing: 57 %, versus 0.3 % normally [e2]."),
    ("silent-dependency", "66 UpstreamTimeoutError lines show that calls to ledger time out after 2000 ms [e5]."),
    ("silent-dependency", "Average latency of payments rose nearly fivefold, from 85 ms to 409 ms [e2]."),
    ("silent-dependency", "ledger itself fell silent at 10:20 UTC, exactly when the errors of payments began [e4]."),
    ("silent-dependency", "There was no increase in emissions: 55 gCO₂e were measured, as expected [e1]."),
    (
        "dependency",
        "49 % of the requests to payments in europe-west1 fail, and mean latency is 414 ms, usually 84 ms [e2].",
    ),
    (
        "dependency",
        "The underlying problem lies in ledger, where 82 DiskFullError lines were logged in the window [e4].",
    ),
    ("dependency", "checkout shows the same pattern, with 53 % of its requests failing [e9]."),
    ("dependency", "Roughly 4,660 of 9,490 requests to payments failed during the incident window [e2]."),
    ("resource", "search consumes 2.3 times the CO₂ its requests usually take, although traffic is normal [e1]."),
    ("resource", "An excess of 63 gCO₂e was emitted, equivalent to about 71 vCPU-hours or $3.4 [e1]."),
    ("resource", "No deployment or configuration change precedes the onset at 12:10 UTC [e5]."),
    ("resource", "The additional load comes from search itself rather than from more requests [e1 e2]."),
    ("surge", "The increase in CO₂ is explained by higher demand: 2.3 times as many requests as usual [e1]."),
    ("surge", "Error rate and latency of frontend are within the normal range [e2]."),
    ("surge", "frontend emitted 5.3 g/min, up from 3.2 g/min [e1]."),
    ("error", "search fails with CouponParseError, an error type that did not occur in the baseline [e4]."),
    ("error", "Latency was not affected; the p95 is 119 ms compared with 132 ms before [e5]."),
    ("not-confirmed", "frontend emits 93 gCO₂e in 10 minutes, which is in line with the expected 94 gCO₂e [e1]."),
    (
        "not-confirmed",
        "Two deployments happened before the alert, deploy-8841 and deploy-8840, but no rise follows them [e4].",
    ),
    ("roles-log-pattern", "Half of cart's log lines are the error “cannot read row 45: table is locked” [e2]."),
    (
        "roles-slow-callee",
        "The latency of ledger itself rose from 200 ms to 1.6 s, so the delay originates there [e3].",
    ),
)

ADVICE_UNSEEN = (
    ("bad-deployment", "Compare the connection pool settings of version 2.3.0 with those of version 2.2.9 [e4 e7]."),
    ("bad-deployment", "After the rollback, confirm that CO₂ of checkout is back at about 3 g/min [e1]."),
    (
        "bad-deployment",
        "Limit retries of checkout's callers to avoid additional load while 21 % of requests fail [e2].",
    ),
    (
        "dependency",
        "Increase the disk capacity of ledger or clean up /var/lib/ledger, then confirm that DiskFullError stops [e4].",
    ),
    ("silent-dependency", "Restart ledger in us-central1 and check that it logs about 3 lines a minute again [e4]."),
    ("resource", "Look for a background job in search that started around 12:10 UTC [e1]."),
    ("error", "Check how search parses the coupon 'SPRING-26' and fix the parser [e4]."),
)

# Written after the rules had been changed for those above; the first figure for them is in docs/safety.md.
LATER = (
    (
        "same-traffic-deployment",
        "Errors of checkout in us-central1 rose to 24 % at 14:57 UTC, while they are usually at 0.4 % [e2].",
    ),
    ("same-traffic-deployment", "They are caused by deploy-9, which was released 2 min before the onset [e4 e6]."),
    ("same-traffic-deployment", "The deployment brought version 2.3.0 of checkout to us-central1 at 14:55 UTC [e6]."),
    ("same-traffic-deployment", "Of the log lines written by deploy-9, 45 % are errors [e4]."),
    ("same-traffic-deployment", "None of the other log lines are errors [e4]."),
    (
        "same-traffic-deployment",
        "The error behind this is PoolTimeoutError, seen 33 times during the window and not once before [e3].",
    ),
    (
        "same-traffic-deployment",
        "Latency is not the issue: p95 is 129 ms, practically the same as the 125 ms before [e5].",
    ),
    ("same-traffic-deployment", "Traffic stayed flat at about 390 requests a minute, so demand is not the cause [e1]."),
    ("same-traffic-deployment", "Emissions of checkout rose to 5.5 g/min although traffic did not change [e1]."),
    ("same-traffic-deployment", "About 1,430 of 5,860 requests have failed so far [e2]."),
    ("same-traffic-deployment", "The additional emissions amount to 34 gCO₂e, of which 26 gCO₂e are overhead [e1]."),
    ("same-traffic-deployment", "27 % of the requests are retries of failed ones [e2]."),
    ("same-traffic-deployment", "CPU load went up from 16 % to 28 % [e1]."),
    ("same-traffic-deployment", "Each 1,000 requests now cause 14 gCO₂e instead of 8 gCO₂e [e1]."),
    (
        "same-traffic-deployment",
        "A similar incident of checkout, “Checkout: connection pool exhausted”, is on record [e7].",
    ),
    ("bad-deployment", "One in five requests to checkout fails, 21 % in total [e2]."),
    ("bad-deployment", "Error rates were near zero (0.4 %) before 14:57 UTC and then shot up to 21 % [e2]."),
    ("bad-deployment", "The latest release of checkout, version 2.3.0, exhausts the connection pool [e4 e7]."),
    ("bad-deployment", "On the new version a request takes 509 ms, on the old one 85 ms [e5]."),
    ("bad-deployment", "This suggests that the release, not the demand, is responsible [e5]."),
    ("bad-deployment", "deploy-8840 went live in search at 14:45 UTC, but its error share stayed at 0 % [e7]."),
    ("bad-deployment", "The spike of CO₂ is limited to us-central1; nothing rose in europe-west1 [e3]."),
    ("bad-deployment", "Retries caused 15 gCO₂e of the excess, errors 11 gCO₂e and slower work 41 gCO₂e [e1]."),
    ("bad-deployment", "Half of the requests took longer than 347 ms [e6]."),
    ("bad-deployment", "Severity is high, as 21 % of requests failed and CO₂ is 2.6 times the usual [e1 e2]."),
    (
        "bad-deployment",
        "It is the third time that the pool of checkout is exhausted; two earlier incidents are known [e8].",
    ),
    ("silent-dependency", "ledger is the most likely root cause, with a confidence of 0.73 [e4 e5]."),
    ("silent-dependency", "It logged only 0.19 lines a minute after 10:20 UTC, where 3 are usual [e4]."),
    ("silent-dependency", "Both payments and checkout report UpstreamTimeoutError when calling ledger [e5 e7]."),
    ("silent-dependency", "The p99 latency of payments rose from 168 ms to 693 ms [e6]."),
    (
        "silent-dependency",
        "There were no deployments in the two hours before, which makes a bad release unlikely [e9].",
    ),
    ("silent-dependency", "Only us-central1 is affected [e3]."),
    ("dependency", "The disk of ledger is full, as “no space left on /var/lib/ledger” shows [e4]."),
    ("dependency", "That is why nearly half of the requests to payments fail [e2 e5]."),
    ("dependency", "Retries of payments are up at 20 %, which is a consequence of the failures [e2]."),
    ("dependency", "ledger's own latency is 247 ms, about three times the usual 84 ms [e5]."),
    ("dependency", "CPU, memory and emissions of payments are normal [e1]."),
    ("resource", "search burns more CPU than usual: 37 % against 16 % [e1]."),
    (
        "resource",
        "Since traffic, errors and latency did not change, the extra work must come from search itself [e1 e2].",
    ),
    ("resource", "This costs an estimated $3.4 and 71 vCPU-hours [e1]."),
    ("resource", "The carbon spike is confined to us-central1 [e3]."),
    ("surge", "frontend handles 989 requests a minute, 2.3 times as many as usual [e1]."),
    ("surge", "Its CPU is unchanged at 25 % [e1]."),
    ("surge", "85 gCO₂e were emitted, which is within what 88 gCO₂e (83 to 92) would lead one to expect [e1]."),
    ("surge", "The deployment of payments in europe-west1 is too early and elsewhere, so it is unrelated [e5]."),
    ("error", "search started to throw CouponParseError at 12:40 UTC [e2 e4]."),
    ("error", "1,560 of roughly 5,260 requests failed, or 30 % [e2]."),
    ("error", "No change was recorded that could explain it [e6]."),
    ("not-confirmed", "Emissions of frontend are within their usual range, so this was no incident [e1]."),
    ("roles-log-pattern", "front itself looks normal: its CPU is at 31 % and its p95 latency at 198 ms [e1]."),
    ("roles-slow-callee", "cart is slow as well, with a p95 latency of 1.4 s, because it waits for ledger [e2 e4]."),
    ("roles-slow-callee", "Latency of front rose at 11:54 UTC to 989 ms [e1]."),
)

ADVICE_LATER = (
    ("same-traffic-deployment", "Roll back deploy-9 and check that PoolTimeoutError stops [e3 e6]."),
    ("same-traffic-deployment", "Raise the size of the connection pool of checkout only after the rollback [e3]."),
    ("bad-deployment", "Add a test for the connection pool before version 2.3.0 is deployed again [e4]."),
    ("bad-deployment", "Review the two earlier incidents of checkout for a permanent fix [e8]."),
    ("silent-dependency", "Fail over ledger in us-central1 if it cannot be restarted [e4]."),
    ("silent-dependency", "Shorten the timeout of 2000 ms with which payments calls ledger [e5]."),
    ("dependency", "Add monitoring for the disk of ledger, since it ran full without an alert [e4]."),
    ("resource", "Take a CPU profile of search while it runs at 37 % [e1]."),
    ("surge", "Consider autoscaling for frontend, whose demand is 2.3 times the usual [e1]."),
    ("roles-slow-callee", "Investigate why calls from cart to ledger take 2 s [e2]."),
)
