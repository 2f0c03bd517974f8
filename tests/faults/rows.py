"""The faults that the daemon is held against, and the tests that inject each: `python -m tests.faults.rows` prints what `make faults` runs.

expected: what must happen, beside what must always: the process is up or ended with the exit code that says why, other cameras kept
their rate, no committed alert is lost, and the log tells of the cause once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A fault. tests: node ids below tests/, without parameters. instead: why it cannot be injected on one machine, or how it was."""

    number: str
    fault: str
    injected: str
    expected: str
    tests: tuple[str, ...] = ()
    instead: str = ""


CAMERAS = "faults/test_cameras.py::"
STEPPED = "faults/test_stepped.py::"
STORAGE = "faults/test_storage.py::"
PROCESS = "faults/test_process.py::"
BROKER = "faults/test_broker.py::"
CLOSED = f"{CAMERAS}test_cameras_that_cannot_be_opened_are_named_once_and_come_when_they_can"
BROKEN = f"{CAMERAS}test_cameras_that_break_are_seen_to_and_come_back_and_nothing_of_it_stays"
UNTRUE = f"{CAMERAS}test_frozen_and_covered_cameras_are_told_of_and_alert_nothing"
KILLED = "faults/test_delivery.py::test_whatever_is_killed_no_committed_alert_is_lost"
LINK = f"{BROKER}test_whatever_the_link_does_no_alert_is_lost"
SECURED = "publish/test_secured.py::"
DELIVERY = "publish/test_delivery.py::"
BOUNDS = "record/test_bounds.py::"

