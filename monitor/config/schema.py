"""The whole configuration as types. Field names are the keys of the YAML file; the values here are the defaults.

After loading: durations are seconds, sizes are bytes, paths are absolute, secrets are `SecretStr`. What keys of one section owe each
other is checked by the section (`_faults`); what sections owe each other, by `names.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)

from monitor.config.address import EMBEDDED, check_client_id, check_host, check_listen, check_topic, is_loopback, split_listen
from monitor.config.faults import SectionFaultsError
from monitor.config.polygon import Polygon
from monitor.config.slug import slug
from monitor.config.source import SourceKind, check_source, has_login, kind_of, without_credentials
from monitor.config.units import NUMERIC, Duration, Flag, Secret, Size, SomeDuration, SomeSize
from monitor.values import WHOLE, Severity

RELEASE_SHARE = 0.7
"""`release` is this share of `threshold` unless it is written."""


def _visible(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be text without line breaks or invisible characters")
    return text


def _index_as_text(value: object) -> object:
    """Let `source: 0` be written without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), NUMERIC]
Threshold = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False), NUMERIC]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
CardName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="the name of a model card, such as resnet18")]
Host = Annotated[str, AfterValidator(check_host)]
Source = Annotated[
    str,
    BeforeValidator(_index_as_text),
    AfterValidator(check_source),
    PlainSerializer(without_credentials, return_type=str, when_used="json"),
    Field(repr=False, description="an rtsp:// or http:// address, a number or path of a video device, a file, or demo"),
]


class Section(BaseModel):
    """A part of the file: unknown keys are errors, nothing changes after loading, and a key without a value is an empty section."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if found := list(self._faults()):
            raise SectionFaultsError(found)
        return self

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for keys that are right by themselves but do not go together."""
        return iter(())


class MotionSettings(Section):
    """The motion gate of one camera."""

    enabled: Flag = True
    sensitivity: Fraction = 0.5
    recheck: SomeDuration = 10.0


class RuleSettings(Section):
    """One rule: a label or group, its thresholds and its timing."""

    label: Name
    name: Name = Field(default_factory=lambda data: slug(data.get("label", "")))
    threshold: Threshold = 0.5
    release: Threshold = Field(default_factory=lambda data: RELEASE_SHARE * data.get("threshold", 0.5))
    looks: Annotated[int, Field(ge=1, le=1000), NUMERIC] = 2
    hold: Duration = 5.0
    cooldown: Duration = 60.0
    zones: Annotated[list[Name], Field(min_length=1)] = [WHOLE]
    severity: Severity = Severity.ALERT

    @field_validator("release")
    @classmethod
    def _not_above_threshold(cls, release: float, info: ValidationInfo) -> float:
        threshold = info.data.get("threshold", 1)
        if release > threshold:
            raise ValueError(f"must not be above threshold ({threshold:g})")
        return release


class CameraSettings(Section):
    """One camera: where its picture comes from and how it is looked at."""

    source: Source
    username: str | None = None
    password: Secret | None = None
    fps: Annotated[float, Field(gt=0, le=120, allow_inf_nan=False), NUMERIC] = 5.0
    frame_skip: Annotated[int, Field(ge=1, le=10_000), NUMERIC] = 1
    queue_size: Annotated[int, Field(ge=1, le=100), NUMERIC] = 2
    decode: Literal["all", "keyframes"] = "all"
    view: Literal["motion", "centre", "letterbox"] = "motion"
    loop: Flag = False
    pace: Literal["realtime", "full"] = "realtime"
    zones: dict[Name, Polygon] = {}
    masks: list[Polygon] = []
    motion: MotionSettings = MotionSettings()
    rules: list[RuleSettings] | None = None

    def _faults(self) -> Iterator[tuple[str, str]]:
        given = [key for key in ("username", "password") if getattr(self, key) is not None]
        if given and kind_of(self.source) is not SourceKind.URL:
            yield given[0], "is only for an rtsp:// or http:// source"
        elif given and has_login(self.source):
            yield "source", "must hold no user name or password when `username` or `password` is written"
        if given == ["password"]:
            yield "password", "needs a `username`"
        if self.username is not None and (":" in self.username or not self.username.isprintable()):
            yield "username", "must hold no colon and no control character"


