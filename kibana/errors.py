"""What Kibana did not do, as sentences that say what to do about it."""

from __future__ import annotations

import re

from worker.errors import SpikeTraceError

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, CONFLICT = 400, 401, 403, 404, 405, 409
INTERNAL_SERVER_ERROR = 500
REDIRECTS = dict.fromkeys(
    (301, 302, 303, 307, 308), "it leads elsewhere: set SPIKETRACE_KIBANA_URL to Kibana's own address"
)
WHAT_TO_DO = {
    **REDIRECTS,
    UNAUTHORIZED: "set SPIKETRACE_KIBANA_API_KEY, or SPIKETRACE_KIBANA_USER and _PASSWORD, to credentials it knows",
    FORBIDDEN: "give the credentials the privileges that docs/kibana.md lists",
    METHOD_NOT_ALLOWED: "is that Kibana? check SPIKETRACE_KIBANA_URL",
}
LICENCE = re.compile(r"licen[cs]e", re.IGNORECASE)
# Of a route that exists and an object that does not: "Saved object [alert/x] not found", "Tool x not found".
NAMES_AN_OBJECT = re.compile(r"\S.*\bnot found", re.IGNORECASE)
# Of a proxy, or of a version with other words for a call that it does not have: "Route not found".
NAMES_A_ROUTE = re.compile(r"\b(route|endpoint|url|path|page)\b", re.IGNORECASE)


class KibanaError(SpikeTraceError):
    """Kibana could not be asked, or refused."""


class RuleNotAsked(SpikeTraceError):
    """A rule's past runs could not be asked of Elasticsearch. `reason` is the engine's, or what it would take."""


class KibanaUnreachable(KibanaError):
    """Nothing answered, or the connection broke; what was asked for may have been done."""


class KibanaRefused(KibanaError):
    """An answer that is no success. `status` is HTTP's, `message` Kibana's own words."""

    def __init__(self, doing: str, status: int, message: str) -> None:
        advice = WHAT_TO_DO.get(status) if not (status == FORBIDDEN and LICENCE.search(message)) else None
        said = f"{doing}: Kibana answered {status}: {message or 'without an explanation'}"
        super().__init__(f"{said} ({advice})" if advice else said)
        self.status = status
        self.message = message

    @property
    def is_conflict(self) -> bool:
        """Agent Builder says with a 400 what all others say with a 409."""
        return self.status == CONFLICT or (self.status == BAD_REQUEST and "already exists" in self.message)

    @property
    def was_not_carried_out(self) -> bool:
        """Kibana itself refused; a 5xx may be a proxy's, which gave up on a Kibana that went on."""
        return self.status < INTERNAL_SERVER_ERROR

    @property
    def lacks_licence(self) -> bool:
        """The one 403 that no privilege mends; its wording is all that tells it apart."""
        return self.status == FORBIDDEN and bool(LICENCE.search(self.message))

    @property
    def lacks_route(self) -> bool:
        """This version has no such call, or it is switched off: Kibana's bare 404."""
        if self.status == METHOD_NOT_ALLOWED:
            return True
        return self.status == NOT_FOUND and not self._names_an_object

    @property
    def _names_an_object(self) -> bool:
        return bool(NAMES_AN_OBJECT.search(self.message)) and not NAMES_A_ROUTE.search(self.message)

    @property
    def lacks_rows(self) -> bool:
        """A version whose ES|QL rules know no alert per row: of the shipped rules only those have such a `groupBy`."""
        return self.status == BAD_REQUEST and "groupBy" in self.message