ROWS = (
    Row("1", "camera host down at start", "closed port", "running; offline, one line, back within a minute", (CLOSED,)),
    Row("2", "server ends the stream", "connection cut", "opened anew within a second, no spinning", (BROKEN,)),
    Row("3", "stall, half-open TCP", "server stays and sends nothing", "noticed in twice the read timeout; stale frame dropped", (BROKEN,)),
    Row(
        "4",
        "stream goes on in the old connection",
        "pause and resume",
        "recovered by opening anew",
        (BROKEN, "camera/test_real_rtsp.py::test_a_stall_is_noticed_its_stale_frame_dropped_and_cured_by_opening_anew"),
    ),
    Row(
        "5",
        "DNS never answers",
        "deaf name server in a mount namespace",
        "one camera waits; no other, nor the stop",
        (f"{CAMERAS}test_a_name_server_that_never_answers_holds_up_one_camera_and_not_the_stop",),
    ),
    Row(
        "6",
        "unknown host, bad URL, refused scheme",
        "configuration",
        "refused with its line, or a state with its reason",
        (CLOSED, f"{CAMERAS}test_a_source_that_makes_no_sense_is_refused_with_its_line"),
    ),
    Row("7", "RTSP 401", "server asks for another password", "auth_failed, retried rarely, URL redacted", (CLOSED,)),
    Row("8", "wrong codec, sound only, a web page", "servers that answer so", "offline with the reason in words", (CLOSED,)),
    Row("9", "corrupt or truncated H.264", "random bytes in the stream", "no crash, no loss of the connection", (BROKEN,)),
    Row("10", "resolution changes", "another clip in the same session", "no crash, goes on", (BROKEN,)),
    Row("11", "frozen image", "one key frame again and again", "frozen after a minute, no alert from it", (UNTRUE,)),
    Row("12", "black, covered, infrared", "scenes", "a problem with its kind; infrared is none", (BROKEN, UNTRUE)),
    Row(
        "13",
        "slow camera, 0.2 fps",
        "rate of the server",
        "not taken for stalled",
        (BROKEN, f"{STEPPED}test_a_camera_as_slow_as_the_read_timeout_is_looked_at"),
    ),
    Row(
        "14",
        "burst, 120 fps after a pause",
        "rate, on a manual clock and of a server",
        "queue bounded, oldest dropped and counted",
        (BROKEN, f"{STEPPED}test_a_burst_fills_one_mailbox_and_delays_no_other_camera"),
    ),
    Row(
        "15",
        "inference takes 2 s",
        "slow model on a manual clock",
        "captures drain; nothing old is looked at",
        (f"{STEPPED}test_a_slow_model_does_not_hold_up_the_cameras_and_sees_nothing_old",),
    ),
    Row(
        "16",
        "USB unplugged, back under another number",
        "fake devices",
        "no spinning, reopened by its lasting name",
        (f"{STEPPED}test_a_usb_camera_that_was_unplugged_is_awaited_without_spinning_and_found_under_another_number",),
        "a real unplugging takes a kernel module for cameras that are none",
    ),
    Row(
        "17",
        "USB camera busy or forbidden",
        "fake devices",
        "each reason in its own words",
        (f"{STEPPED}test_a_usb_camera_that_may_not_be_opened_is_told_by_its_reason_and_taken_as_soon_as_it_may",),
    ),
    Row(
        "18",
        "broker down at start",
        "no broker, then one",
        "running; alerts wait on the disk and come in order",
        (f"{BROKER}test_without_a_broker_at_the_start_alerts_wait_on_the_disk_and_arrive_in_order_once_there_is_one",),
    ),
    Row("19", "broker, link, daemon die mid-publish", "kill -9, 200 times", "no id missing, duplicates equal", (KILLED,)),
    Row(
        "20",
        "broker hangs; link loses all or one way",
        "SIGSTOP; proxy",
        "noticed in twice the keepalive, nobody held up",
        (f"{BROKER}test_a_broker_that_stands_still_holds_nobody_up_and_gets_everything_when_it_goes_on", LINK),
    ),
    Row(
        "21",
        "broker refuses the login, or one topic",
        "password and access list of mosquitto",
        "told in words; the row stays, set aside and counted",
        (
            f"{DELIVERY}test_a_broker_that_wants_a_password_says_so_and_lets_us_in_once_it_does_not",
            f"{DELIVERY}test_an_alert_that_the_brokers_access_list_forbids_is_set_aside_and_counted",
        ),
    ),
    Row(
        "22",
        "TLS: expired, wrong host, unknown CA",
        "certificates made for it",
        "the reason in words, never in the clear",
        (
            f"{SECURED}test_a_broker_with_a_wrong_certificate_is_told_in_words",
            f"{SECURED}test_a_broker_without_tls_is_not_talked_to_in_the_clear",
        ),
    ),
    Row(
        "23",
        "two clients of one name",
        "two links, two boxes",
        "told so, no fight in a hot loop",
        (
            "publish/test_paho.py::test_two_clients_of_one_name_are_told_so_and_do_not_fight_in_a_hot_loop",
            "publish/test_two_boxes.py::test_two_boxes_on_one_broker_take_turns",
        ),
    ),
    Row(
        "24",
        "outbox overflows",
        "rows, bytes and age beyond its bounds",
        "bounded, oldest dropped and counted",
        (
            f"{BOUNDS}test_beyond_its_rows_the_oldest_notices_go_first_then_the_oldest_alerts",
            f"{BOUNDS}test_beyond_its_size_as_many_go_as_make_room",
            f"{BOUNDS}test_what_is_past_its_age_goes_and_is_counted",
        ),
    ),
    Row(
        "25",
        "disk full",
        "tmpfs filled",
        "detection and MQTT go on; written once there is room",
        (
            f"{STORAGE}test_on_a_full_disk_alerts_go_on_and_are_written_once_there_is_room",
            f"{STORAGE}test_a_full_disk_costs_the_ballast_and_alerts_go_on_being_written",
        ),
    ),
    Row(
        "26",
        "read-only file system",
        "remount before the start; given up by the kernel in mid-run",
        "as 25",
        (
            f"{STORAGE}test_a_read_only_disk_keeps_nobody_from_watching",
            "faults/test_readonly.py::test_a_disk_that_turns_read_only_in_mid_run_is_told_of_and_every_alert_is_sent_and_written_later",
        ),
    ),
    Row(
        "27",
        "fsync or input/output error",
        "library that fails the N-th operation",
        "never counted as written; opened anew",
        (f"{STORAGE}test_whichever_operation_of_the_disk_fails_no_alert_is_lost_or_written_twice",),
    ),
    Row(
        "28",
        "history corrupt, empty, newer, another's",
        "files overwritten",
        "moved aside and begun anew; newer: exit 69",
        (
            f"{STORAGE}test_a_damaged_history_is_moved_aside_and_a_new_one_begun",
            f"{STORAGE}test_a_history_that_is_not_ours_to_write_is_refused",
        ),
    ),
    Row(
        "29",
        "torn line of the detection log",
        "file cut",
        "that line only",
        (f"{STORAGE}test_a_torn_line_of_the_detection_log_costs_that_line_only",),
    ),
    Row(
        "30",
        "clock back 2 h, forward 10 y, 1970",
        "wall clock of the process",
        "labels only; retention wipes nothing",
        (
            f"{STORAGE}test_a_clock_that_jumps_changes_labels_and_nothing_else",
            "record/test_retention.py::test_a_clock_that_jumps_years_ahead_costs_nothing_though_it_stays_wrong_for_days_and_over_a_restart",
            "record/test_retention.py::test_a_clock_that_starts_in_1970_deletes_nothing",
        ),
    ),
    Row(
        "31",
        "kill -9 at any moment",
        "500 times",
        "history sound, no alert missing",
        (f"{STORAGE}test_after_kill_9_at_any_moment_the_history_is_sound_and_every_confirmed_alert_is_there",),
    ),
    Row(
        "32",
        "power cut",
        "what was not synchronised is thrown away",
        "committed alerts survive",
        (f"{STORAGE}test_a_power_cut_at_any_moment_takes_no_alert_whose_commit_returned",),
    ),
    Row(
        "33",
        "SIGTERM in inference, opening, commit",
        "signal while it hangs there",
        "exit 0 in time, offline published",
        (
            f"{PROCESS}test_a_stop_in_the_worst_moment_takes_less_than_three_seconds_and_everybody_hears_of_it",
            "end_to_end/test_stopping.py::test_a_camera_that_hangs_while_it_is_opened_does_not_hold_up_the_end",
        ),
    ),
    Row(
        "34",
        "SIGHUP with a bad configuration",
        "file overwritten",
        "the old one stays, told line by line",
        ("end_to_end/test_reloading.py::test_a_reload_is_refused_line_by_line_or_in_force_and_systemd_hears_of_each_step",),
    ),
    Row(
        "35",
        "storm of signals, double SIGTERM, SIGPIPE",
        "signals",
        "nothing; a second SIGTERM later is meant",
        (f"{PROCESS}test_a_shower_of_signals_changes_nothing", f"{PROCESS}test_a_second_request_to_stop_later_on_is_meant"),
    ),
    Row(
        "36",
        "out of memory",
        "prlimit; kill -9",
        "goes on or is started anew; the start says unclean",
        (
            f"{PROCESS}test_without_memory_for_anything_new_it_goes_on_or_ends_so_that_systemd_starts_it_anew",
            f"{PROCESS}test_a_start_after_a_kill_says_so_and_one_after_a_stop_does_not",
        ),
    ),
    Row(
        "37",
        "out of file descriptors",
        "prlimit",
        "one line, recovery",
        (
            f"{PROCESS}test_without_descriptors_detection_goes_on_the_log_says_why_and_all_is_back_once_there_are_some",
            f"{PROCESS}test_a_start_with_few_descriptors_works_or_ends_with_one_line_that_says_why",
        ),
    ),
    Row(
        "38",
        "a worker dies or hangs",
        "workers that break on demand",
        "back in a second; hung: no watchdog, stacks in the journal",
        (
            f"{PROCESS}test_a_worker_that_fails_is_back_in_a_second",
            f"{PROCESS}test_a_worker_that_fails_again_and_again_ends_the_process_as_a_bug",
            f"{PROCESS}test_a_worker_that_hangs_stops_the_watchdog_whose_signal_leaves_the_stacks",
            "test_supervision.py::test_opencv_itself_hangs_and_is_replaced",
        ),
    ),
    Row(
        "39",
        "weights missing, cut, changed, of another head",
        "files",
        "exit 69 or the named fallback; a reload keeps the old",
        (
            "classify/test_checkpoint.py::test_a_truncated_checkpoint_is_refused_wherever_it_ends",
            "classify/test_checkpoint.py::test_a_file_that_is_no_checkpoint_is_told_for_what_it_is",
            "classify/test_load.py::test_a_checkpoint_with_one_byte_changed_is_refused_although_the_export_is_sound",
            "classify/test_architectures.py::test_a_head_of_another_size_is_told_in_classes_and_labels",
            "end_to_end/test_refusals.py::test_weights_that_are_missing_end_it_with_69_and_the_command_that_helps",
            "end_to_end/test_fallback.py::test_a_card_that_breaks_while_its_model_runs_costs_nothing",
        ),
    ),
    Row(
        "40",
        "pickle attack in .pth",
        "malicious files",
        "refused, nothing run",
        ("classify/test_checkpoint.py::test_nothing_in_a_malicious_file_is_ever_run",),
    ),
    Row(
        "41",
        "NaN or infinite scores",
        "model and weights with NaN",
        "a fault, never a detection of the first class",
        (
            "classify/test_classifier.py::test_numbers_that_are_no_scores_are_a_fault_and_never_the_first_class",
            "classify/test_load.py::test_weights_with_nan_are_refused_at_start",
        ),
    ),
    Row(
        "42",
        "illegal instruction: library for another CPU",
        "trial process that dies of SIGILL",
        "told with its version; the next engine takes over",
        (
            "classify/test_trial.py::test_a_library_for_another_cpu_is_told_with_its_version_and_what_to_do",
            "classify/test_trial.py::test_with_auto_the_next_engine_takes_over_and_one_that_was_named_is_an_error",
        ),
    ),
    Row(
        "43",
        "thermal throttle",
        "made-up sensors",
        "fewer looks until it has cooled down, and a notice",
        (
            "test_duty.py::test_a_hot_board_is_given_less_to_do_until_it_has_cooled_down",
            "test_duty.py::test_a_board_that_throttles_itself_is_given_half",
            "runtime/test_thermal.py::test_a_raspberry_pi_tells_both",
        ),
    ),
    Row(
        "44",
        "log spam",
        "FFmpeg let loose on a damaged stream; a line a thousand times",
        "a few lines, then a count; journal, log and memory bounded",
        (
            "faults/test_flood.py::test_a_library_that_writes_hundreds_of_lines_a_second_is_a_few_lines_of_the_journal",
            "observe/test_logs.py::test_a_line_said_a_thousand_times_is_written_five_times_and_then_counted",
            "observe/test_repeats.py::test_endless_variety_is_not_remembered_for_ever",
        ),
    ),
    Row(
        "45",
        "error in a callback; network thread dies",
        "callback and thread that raise",
        "noticed, the connection made anew",
        (
            "publish/test_lasting.py::test_an_error_in_a_callback_does_not_end_the_link",
            "publish/test_lasting.py::test_a_network_thread_that_dies_is_noticed_and_replaced",
            "publish/test_paho.py::test_a_network_thread_that_dies_while_connected_is_noticed_and_replaced",
        ),
    ),
    Row(
        "45b",
        "poison in the outbox, garbled bytes",
        "NUL topic, 300 MB, a broker that hangs up on it; proxy",
        "set aside for good; later alerts flow",
        (
            "publish/test_publisher.py::test_poison_is_set_aside_before_the_link_and_the_rest_goes_on",
            "publish/test_poison.py::test_a_real_broker_that_drops_whoever_says_too_much_gets_everything_else",
            "record/test_outbox_disk.py::test_a_payload_of_300_mb_is_quarantined_unread",
            f"{BROKER}test_a_link_that_garbles_everything_ends_no_more_than_connections",
        ),
    ),
    Row(
        "46",
        "network parts and heals; another address",
        "network namespace, cable down",
        "camera and broker come back, no alert missing",
        (f"{BROKER}test_after_a_partition_camera_and_broker_are_there_again_and_no_alert_is_missing",),
    ),
    Row(
        "47",
        "a fault every 20 s for long",
        "make soak",
        "no id lost; memory, threads, descriptors flat",
        instead="runs on its own, for as long as you like: make soak MINUTES=20",
    ),
)


def test_ids() -> list[str]:
    """The tests that the rows name and that lie outside of this folder, each once."""
    return sorted({f"tests/{test}" for row in ROWS for test in row.tests if not test.startswith("faults/")})


if __name__ == "__main__":
    sys.stdout.write(" ".join(test_ids()) + "\n")