class ModelSettings(Section):
    """Which card classifies, what takes over when it cannot, and what executes it."""

    name: CardName = "resnet18"
    fallback: CardName | None = None
    engine: Literal["auto", "onnxruntime", "openvino", "torch"] = "auto"
    precision: Literal["fp32", "int8"] = "fp32"
    threads: Annotated[int, Field(ge=1, le=64), NUMERIC] | Literal["auto"] = "auto"
    top_k: Annotated[int, Field(ge=1, le=1000), NUMERIC] = 5
    weights: Path = Path("weights")
    labels: Path | None = None

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.fallback == self.name:
            yield "fallback", "must be another card than `name`"
        if self.engine == "torch" and self.precision == "int8":
            yield "precision", "int8 is for the engines onnxruntime and openvino; torch is the reference and computes in fp32"


class HistorySettings(Section):
    """The SQLite history and the plain detection log."""

    path: Path = Path("logs/history.db")
    log: Path = Path("logs/detections.jsonl")
    min_score: Fraction = 0.2
    keep: SomeDuration = 30 * 86400.0
    max_size: SomeSize = 500 * 1000**2

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.log == self.path:
            yield "log", "must be another file than `path`"


class SnapshotSettings(Section):
    """Pictures of alerts."""

    enabled: Flag = True
    path: Path = Path("logs/snapshots")
    quality: Annotated[int, Field(ge=1, le=100), NUMERIC] = 85
    keep: SomeDuration = 7 * 86400.0
    max_size: SomeSize = 1000**3
    min_free: Size = 500 * 1000**2


class ClipSettings(Section):
    """Short videos of alerts."""

    enabled: Flag = False
    pre: Duration = 5.0
    post: Duration = 10.0
    width: Annotated[int, Field(ge=64, le=7680), NUMERIC] = 640
    fps: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False), NUMERIC] = 2.0
    keep: SomeDuration = 7 * 86400.0
    max_size: SomeSize = 2 * 1000**3


class TlsSettings(Section):
    """TLS towards the broker; verification is always on."""

    enabled: Flag = False
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.cert and not self.key:
            yield "cert", "needs its `key`"
        if self.key and not self.cert:
            yield "key", "needs its `cert`"


class OutboxSettings(Section):
    """The bounds of the alerts that wait for the broker."""

    max_rows: Annotated[int, Field(ge=1), NUMERIC] = 100_000
    max_size: SomeSize = 100 * 1000**2
    max_age: SomeDuration = 30 * 86400.0


class MqttSettings(Section):
    """The broker; host `embedded` is one of our own, for trying out."""

    enabled: Flag = True
    host: Host = "localhost"
    port: Annotated[int, Field(ge=1, le=65535), NUMERIC] = 1883
    username: str | None = None
    password: Secret | None = None
    client_id: Annotated[str, AfterValidator(check_client_id)] | None = None
    base_topic: Annotated[str, AfterValidator(check_topic)] = "monitor"
    discovery: Literal["device", "component", "off"] = "device"
    discovery_prefix: Annotated[str, AfterValidator(check_topic)] = "homeassistant"
    commands: Flag = True
    transport: Literal["tcp", "websockets"] = "tcp"
    tls: TlsSettings = TlsSettings()
    outbox: OutboxSettings = OutboxSettings()

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.password is not None and self.username is None:
            yield "password", "needs a `username`"
        if self.discovery_prefix == self.base_topic:
            yield "discovery_prefix", "must be another topic than `base_topic`"
        if self.host == EMBEDDED:
            used = (("username", self.username), ("tls", self.tls.enabled), ("transport", self.transport != "tcp"))
            yield from ((key, f"is not for the broker `{EMBEDDED}`, which is plain, anonymous and local") for key, given in used if given)


class WebSettings(Section):
    """The status page."""

    enabled: Flag = True
    listen: Annotated[str, AfterValidator(check_listen)] = "127.0.0.1:8080"
    username: Name = "admin"
    password_hash: Annotated[Secret, Field(min_length=1)] | None = None
    tokens: list[Annotated[Secret, Field(min_length=1)]] = []
    allowed_hosts: list[Host] = []

    def _faults(self) -> Iterator[tuple[str, str]]:
        guarded = self.password_hash is not None or self.tokens
        if self.enabled and not guarded and not is_loopback(split_listen(self.listen)[0]):
            yield "listen", "must be a loopback address such as 127.0.0.1:8080 unless `password_hash` or `tokens` is set"


class LoggingSettings(Section):
    """What the daemon says of itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: Path | None = Path("logs/monitor.log")
    format: Literal["text", "json"] = "text"


class Config(Section):
    """The whole file."""

    node: Name = ""  # settled when it is loaded: the host name
    cameras: Annotated[dict[Name, CameraSettings], Field(min_length=1)]
    model: ModelSettings = ModelSettings()
    groups: dict[Name, Annotated[list[Name], Field(min_length=1)]] = {}
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
