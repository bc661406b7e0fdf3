"""The agent card: what SpikeTrace can do for other agents, where, and with which credentials."""

from __future__ import annotations

from importlib.metadata import version

from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    APIKeySecurityScheme,
    HTTPAuthSecurityScheme,
    SecurityRequirement,
    SecurityScheme,
    StringList,
)
from a2a.utils.constants import PROTOCOL_VERSION_1_0, TransportProtocol

from interop.a2a_server.agent import JSON, MARKDOWN
from webhook.credentials import TOKEN_HEADER
from worker.settings import Settings

TEXT = "text/plain"
DESCRIPTION = (
    "Investigates carbon and error spikes in what Elasticsearch holds: is a spike real, since when, how bad, who feels "
    "it, what caused it, what to do first. Reports cite the evidence of every figure."
)


def agent_card(settings: Settings, url: str) -> AgentCard:
    """`url` is where A2A is served. Of the ways to prove oneself those that are configured."""
    schemes = _schemes(settings)
    return AgentCard(
        name="SpikeTrace",
        description=DESCRIPTION,
        version=version("spiketrace"),
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding=binding.value, protocol_version=PROTOCOL_VERSION_1_0)
            for binding in (TransportProtocol.JSONRPC, TransportProtocol.HTTP_JSON)
        ],
        capabilities=AgentCapabilities(streaming=True, push_notifications=False),
        security_schemes=schemes,
        security_requirements=[SecurityRequirement(schemes={name: StringList()}) for name in schemes],
        default_input_modes=[TEXT, JSON],
        default_output_modes=[MARKDOWN, JSON],
        skills=_skills(),
    )


def _schemes(settings: Settings) -> dict[str, SecurityScheme]:
    schemes = {}
    if any(one.password for one in settings.credentials):
        schemes["basic"] = SecurityScheme(http_auth_security_scheme=HTTPAuthSecurityScheme(scheme="Basic"))
    if any(one.token for one in settings.credentials):
        schemes["bearer"] = SecurityScheme(http_auth_security_scheme=HTTPAuthSecurityScheme(scheme="Bearer"))
        header = APIKeySecurityScheme(location="header", name=TOKEN_HEADER)
        schemes["token"] = SecurityScheme(api_key_security_scheme=header)
    return schemes


def _skills() -> list[AgentSkill]:
    return [
        AgentSkill(
            id="investigate",
            name="Investigate a spike",
            description="Investigates one service, in one region or in all, looking back from a moment, and answers "
            "with the report. As data: skill, service, region, at (ISO 8601, UTC; the present minute if left out). It "
            "opens no incident and tells nobody.",
            tags=["incident", "root cause", "carbon", "errors", "observability"],
            examples=[
                "investigate checkout in us-central1 at 2026-02-26T09:30:00Z",
                '{"skill": "investigate", "service": "checkout", "at": "2026-02-26T09:30:00Z"}',
            ],
        ),
        AgentSkill(
            id="report",
            name="Get a report",
            description="The report of an investigation, by its report id or the id of its alert. As data: skill, id.",
            tags=["report", "incident"],
            examples=["report r-0123456789abcdef0123456789abcdef"],
        ),
        AgentSkill(
            id="ask",
            name="Answer a question",
            description="Answers a question in plain words about emissions, what is going wrong, incidents, errors, "
            "deployments or reports, with a service, a region and a time, from what is measured and on record. As "
            "data: skill, question, timezone (UTC if left out). It opens no ticket.",
            tags=["question", "carbon", "incident", "observability"],
            examples=[
                "Why did emissions spike in us-central1 yesterday?",
                "What incidents are affecting payments in europe-west1 this week?",
            ],
        ),
    ]
