"""The image and the compose file: what a container engine would find only when it builds or starts them."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from monitor.config.load import load
from monitor.config.schema import Config
from monitor.errors import ConfigError

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DAEMON: dict[str, Any] = COMPOSE["services"]["monitor"]
ENVIRON = {"MONITOR_WEB_PASSWORD_HASH": "scrypt$stands$for$one"}


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile as (instruction, argument), its lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line:
            word, _, rest = line.partition(" ")
            yield word, re.sub(r"\s+", " ", rest.strip())


FILE = list(instructions())
LAST_STAGE = FILE[max(number for number, (word, _) in enumerate(FILE) if word == "FROM") :]


def of(word: str, where: list[tuple[str, str]] = LAST_STAGE) -> list[str]:
    return [rest for each, rest in where if each == word]


def copied() -> list[str]:
    """What is copied from the checkout."""
    found = [shlex.split(rest) for rest in of("COPY", FILE) if "--from=" not in rest]
    return [source for words in found for source in words[:-1] if not source.startswith("--")]


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a path into the build: the last pattern that fits it or a folder above it decides."""
    above = [path, *(str(parent) for parent in Path(path).parents if parent != Path())]
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        names = [Path(each).name for each in above] if "**/" in line else above
        if pattern and not pattern.startswith("#") and any(fnmatch.fnmatch(name, pattern) for name in names):
            sent = line.startswith("!")
    return sent


def environment(where: list[tuple[str, str]]) -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in of("ENV", where) for pair in shlex.split(rest))


def configuration(name: str) -> str:
    """A file that compose writes, after its own `$$`."""
    content: str = COMPOSE["configs"][name]["content"]
    assert "$" not in content.replace("$$", ""), "compose would fill this in itself"
    return content.replace("$$", "$")


def config(tmp_path: Path, environ: dict[str, str]) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(configuration("monitor"))
    return load(file, environ=environ, hostname="monitor").config


def test_every_stage_builds_on_the_python_that_is_tested_and_no_image_is_the_latest() -> None:
    assert [rest.removesuffix(" AS build") for rest in of("FROM", FILE)] == ["python:${PYTHON}"] * 2
    (base,) = of("ARG", FILE)
    version = re.fullmatch(r"PYTHON=(3\.\d+)-slim-\w+", base)
    assert version
    assert version[1] == yaml.safe_load(re.search(r'^python_version = (".*")', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1])  # type: ignore[index]
    for service in COMPOSE["services"].values():
        assert "build" in service or re.search(r":\d+\.\d+\.\d+$", service["image"])


def test_everything_that_is_copied_is_in_the_checkout_and_sent_to_the_build() -> None:
    assert "monitor" in copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert is_sent(source), source
    tracked = subprocess.run(["git", "ls-files", "monitor"], capture_output=True, text=True, cwd=ROOT, check=False).stdout.split("\n")
    assert [path for path in tracked if path and not is_sent(path)] == []


@pytest.mark.parametrize(
    "path", [".git", ".env", ".venv", "config.yaml", "logs/history.db", "weights/resnet18.pth", "monitor/__pycache__", "tests", ".ci"]
)
def test_what_is_private_or_stale_is_not_sent(path: str) -> None:
    assert not is_sent(path)


def test_it_is_installed_as_make_setup_does_and_the_program_after_that() -> None:
    words = [f"{word} {rest}" for word, rest in FILE]
    assert words.index("RUN sh systemd/venv.sh") < words.index("COPY monitor monitor")
    assert "systemd/venv.sh" in (ROOT / "Makefile").read_text()


def test_what_comes_from_another_stage_stays_where_it_was_installed() -> None:
    for rest in of("COPY"):
        *_, source, target = shlex.split(rest)
        assert source == target, "an environment of Python knows its own path"


