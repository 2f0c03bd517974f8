"""What Prometheus is told: for each leaf of the status its metric, with the type, the unit and the text.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for what only grows. Labels are cameras, queues, file
systems and the few states a camera can be in; never what the model sees, which would be a thousand series a camera.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitor.values import OfflineReason, ProblemKind

LABELS = {"cameras": "camera", "queues": "queue", "disks": "path"}
"""The label by which the members of a part of the status are told apart."""


def number(leaf: Any) -> float | None:
    """Give a number, or a truth as 1 or 0; None for what is not known, which has no sample."""
    return None if leaf is None else float(leaf)


def seconds(leaf: Any) -> float | None:
    """Give milliseconds as seconds."""
    return None if leaf is None else leaf / 1000


def is_there(leaf: Any) -> float:
    """Give 1 for something that is wrong, in whatever words, and 0 for None."""
    return float(leaf is not None)


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric. leaf: its place in the status, `*` for each camera, queue or disk. counter: it only grows while the daemon runs.

    read: from the leaf to the sample. states: (label, values) where the leaf is one of several words; each is a series, 1 or 0.
    """

    leaf: str
    name: str
    about: str
    counter: bool = False
    read: Callable[[Any], float | None] = number
    states: tuple[str, tuple[str, ...]] | None = None


def _count(leaf: str, name: str, about: str) -> Figure:
    return Figure(leaf, name, about, counter=True)


FIGURES = (
    Figure("cameras.*.state", "monitor_camera_up", "Whether the camera is online.", read=lambda state: float(state == "online")),
    Figure(
        "cameras.*.reason",
        "monitor_camera_offline",
        "Why the camera is offline: 1 for the reason; all are 0 while it is online.",
        states=("reason", tuple(OfflineReason)),
    ),
    Figure(
        "cameras.*.problem",
        "monitor_camera_problem",
        "What is wrong with the camera's pictures: 1 for the kind; all are 0 while nothing is.",
        states=("kind", tuple(ProblemKind)),
    ),
    Figure("cameras.*.since_unix", "monitor_camera_changed_timestamp_seconds", "When the camera last went online or offline, Unix time."),
    Figure(
        "cameras.*.recovery_seconds",
        "monitor_camera_recovery_seconds",
        "From the last frame before the latest loss to the first after it.",
    ),
    _count("cameras.*.reconnects", "monitor_camera_reconnects_total", "Times the camera came back."),
    _count("cameras.*.abandoned", "monitor_camera_abandoned_captures_total", "Captures that hung and were replaced."),
    _count("cameras.*.frames", "monitor_camera_frames_total", "Frames that the camera gave."),
    _count("cameras.*.looks", "monitor_camera_looks_total", "Frames that the model looked at."),
    _count("cameras.*.skipped", "monitor_camera_skipped_frames_total", "Frames left out by frame_skip and fps."),
    _count("cameras.*.gated", "monitor_camera_gated_frames_total", "Frames left out because nothing moved."),
    _count("cameras.*.dropped", "monitor_camera_dropped_frames_total", "Frames pushed out of the queue by newer ones."),
    Figure("cameras.*.camera_fps", "monitor_camera_frames_per_second", "Frames a second that the camera gave in the last minute."),
    Figure("cameras.*.look_fps", "monitor_camera_looks_per_second", "Looks a second in the last minute."),
    Figure("cameras.*.look_rate", "monitor_camera_allowed_looks_per_second", "Looks a second that the camera may have now."),
    Figure(
        "cameras.*.inference_ms", "monitor_camera_inference_seconds", "The model's time per look, mean of the last minute.", read=seconds
    ),
    Figure(
        "cameras.*.frame_age_ms",
        "monitor_camera_frame_age_seconds",
        "From the grab of a frame to the end of its look, mean of the last minute.",
        read=seconds,
    ),
    Figure("queues.*.depth", "monitor_queue_depth", "What waits in the queue."),
    Figure("queues.*.size", "monitor_queue_capacity", "What the queue holds at most."),
    _count("queues.*.dropped", "monitor_queue_dropped_total", "What the queue had no room for."),
    Figure("broker.connected", "monitor_broker_connected", "Whether the MQTT broker is connected; no series without MQTT."),
    Figure("broker.acknowledged_seconds", "monitor_broker_unacknowledged_seconds", "Time since the broker last acknowledged a message."),
    Figure("outbox.waiting", "monitor_outbox_waiting_alerts", "Alerts that wait for the broker."),
    Figure("outbox.rejected", "monitor_outbox_rejected_alerts", "Alerts that the broker refused and that are tried again."),
    Figure("outbox.poison", "monitor_outbox_poison_alerts", "Alerts that the broker could not stand and that are set aside."),
    Figure("outbox.size", "monitor_outbox_size_bytes", "The payloads of all alerts in the outbox."),
    Figure(
        "outbox.oldest_seconds", "monitor_outbox_oldest_alert_age_seconds", "Age of the oldest alert that waits; no series if none does."
    ),
    _count(
        "outbox.lost_alerts", "monitor_outbox_lost_alerts_total", "Alerts dropped because the outbox was full, since the history began."
    ),
    _count(
        "outbox.lost_notices", "monitor_outbox_lost_notices_total", "Notices dropped because the outbox was full, since the history began."
    ),
    Figure("disks.*.total", "monitor_disk_size_bytes", "Size of the file system that holds the path."),
    Figure("disks.*.free", "monitor_disk_free_bytes", "What is free of it."),
    Figure("storage.trouble", "monitor_storage_trouble", "Whether the history is not written, or not all of it.", read=is_there),
    Figure("storage.written_per_day", "monitor_storage_written_bytes_per_day", "What the whole process has disks write a day, estimated."),
    Figure("board.temperature", "monitor_board_temperature_celsius", "Temperature of the processor."),
    Figure("board.throttled", "monitor_board_throttled", "Whether the board slows itself down."),
    Figure("board.duty", "monitor_board_duty_ratio", "The part of the time that the classifier may be busy, 0 to 1."),
    Figure("process.rss", "monitor_process_resident_memory_bytes", "Resident memory of the daemon."),
    Figure("process.threads", "monitor_process_threads", "Threads of the daemon that Python knows of."),
    Figure("process.descriptors", "monitor_process_open_fds", "Open file descriptors of the daemon."),
    # Not the time of the start: a box without a battery for its clock learns the time only some minutes after that.
    Figure("process.uptime", "monitor_process_uptime_seconds", "Time since the daemon started."),
    Figure("stuck", "monitor_stuck_workers", "Workers that do not come back from their step.", read=lambda names: float(len(names))),
    Figure("model.fallback_reason", "monitor_model_fallback", "Whether the fallback took the model's place.", read=is_there),
)

BUILD = {
    "version": ("version",),
    "model": ("model", "name"),
    "engine": ("model", "engine"),
    "precision": ("model", "precision"),
}
"""The labels of `monitor_build_info`, with their places in the status."""
