"""The whole configuration as types. Field names are the keys of the YAML file; the values here are the defaults.

After loading: durations are seconds, sizes are bytes, paths are absolute, secrets are `SecretStr`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from monitor.config.units import Duration, Size
from monitor.values import WHOLE, Severity

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Point = tuple[Fraction, Fraction]
Polygon = Annotated[list[Point], Field(min_length=3)]


class Section(BaseModel):
    """A part of the file: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MotionSettings(Section):
    """The motion gate of one camera."""

    enabled: bool = True
    sensitivity: Fraction = 0.5
    recheck: Duration = 10.0


class RuleSettings(Section):
    """One rule: a label or group, its thresholds and its timing."""

    label: str
    name: str = ""  # the loader fills in the slug of the label
    threshold: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.5
    release: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None  # the loader fills in 0.7 x threshold
    looks: Annotated[int, Field(ge=1, le=1000)] = 2
    hold: Duration = 5.0
    cooldown: Duration = 60.0
    zones: Annotated[list[str], Field(min_length=1)] = [WHOLE]
    severity: Severity = Severity.ALERT


class CameraSettings(Section):
    """One camera: where its picture comes from and how it is looked at."""

    source: str
    username: str | None = None
    password: SecretStr | None = None
    fps: Annotated[float, Field(gt=0, le=120, allow_inf_nan=False)] = 5.0
    frame_skip: Annotated[int, Field(ge=1, le=10_000)] = 1
    queue_size: Annotated[int, Field(ge=1, le=100)] = 2
    decode: Literal["all", "keyframes"] = "all"
    view: Literal["motion", "centre", "letterbox"] = "motion"
    loop: bool = False
    pace: Literal["realtime", "full"] = "realtime"
    zones: dict[str, Polygon] = {}
    masks: list[Polygon] = []
    motion: MotionSettings = MotionSettings()
    rules: list[RuleSettings] | None = None


class ModelSettings(Section):
    """Which card classifies, what takes over when it cannot, and what executes it."""

    name: str = "resnet18"
    fallback: str | None = None
    engine: Literal["auto", "onnxruntime", "openvino", "torch"] = "auto"
    precision: Literal["fp32", "int8"] = "fp32"
    threads: Annotated[int, Field(ge=1, le=64)] | Literal["auto"] = "auto"
    top_k: Annotated[int, Field(ge=1, le=1000)] = 5
    weights: Path = Path("weights")


class HistorySettings(Section):
    """The SQLite history and the plain detection log."""

    path: Path = Path("logs/history.db")
    log: Path = Path("logs/detections.jsonl")
    min_score: Fraction = 0.2
    keep: Duration = 30 * 86400.0
    max_size: Size = 500 * 1000**2


class SnapshotSettings(Section):
    """Pictures of alerts."""

    enabled: bool = True
    path: Path = Path("logs/snapshots")
    quality: Annotated[int, Field(ge=1, le=100)] = 85
    keep: Duration = 7 * 86400.0
    max_size: Size = 1000**3
    min_free: Size = 500 * 1000**2


class ClipSettings(Section):
    """Short videos of alerts."""

    enabled: bool = False
    pre: Duration = 5.0
    post: Duration = 10.0
    width: Annotated[int, Field(ge=64, le=7680)] = 640
    fps: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 2.0
    keep: Duration = 7 * 86400.0
    max_size: Size = 2 * 1000**3


class TlsSettings(Section):
    """TLS towards the broker; verification is always on."""

    enabled: bool = False
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


class OutboxSettings(Section):
    """The bounds of the alerts that wait for the broker."""

    max_rows: Annotated[int, Field(ge=1)] = 100_000
    max_size: Size = 100 * 1000**2
    max_age: Duration = 30 * 86400.0


class MqttSettings(Section):
    """The broker; host `embedded` is one of our own, for trying out."""

    enabled: bool = True
    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password: SecretStr | None = None
    client_id: str | None = None
    base_topic: str = "monitor"
    discovery: Literal["device", "component", "off"] = "device"
    discovery_prefix: str = "homeassistant"
    commands: bool = True
    transport: Literal["tcp", "websockets"] = "tcp"
    tls: TlsSettings = TlsSettings()
    outbox: OutboxSettings = OutboxSettings()


class WebSettings(Section):
    """The status page."""

    enabled: bool = True
    listen: str = "127.0.0.1:8080"
    username: str = "admin"
    password_hash: SecretStr | None = None
    tokens: list[SecretStr] = []
    allowed_hosts: list[str] = []


class LoggingSettings(Section):
    """What the daemon says of itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: Path | None = Path("logs/monitor.log")
    format: Literal["text", "json"] = "text"


class Config(Section):
    """The whole file."""

    node: str = ""  # the loader fills in the host name
    cameras: Annotated[dict[str, CameraSettings], Field(min_length=1)]
    model: ModelSettings = ModelSettings()
    groups: dict[str, Annotated[list[str], Field(min_length=1)]] = {}
    rules: list[RuleSettings] = []
    history: HistorySettings = HistorySettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    clips: ClipSettings = ClipSettings()
    mqtt: MqttSettings = MqttSettings()
    web: WebSettings = WebSettings()
    logging: LoggingSettings = LoggingSettings()

    def rules_of(self, camera: str) -> list[RuleSettings]:
        """The rules that apply to `camera`, each with only those of its zones that the camera has; rules without one left out."""
        settings = self.cameras[camera]
        rules = self.rules if settings.rules is None else settings.rules
        known = {WHOLE, *settings.zones}
        kept = ((rule, [zone for zone in rule.zones if zone in known]) for rule in rules)
        return [rule.model_copy(update={"zones": zones}) for rule, zones in kept if zones]
