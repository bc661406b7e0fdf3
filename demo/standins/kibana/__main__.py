"""python -m demo.standins.kibana --version 9.4.3 --licence basic: a Kibana to try `spiketrace setup` on.

It keeps the rules of that version and licence, and what it is given, until it ends; GET /standin lists it.
"""

from __future__ import annotations

import argparse

import uvicorn

from demo.standins.kibana.app import create_kibana
from demo.standins.kibana.deployment import LICENCES, Deployment


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.standins.kibana", description="A stand-in for Kibana.")
    parser.add_argument("--version", default="9.4.3", help="8.19.8, 9.2.0, 9.3.1, 9.4.3…")
    parser.add_argument("--licence", default="trial", choices=LICENCES)
    parser.add_argument("--port", type=int, default=5601)
    arguments = parser.parse_args()
    deployment = Deployment(version=arguments.version, licence=arguments.licence)
    uvicorn.run(create_kibana(deployment), host="127.0.0.1", port=arguments.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