def test_it_runs_as_nobody_in_particular() -> None:
    (user,) = of("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number, so that an engine can tell that it is not root"
    after = [word for word, _ in LAST_STAGE][[word for word, _ in LAST_STAGE].index("USER") :]
    assert not {"RUN", "COPY", "ADD"} & set(after)


def test_it_is_stopped_as_the_daemon_expects_and_is_process_1_itself() -> None:
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(of("ENTRYPOINT")[0]) == ["monitor"]
    assert json.loads(of("CMD")[0])[0] == "run"


def test_the_service_and_the_image_run_it_in_the_same_environment() -> None:
    unit = (ROOT / "systemd" / "monitor.service").read_text()
    service = dict(pair.split("=", 1) for line in re.findall(r"^Environment=(.*)", unit, re.MULTILINE) for pair in line.split())
    torch_only = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"}
    image = environment(LAST_STAGE)
    assert image.keys() - {"PATH"} == service.keys() - torch_only
    assert all(image[name] == service[name] for name in image.keys() - {"PATH", "MONITOR_WEIGHTS"})


def test_no_secret_is_in_the_image() -> None:
    assert not re.search(r"(?i)^(ENV|ARG)\b.*(password|token|secret)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert not [source for source in copied() if source.endswith("config.yaml")]


class Answers(BaseHTTPRequestHandler):
    """Answers with the status that the server has."""

    def do_GET(self) -> None:
        assert self.path == "/healthz"
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_says_what_healthz_says(status: int, code: int) -> None:
    command = json.loads(re.sub(r"^.*? CMD ", "", of("HEALTHCHECK")[0]))
    server = HTTPServer(("127.0.0.1", 0), Answers)
    server.status = status  # type: ignore[attr-defined]
    server.timeout = 10
    thread = Thread(target=server.handle_request)
    thread.start()
    code_line = command[2].replace("8080", str(server.server_port))
    proxy = {"http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, "-c", code_line], capture_output=True, check=False, timeout=30, env={**os.environ, **proxy})
    thread.join()
    server.server_close()
    assert command[:2] == ["python", "-c"]
    assert done.returncode == code


def test_the_configuration_of_compose_is_good_and_keeps_everything_on_the_volumes(tmp_path: Path) -> None:
    settings = config(tmp_path, ENVIRON)
    volumes = json.loads(of("VOLUME")[0])
    mounted = [mount.split(":")[1] for mount in DAEMON["volumes"]]
    assert mounted == volumes
    for path in (settings.history.path, settings.history.log, settings.snapshots.path):
        assert any(path.is_relative_to(volume) for volume in volumes), path
    assert environment(LAST_STAGE)["MONITOR_WEIGHTS"] in volumes
    assert settings.logging.file is None
    assert settings.mqtt.host in COMPOSE["services"]
    assert set(COMPOSE["volumes"]) >= {mount.split(":")[0] for service in COMPOSE["services"].values() for mount in service["volumes"]}


def test_there_is_no_page_without_a_password(tmp_path: Path) -> None:
    assert config(tmp_path, ENVIRON).web.password_hash is not None
    with pytest.raises(ConfigError):
        config(tmp_path, {})
    assert DAEMON["environment"]["MONITOR_WEB_PASSWORD_HASH"].startswith("${MONITOR_WEB_PASSWORD_HASH:?")


def test_the_configuration_is_where_the_image_looks_and_the_page_where_the_check_asks(tmp_path: Path) -> None:
    (target,) = (each["target"] for each in DAEMON["configs"])
    assert json.loads(of("CMD")[0])[-1] == target
    port = config(tmp_path, ENVIRON).web.listen.rpartition(":")[2]
    assert of("EXPOSE") == [port]
    assert f"'127.0.0.1', {port}" in of("HEALTHCHECK")[0]
    assert DAEMON["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_only_this_computer_is_served_unless_the_file_is_changed() -> None:
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert not {"privileged", "network_mode", "cap_add", "pid"} & set(service)


def test_the_daemon_may_do_nothing_that_it_need_not() -> None:
    assert DAEMON["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in DAEMON["security_opt"]


def test_a_configuration_that_stands_in_the_file_can_be_written_into_its_container() -> None:
    for service in COMPOSE["services"].values():
        inline = [each for each in service.get("configs", []) if "content" in COMPOSE["configs"][each["source"]]]
        assert not (inline and service.get("read_only")), "docker/compose#12031"


def test_the_broker_keeps_what_it_acknowledged() -> None:
    lines = configuration("mosquitto").splitlines()
    folder = next(line.split()[1] for line in lines if line.startswith("persistence_location"))
    assert "persistence true" in lines
    assert any(folder.rstrip("/") == mount.split(":")[1] for mount in COMPOSE["services"]["mosquitto"]["volumes"])
