"""What the webhook is measured against, each as a process: `python -m benchmarks.rivals NAME --port N`.

The same FastAPI and uvicorn with the same settings as `webhook.app.serve`, at the same path:

`empty` reads the body and answers; nothing is kept. It is a plain route, as the webhook's is: the cheapest that
the framework has. `decorated` is the same written with the framework's decorator. `delay` is how a webhook before
Celery is usually written: a function that the framework runs in a thread calls `task.delay()`.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import click
import uvicorn
from celery import Celery
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from webhook.app import NO_TELEMETRY

PATH = "/v1/alerts/kibana"
ANSWER = {"alert_id": "0" * 32, "status": "accepted"}


def plain_app() -> FastAPI:
    return FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=NO_TELEMETRY)


def empty() -> FastAPI:
    app = plain_app()

    async def accept(request: Request) -> JSONResponse:
        await request.body()
        return JSONResponse(ANSWER, status_code=HTTPStatus.ACCEPTED)

    app.add_route(PATH, accept, methods=["POST"])
    return app


def decorated() -> FastAPI:
    app = plain_app()

    @app.post(PATH, status_code=HTTPStatus.ACCEPTED)
    async def accept(request: Request) -> dict[str, str]:
        await request.body()
        return ANSWER

    return app


def delay(broker_url: str) -> FastAPI:
    app = plain_app()
    queue = Celery("benchmark", broker=broker_url)
    queue.conf.update(task_ignore_result=True, task_default_queue="benchmark")
    investigate = queue.task(_investigate, name="investigate")

    @app.post(PATH, status_code=HTTPStatus.ACCEPTED)
    def accept(alert: dict[str, Any]) -> dict[str, str]:
        return {"alert_id": investigate.delay(alert).id, "status": "accepted"}

    return app


def _investigate(alert: dict[str, Any]) -> None:
    """Nobody runs it: only taking in is measured."""


@click.command()
@click.argument("name", type=click.Choice(["empty", "decorated", "delay"]))
@click.option("--port", type=int, required=True)
@click.option("--broker-url", default="redis://127.0.0.1:6379/0")
def main(name: str, port: int, broker_url: str) -> None:
    makers: dict[str, Callable[[], FastAPI]] = {
        "empty": empty,
        "decorated": decorated,
        "delay": lambda: delay(broker_url),
    }
    uvicorn.run(makers[name](), host="127.0.0.1", port=port, log_config=None, access_log=False, server_header=False)


if __name__ == "__main__":
    main()
