"""From a file to a checked configuration: read, parse, validate, check, settle. Every problem is reported at once."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from monitor.config.document import Document, NotYamlError, parse
from monitor.config.dump import secret_places
from monitor.config.explain import MOST, explain
from monitor.config.exposure import exposure
from monitor.config.faults import Fault, Where, dotted
from monitor.config.hints import hints
from monitor.config.names import check_names
from monitor.config.read import find_config, read_text
from monitor.config.schema import Config
from monitor.config.settle import settle
from monitor.errors import ConfigError, Problem

__all__ = ["Loaded", "find_config", "load"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration with where it came from. text: of the file; lines: dotted path of each key in it -> line, 1-based."""

    config: Config
    file: Path
    text: str = field(repr=False)
    lines: Mapping[str, int]
    warnings: tuple[str, ...]

    def has_changed(self) -> bool:
        """Tell whether the file says something else by now, or cannot be read any more."""
        try:
            return read_text(self.file) != self.text
        except ConfigError:
            return True

    def line(self, where: str) -> int | None:
        """Return the line of the dotted path `where`, or of the nearest thing around it that is written."""
        while where and where not in self.lines:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return self.lines.get(where)

    def located(self, error: ConfigError) -> ConfigError:
        """Return `error` with the file and the lines of its problems."""
        return ConfigError(str(self.file), [Problem(p.where, p.message, self.line(p.where)) for p in error.problems])


def load(path: Path, *, environ: Mapping[str, str], hostname: str | None = None) -> Loaded:
    """Read and check the configuration at `path`. ConfigError: with every problem at once."""
    file = path.absolute()
    text = read_text(path)
    document = _parsed(path, text, environ)
    config, invalid = _validated(document)
    faults = [*document.faults[:MOST], *invalid, *islice(check_names(document.data), MOST)]
    if config is not None and not faults:
        config = settle(config, file.parent, environ, socket.gethostname() if hostname is None else hostname)
        faults.extend(_missing_files(config))
        if not faults:
            lines = {dotted(where): line for where, line in document.lines.items()}
            return Loaded(config, file, text, lines, tuple(_warnings(path, document, config)))
    raise ConfigError(str(path), _problems(faults, document))


def _parsed(path: Path, text: str, environ: Mapping[str, str]) -> Document:
    try:
        document = parse(text, path.absolute().parent, environ)
    except NotYamlError as error:
        raise ConfigError(str(path), [Problem("", str(error), error.line)]) from None
    if document.data is None:
        raise ConfigError(str(path), [Problem("", "is empty; it needs at least one camera (`cameras:`)")])
    if not isinstance(document.data, dict):
        raise ConfigError(str(path), [Problem("", "must hold keys with values (`cameras:` and so on) at its top", document.line_of(()))])
    return document


def _validated(document: Document) -> tuple[Config | None, list[Fault]]:
    try:
        return Config.model_validate(document.data), []
    except ValidationError as error:
        return None, [fault for fault in explain(error, document) if document.is_known(fault.where)]


def _missing_files(config: Config) -> Iterator[Fault]:
    """Yield the files of TLS that are not there; paho would find out only in its own thread."""
    tls = config.mqtt.tls
    if config.mqtt.enabled and tls.enabled:
        for key, path in (("ca", tls.ca), ("cert", tls.cert), ("key", tls.key)):
            if path is not None and not _is_file(path):
                yield Fault(("mqtt", "tls", key), f"must be a file that is there and may be read, not {path}")


def _is_file(path: Path) -> bool:
    try:
        if not path.is_file():  # opening a pipe would wait for whoever writes to it
            return False
        with path.open("rb"):
            return True
    except OSError:
        return False


def _problems(faults: Iterable[Fault], document: Document) -> list[Problem]:
    """Turn faults into problems in the order of the file, each once; what concerns the whole file comes last."""
    found = dict.fromkeys(
        Problem(dotted(fault.where), fault.message, fault.line or (document.line_of(fault.where) if fault.where else None))
        for fault in faults
    )
    return sorted(found, key=lambda problem: problem.line or sys.maxsize)


def _warnings(path: Path, document: Document, config: Config) -> Iterator[str]:
    def place(where: Where) -> str:
        return f"{dotted(where)} (line {document.line_of(where)})"

    literal = [where for where, _ in secret_places(config) if where not in document.written]
    yield from (f"{path}: {text}" for text in exposure(path, literal))
    yield from (f"{path}: {place(fault.where)} {fault.message}" for fault in hints(config))
