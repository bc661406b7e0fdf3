"""Which adapter stands behind which kind, on this deployment."""

from __future__ import annotations

from collections.abc import Mapping

from elasticsearch import Elasticsearch

from kibana.client import KibanaClient
from kibana.setup.kinds.agent_builder import AgentAdapter, ToolAdapter
from kibana.setup.kinds.connectors import ConnectorAdapter
from kibana.setup.kinds.elasticsearch import RoleAdapter, TemplateAdapter
from kibana.setup.kinds.rules import RuleAdapter
from kibana.setup.kinds.saved_objects import SavedObjectAdapter
from kibana.setup.kinds.workflows import PreviewWorkflowAdapter, WorkflowAdapter
from kibana.setup.platform import Platform
from kibana.setup.record import Record
from kibana.setup.things import Adapter, Key, Kind

WORKFLOWS_ARE_PUBLIC_SINCE = (9, 4)


def adapters(
    kibana: KibanaClient, elasticsearch: Elasticsearch, platform: Platform, record: Record
) -> Mapping[Kind, Adapter]:
    is_public = platform.release >= WORKFLOWS_ARE_PUBLIC_SINCE
    return {
        Kind.TEMPLATE: TemplateAdapter(elasticsearch),
        Kind.ROLE: RoleAdapter(elasticsearch),
        Kind.CONNECTOR: ConnectorAdapter(kibana),
        Kind.RULE: RuleAdapter(kibana),
        Kind.DATA_VIEW: SavedObjectAdapter(kibana, Kind.DATA_VIEW),
        Kind.DASHBOARD: SavedObjectAdapter(kibana, Kind.DASHBOARD),
        Kind.WORKFLOW: WorkflowAdapter(kibana) if is_public else PreviewWorkflowAdapter(kibana),
        Kind.TOOL: ToolAdapter(kibana, lambda ours: _id_of_workflow(record, ours)),
        Kind.AGENT: AgentAdapter(kibana),
    }


def _id_of_workflow(record: Record, ours: str) -> str:
    entry = record.entries.get(Key(Kind.WORKFLOW, ours))
    return entry.id if entry else ours
