"""The command line: `monitor VERB`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence

from monitor import __version__
from monitor.errors import MonitorError
from monitor.ladder import BUG, DONE, FAILED, USAGE, exit_code
from monitor.verbs import bench, check_config, classify, doctor, example, hash_password, history, outbox, probe, replay, run, weights
from monitor.verbs.common import message

VERBS = (run, check_config, doctor, weights, classify, replay, probe, history, outbox, bench, example, hash_password)


def parser() -> argparse.ArgumentParser:
    """Build the parser with every verb."""
    top = argparse.ArgumentParser(prog="monitor", description="Watches cameras and tells MQTT what shows up.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"monitor {__version__}")
    verbs = top.add_subparsers(metavar="VERB")
    for verb in VERBS:
        verb.add(verbs)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks and return the exit code: `app` has the table of them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may hold bytes that are no text
    top = parser()
    args = top.parse_args(arguments)
    if not hasattr(args, "verb"):
        top.print_help(sys.stderr)
        return USAGE
    try:
        code: int = args.verb(args)
        sys.stdout.flush()
    except MonitorError as error:
        message(f"monitor: {error}" if "\n" not in str(error) else str(error))
        return exit_code(error)
    except KeyboardInterrupt:
        return 128 + 2
    except BrokenPipeError:
        # Whoever read us has had enough (`monitor history | head`). Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        message(f"monitor: {error}")
        return FAILED
    except Exception:  # noqa: BLE001 - the last rung: whatever nobody foresaw is a bug, and says so with its traceback
        traceback.print_exc()
        message("monitor: this is a bug; please report it with the lines above")
        return BUG
    return code
