"""The compose file and the image keep what the documentation says about them."""

from __future__ import annotations

import re
import shutil
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

from webhook.bounded_http import SHUTDOWN_SECONDS
from webhook.intake_process import TIMEOUT_SECONDS
from worker.settings import PREFIX, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
OURS = ("webhook", "worker", "beat", "agents")


def test_all_parts_of_a_deployment_are_there() -> None:
    assert set(SERVICES) == {*OURS, "setup", "redis", "elasticsearch", "kibana"}


def test_set_up_runs_when_it_is_asked_for_and_ends() -> None:
    service = SERVICES["setup"]
    assert service["command"] == ["setup", "apply"]
    assert service["restart"] == "no"
    assert service["profiles"] == ["setup"]
    assert service["depends_on"]["kibana"] == {"condition": "service_healthy"}
    assert SERVICES["kibana"]["healthcheck"]["test"]


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_broker_writes_before_it_answers_and_keeps_its_file() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert SERVICES["redis"]["volumes"] == ["redis:/data"]


@pytest.mark.parametrize("name", [*OURS, "setup"])
def test_our_processes_get_settings_that_load(name: str) -> None:
    environment = {key: re.sub(r"\$\{.*}", "given", value) for key, value in SERVICES[name]["environment"].items()}
    assert {key for key in environment if key.startswith(PREFIX)} == set(environment)
    assert {key.removeprefix(PREFIX).lower() for key in environment} <= set(Settings.model_fields)
    assert load_settings(environment).has_webhook_credentials


@pytest.mark.parametrize("name", OURS)
def test_our_processes_run_without_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["command"] == [name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_every_image_is_of_one_version() -> None:
    """`redis:8` is another one after each pull, and so is a name alone, which means `latest`."""
    images = {service["image"] for service in SERVICES.values()}
    assert [image for image in images if not re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+", image)] == []
    (ours,) = {SERVICES[name]["image"] for name in (*OURS, "setup")}
    assert ours == f"spiketrace:{tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']}"


def test_no_password_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.findall(r"(?:PASSWORD|KEY|TOKEN): (?!\$\{\w+:\?)", text) == []


def test_a_worker_may_finish_what_it_began() -> None:
    grace = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().task_time_limit_seconds


def test_a_webhook_may_answer_what_it_has_in_hand() -> None:
    grace = int(SERVICES["webhook"]["stop_grace_period"].removesuffix("s"))
    assert grace > SHUTDOWN_SECONDS + TIMEOUT_SECONDS


def test_the_image_runs_as_an_ordinary_user() -> None:
    instructions = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("FROM")[-1]
    (user,) = re.findall(r"^USER (\d+)$", instructions, re.MULTILINE)
    assert int(user) > 0


def test_the_image_is_made_of_what_its_locks_pin() -> None:
    instructions = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    installs = [line for line in instructions.splitlines() if re.search(r"pip .*install", line)]
    assert len(installs) == 4
    assert all("--require-hashes --requirement requirements-" in line or "--no-index" in line for line in installs)
    assert "requirements.lock" not in instructions


def test_what_docker_may_copy_is_enough_to_install(tmp_path: Path) -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (wheel,) = WheelBuilder(str(tmp_path)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    (whole,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "whole"), versions=["standard"])
    assert _names_in(wheel) == _names_in(whole)


def _names_in(wheel: str) -> set[str]:
    with zipfile.ZipFile(wheel) as zipped:
        return {name for name in zipped.namelist() if not name.endswith(".pyc")}
