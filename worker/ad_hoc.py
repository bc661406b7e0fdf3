"""Alerts that no rule raised: somebody asks what happened in a scope, looking back from a moment."""

from __future__ import annotations

from datetime import datetime

from worker.domain.alert import Alert, Rule

AD_HOC = "ad-hoc"


def ad_hoc_alert(service: str, region: str | None, at: datetime, *, asked: str) -> Alert:
    """The alert that a rule grouped by service, and by region if one is given, would have raised at that moment.

    The same scope and moment is the same alert, whoever asks. `asked` names the rule in reports: the investigation
    looks for a signal in it, so it is to hold no word for one.
    """
    # A rule's single field may hold commas in its values; of two, a comma stands between them.
    terms: str | list[str] = ["service", "region"] if region else "service"
    group = ",".join(name for name in (service, region) if name)
    return Alert(
        rule=Rule(id=AD_HOC, name=asked, params={"groupBy": "top", "termField": terms}),
        instance=group,
        uuid=f"{group}@{at.isoformat()}",
        action_group=AD_HOC,
        date=at,
        title=f"{group} at {at:%Y-%m-%d %H:%M} UTC",
        group=group,
    )
