"""ServiceNow's Table API, as far as an incident needs it, with its rules and its error bodies.

https://docs.servicenow.com/bundle/xanadu-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

Json = dict[str, Any]

GROUPS = {"SRE": "d625dccec0a8016700a222a0f7900d06"}
# The longest value that a column takes; what is longer is cut without a word.
COLUMNS = {
    "short_description": 160,
    "description": 4_000,
    "close_notes": 4_000,
    "close_code": 40,
    "work_notes": 1_000_000,
    "correlation_id": 100,
    "correlation_display": 100,
    "assignment_group": 32,
    "impact": 1,
    "urgency": 1,
    "state": 2,
}
NEW, RESOLVED, CLOSED = "1", "6", "7"
# Of a default instance: impact and urgency, one to three each, make the priority.
PRIORITIES = {2: "1", 3: "2", 4: "3", 5: "4", 6: "5"}


class Record(BaseModel):
    """`notes` are the work notes, the oldest first: a journal, which reads as empty in the table."""

    sys_id: str
    number: str
    values: dict[str, str]
    notes: list[str] = Field(default_factory=list)
    created_at: float = Field(default_factory=time.time)
    changes: int = 0


class Failed(Exception):
    def __init__(self, message: str, detail: str | None, *, status: int) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "detail": detail}, "status": "failure"}


class ServiceNow:
    """The incident table, and the groups that work on it."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def query(self, table: str, query: str, *, most: int, columns: str) -> Json:
        """As the real one does, a condition on a column that there is not is passed over: everything is found."""
        rows = [self._row(record) for record in self.records] if table == "incident" else _groups(table)
        conditions = [part.split("=", 1) for part in query.split("^") if "=" in part and not part.startswith("ORDERBY")]
        found = [
            row
            for row in rows
            if all(row.get(column) == value for column, value in conditions if column in {*COLUMNS, "name", "number"})
        ]
        return {"result": [_shown(row, columns) for row in found[:most]]}

    def create(self, values: Json) -> Json:
        record = Record(
            sys_id=secrets.token_hex(16),
            number=f"INC{10_000 + len(self.records) + 1:07}",
            values={"state": NEW, "impact": "3", "urgency": "3"},
        )
        self._write(record, values)
        self.records.append(record)
        return {"result": self._row(record)}

    def read(self, sys_id: str, *, columns: str) -> Json:
        return {"result": _shown(self._row(self._record(sys_id)), columns)}

    def change(self, sys_id: str, values: Json) -> Json:
        record = self._record(sys_id)
        self._write(record, values)
        record.changes += 1
        return {"result": self._row(record)}

    def delete(self, sys_id: str) -> None:
        self.records.remove(self._record(sys_id))

    def _record(self, sys_id: str) -> Record:
        for record in self.records:
            if record.sys_id == sys_id:
                return record
        raise Failed("No Record found", "Record doesn't exist or ACL restricts the record retrieval", status=404)

    def _write(self, record: Record, values: Json) -> None:
        """Columns that there are not are passed over. All that is sent is written, or nothing."""
        known = {name: str(value)[: COLUMNS[name]] for name, value in values.items() if name in COLUMNS}
        note = known.pop("work_notes", "")
        after = {**record.values, **known}
        _check_policy(after)
        record.values = after
        record.notes += [note] if note else []

    def _row(self, record: Record) -> dict[str, str]:
        values = record.values
        priority = PRIORITIES[int(values["impact"]) + int(values["urgency"])]
        named = {"sys_id": record.sys_id, "number": record.number, "priority": priority, "work_notes": ""}
        return {**dict.fromkeys(COLUMNS, ""), **values, **named}


def _check_policy(values: dict[str, str]) -> None:
    """The data policy of a default instance: what is over says how."""
    missing = [
        label
        for column, label in {"close_notes": "Resolution notes", "close_code": "Resolution code"}.items()
        if not values.get(column)
    ]
    if values["state"] in (RESOLVED, CLOSED) and missing:
        detail = f"Data Policy Exception: The following fields are mandatory: {', '.join(missing)}"
        raise Failed("Operation Failed", detail, status=403)


def _groups(table: str) -> list[dict[str, str]]:
    if table != "sys_user_group":
        raise Failed("Invalid table " + table, None, status=400)
    return [{"name": name, "sys_id": sys_id} for name, sys_id in GROUPS.items()]


def _shown(row: dict[str, str], columns: str) -> dict[str, str]:
    names = [name for name in columns.split(",") if name]
    return {name: row[name] for name in names if name in row} if names else row


def router(servicenow: ServiceNow, *, user: str, password: str, token: str) -> APIRouter:
    """Lets in the user with the password, or whoever has the token."""
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    door = _door(f"Basic {basic}", f"Bearer {token}")
    routes = APIRouter(prefix="/api/now/table", dependencies=[Depends(door)])

    @routes.get("/{table}")
    async def query(table: str, sysparm_query: str = "", sysparm_limit: int = 10_000, sysparm_fields: str = "") -> Json:
        return servicenow.query(table, sysparm_query, most=sysparm_limit, columns=sysparm_fields)

    @routes.post("/incident", status_code=201)
    async def create(request: Request) -> Json:
        return servicenow.create(await _json(request))

    @routes.get("/incident/{sys_id}")
    async def read(sys_id: str, sysparm_fields: str = "") -> Json:
        return servicenow.read(sys_id, columns=sysparm_fields)

    @routes.patch("/incident/{sys_id}")
    async def change(sys_id: str, request: Request) -> Json:
        return servicenow.change(sys_id, await _json(request))

    @routes.delete("/incident/{sys_id}", status_code=204)
    async def delete(sys_id: str) -> None:
        servicenow.delete(sys_id)

    return routes


def _door(*authorizations: str) -> Callable[[Request], None]:
    def admit(request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if not any(secrets.compare_digest(given, one.encode()) for one in authorizations):
            raise Failed("User Not Authenticated", "Required to provide Auth information", status=401)

    return admit


async def answer_failed(_: Request, failed: Exception) -> JSONResponse:
    assert isinstance(failed, Failed)
    return JSONResponse(failed.body, failed.status)


async def _json(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Failed("Exception while reading request", "The payload is not valid JSON.", status=400)
    return body
