"""python -m demo.standins --port N --ready-file F: the vendors as this machine's own.

F gets {"url", "pid", "environment"}; the environment is what makes SpikeTrace deliver to them.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from pathlib import Path

import uvicorn

from demo.standins.app import Credentials, create_app, environment, stand_ins
from demo.standins.mail import serving_mail
from demo.standins.ready import write_at_once


def main() -> None:
    arguments = _arguments()
    with socket.create_server(("127.0.0.1", arguments.port)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        credentials = Credentials()
        made = stand_ins(credentials, url=url)
        configuration = uvicorn.Config(create_app(credentials, made), log_level="warning", lifespan="off")
        with serving_mail(made.mailbox, port=arguments.mail_port) as mail_port:
            if arguments.ready_file:
                # The socket listens already: whoever calls now is answered as soon as the server runs.
                settings = environment(credentials, url, f"smtp://127.0.0.1:{mail_port}")
                ready = {"url": url, "pid": os.getpid(), "environment": settings}
                write_at_once(arguments.ready_file, json.dumps(ready))
            uvicorn.Server(configuration).run(sockets=[listening])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.standins", description="Local stand-ins for the vendors.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--mail-port", type=int, default=0, help="where mail is taken in; 0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="gets the address, in JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
