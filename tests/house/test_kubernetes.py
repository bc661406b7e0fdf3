"""The manifests fit together, and fit what they start: settings, commands, queues, routes, time limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import SUBCOMMANDS
from tasks.app import MAINTENANCE, QUEUES, REPLAY
from webhook.bounded_http import SHUTDOWN_SECONDS
from worker.settings import PREFIX, Settings, load_settings

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
DOCS = (FOLDER.parents[1] / "docs" / "deployment.md").read_text(encoding="utf-8")
VERSION = re.findall(r'^version = "(.+)"$', (FOLDER.parents[1] / "pyproject.toml").read_text(), re.MULTILINE)[0]
KUSTOMIZATIONS = sorted(FOLDER.rglob("kustomization.yaml"))
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
Json = dict[str, Any]


def objects(*paths: Path) -> Iterator[Json]:
    for path in paths:
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


ALL = list(objects(*FILES))
BY_NAME = {(one["kind"], one["metadata"]["name"]): one for one in ALL}
WORKLOADS = [one for one in ALL if one["kind"] in ("Deployment", "StatefulSet", "Job")]
OURS = [one for one in WORKLOADS if one["metadata"]["labels"]["app.kubernetes.io/name"] == "spiketrace"]
every_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda one: one["metadata"]["name"])
each_of_ours = pytest.mark.parametrize("workload", OURS, ids=lambda one: one["metadata"]["name"])


def pod(workload: Json) -> Json:
    found: Json = workload["spec"]["template"]["spec"]
    return found


def container(workload: Json) -> Json:
    (found,) = pod(workload)["containers"]
    only: Json = found
    return only


def settings_file() -> dict[str, str]:
    lines = (FOLDER / "settings.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def environment(workload: Json) -> dict[str, str]:
    shared = settings_file() if "envFrom" in container(workload) else {}
    return shared | {one["name"]: one["value"] for one in container(workload).get("env", [])}


def files_of(workload: Json) -> Iterator[tuple[str, str]]:
    """Each file that a setting names, as the Secret that it is mounted from and the key in it."""
    secrets = {one["name"]: one["secret"]["secretName"] for one in pod(workload)["volumes"] if "secret" in one}
    mounted = {one["mountPath"]: secrets.get(one["name"]) for one in container(workload)["volumeMounts"]}
    for name, value in environment(workload).items():
        if name.endswith("_FILE"):
            folder, _, key = value.rpartition("/")
            secret = mounted.get(folder)
            assert secret, f"{name} names {value}, and no Secret is mounted at {folder}"
            yield secret, key


def test_every_file_is_in_a_kustomization_and_the_other_way_round() -> None:
    listed = set()
    for path in KUSTOMIZATIONS:
        kustomization = yaml.safe_load(path.read_text(encoding="utf-8"))
        listed |= {path.parent / name for name in kustomization["resources"]}
        for component in kustomization.get("components", []):
            assert (path.parent / component / "kustomization.yaml").exists()
        for image in kustomization.get("images", []):
            assert image["newTag"] == VERSION
    assert listed == set(FILES)


def test_nothing_is_there_twice() -> None:
    assert len(BY_NAME) == len(ALL)


@every_workload
def test_every_pod_runs_without_rights(workload: Json) -> None:
    spec, its = pod(workload), container(workload)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert its["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    # SPIKETRACE_WEBHOOK_PORT=tcp://… would come from a Service that somebody calls so.
    assert spec["enableServiceLinks"] is False
    assert set(its["resources"]) == {"requests", "limits"}
    assert its["resources"]["requests"]["cpu"]
    assert its["resources"]["limits"].keys() == {"memory"}


@every_workload
def test_what_is_selected_is_labelled_and_what_is_mounted_is_there(workload: Json) -> None:
    template = workload["spec"]["template"]
    if workload["kind"] != "Job":
        assert workload["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    volumes = {one["name"] for one in [*pod(workload).get("volumes", []), *claims(workload)]}
    assert {one["name"] for one in container(workload)["volumeMounts"]} == volumes


def claims(workload: Json) -> list[Json]:
    return [claim["metadata"] for claim in workload["spec"].get("volumeClaimTemplates", [])]


@each_of_ours
def test_it_starts_a_command_with_settings_that_load(workload: Json, tmp_path: Path) -> None:
    assert container(workload)["args"][0] in SUBCOMMANDS
    assert container(workload)["image"] == "spiketrace"
    values = environment(workload)
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert {name.removesuffix("_FILE") for name in values} <= known
    for name in [name for name in values if name.endswith("_FILE")]:
        path = tmp_path / name
        path.write_text("a deliver " + "x" * 16 if "CREDENTIALS" in name else "redis://:x@redis:6379/0")
        values[name] = str(path)
    load_settings(values)


@each_of_ours
def test_every_secret_is_a_file_and_the_docs_make_it(workload: Json) -> None:
    for secret, key in files_of(workload):
        command = re.search(rf"kubectl create secret generic {secret} .*?(?=\n\n|\nkubectl|```)", DOCS, re.DOTALL)
        assert command, secret
        assert f"--from-file={key}=" in command[0] or f"--from-literal={key}=" in command[0]
    text = yaml.safe_dump(workload)
    assert "secretKeyRef" not in text
    secret_settings = {PREFIX + name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field)}
    assert not secret_settings & set(environment(workload))


def test_the_webhook_is_replaced_without_a_gap() -> None:
    workload = BY_NAME["Deployment", "webhook"]
    its = container(workload)
    assert workload["spec"]["replicas"] >= 2
    assert workload["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert its["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert its["livenessProbe"]["httpGet"]["path"] == its["startupProbe"]["httpGet"]["path"] == "/healthz"
    (_, pause) = its["lifecycle"]["preStop"]["exec"]["command"]
    assert pod(workload)["terminationGracePeriodSeconds"] > int(pause) + SHUTDOWN_SECONDS + 20
    budget = BY_NAME["PodDisruptionBudget", "webhook"]["spec"]
    assert 0 < budget["minAvailable"] < workload["spec"]["replicas"]
    assert budget["selector"] == workload["spec"]["selector"]


def test_foreign_images_are_of_one_version() -> None:
    """Ours gets its version from `images:` of the kustomization."""
    images = {container(workload)["image"] for workload in WORKLOADS} - {"spiketrace"}
    assert images
    assert [image for image in images if not re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+", image)] == []


def test_what_the_settings_name_can_be_reached() -> None:
    (rule,) = [one for one in BY_NAME[("NetworkPolicy", "outgoing")]["spec"]["egress"] if "to" in one]
    allowed = {port["port"] for port in rule["ports"]}
    # https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port
    collector, elastic_apm = 4318, 8200
    assert {9200, 6379, 5601, 443, 587, collector, elastic_apm} <= allowed


def test_ports_have_one_name_all_the_way() -> None:
    for name in ("webhook", "agents", "redis"):
        workload = next(one for one in WORKLOADS if one["metadata"]["name"] == name)
        (port,) = container(workload)["ports"]
        service = BY_NAME["Service", name]["spec"]
        assert service["ports"][0]["targetPort"] == port["name"]
        assert service["selector"].items() <= workload["spec"]["template"]["metadata"]["labels"].items()
        (rule,) = BY_NAME["NetworkPolicy", name]["spec"]["ingress"]
        assert rule["ports"] == [{"protocol": "TCP", "port": port["name"]}]
        number = environment(workload).get(f"{PREFIX}{name.upper()}_PORT", "6379")
        assert int(number) == port["containerPort"] == service["ports"][0]["port"]


def test_nothing_comes_in_that_is_not_named() -> None:
    everything = BY_NAME["NetworkPolicy", "default-deny"]["spec"]
    assert everything == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    opened = {name for kind, name in BY_NAME if kind == "NetworkPolicy" and "ingress" in BY_NAME[kind, name]["spec"]}
    assert opened == {"webhook", "agents", "redis"}


def test_a_worker_may_finish_what_it_began() -> None:
    limit = load_settings(settings_file() | {f"{PREFIX}{name}_FILE": "" for name in ("REDIS_URL",)} | SECRETLESS)
    assert pod(BY_NAME["Deployment", "worker"])["terminationGracePeriodSeconds"] > limit.task_time_limit_seconds


SECRETLESS = {f"{PREFIX}ELASTICSEARCH_API_KEY_FILE": "", f"{PREFIX}REDIS_URL_FILE": ""}


def test_there_is_one_clock() -> None:
    spec = BY_NAME["Deployment", "beat"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_workers_are_scaled_by_queues_that_there_are() -> None:
    scaler = BY_NAME["ScaledObject", "worker"]["spec"]
    assert ("Deployment", scaler["scaleTargetRef"]["name"]) in BY_NAME
    lists = {one["metadata"]["listName"] for one in scaler["triggers"]}
    assert lists == set(QUEUES) - {MAINTENANCE, REPLAY}
    assert scaler["minReplicaCount"] >= 1
    for trigger in scaler["triggers"]:
        assert int(trigger["metadata"]["listLength"]) > 0
        assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in BY_NAME
        assert trigger["metadata"]["address"].startswith("redis.spiketrace.svc:6379")


def test_the_broker_writes_before_it_answers_and_keeps_its_file() -> None:
    its = container(BY_NAME["StatefulSet", "redis"])
    options = dict(zip(its["args"][1::2], its["args"][2::2], strict=True))
    assert options == {
        "--appendonly": "yes", "--appendfsync": "always", "--maxmemory-policy": "noeviction", "--dir": "/data",
    }  # fmt: skip
    assert {"name": "data", "mountPath": "/data"} in its["volumeMounts"]
