"""`hash-password`: what `web.password_hash` is to be, so that the password itself stands nowhere."""

from __future__ import annotations

import argparse
import getpass
import sys

from monitor.errors import UsageError
from monitor.verbs.common import Verbs, out


def add(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Declare the verb."""
    parser = verbs.add_parser("hash-password", help="ask for a password and print its hash, for web.password_hash")
    parser.set_defaults(verb=hash_password)


def hash_password(_: argparse.Namespace) -> int:
    """Print the hash of a password that is asked for twice, or is the first line of what comes through a pipe."""
    from monitor.config.password import LONGEST, SHORTEST, PasswordHash

    password = _asked() if sys.stdin.isatty() else _piped()
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"the password has {len(password)} characters; it must have {SHORTEST} to {LONGEST}")
    out(str(PasswordHash.of(password)))
    return 0


def _asked() -> str:
    try:
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Once more: "):
            raise UsageError("the two differ; nothing was hashed")
    except EOFError:
        raise UsageError("no password was typed; nothing was hashed") from None
    return password


def _piped() -> str:
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError("the password that came through the pipe is not UTF-8 text") from None
