"""Pydantic's errors in words for whoever wrote the file. What is allowed is read from the JSON schema of the configuration."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.config.document import Document
from monitor.config.faults import Fault, SectionFaultsError, Where, plain
from monitor.config.schema import Config
from monitor.config.source import masked
from monitor.config.units import HIDDEN

Node = dict[str, Any]
"""A node of a JSON schema."""

MOST = 100
"""Faults that are explained; nobody reads more, and a file of nothing but errors must not take minutes."""


def explain(error: ValidationError, document: Document) -> Iterator[Fault]:
    """Yield a fault for each of pydantic's errors."""
    schema = _schema()
    details = [item for item in error.errors(include_url=False) if item["type"] != "default_factory_not_called"]
    for item in details[:MOST]:
        yield from _faults_of(item, document, schema)
    if len(details) > MOST:
        yield Fault((), f"{len(details) - MOST} more problems")


@functools.cache
def _schema() -> Node:
    return Config.model_json_schema()


def _faults_of(item: ErrorDetails, document: Document, schema: Node) -> Iterator[Fault]:
    if item["type"] == "extra_forbidden":
        known = list(_walk(schema, item["loc"][:-1])[1]["properties"])
        yield Fault(item["loc"], f"is not a key that is known here{_suggestion(str(item['loc'][-1]), known, 'known are')}")
        return
    where, node = _walk(schema, item["loc"])
    if item["type"] == "missing":
        yield Fault(where, f"is missing; it must be {_allowed(node)}")
    elif item["type"] == "value_error":
        reason = item["ctx"]["error"]
        if isinstance(reason, SectionFaultsError):
            yield from (_valued(Fault((*where, key), message), document, schema) for key, message in reason.faults)
        else:
            yield _valued(Fault(where, f"{reason}"), document, schema)
    else:
        yield Fault(where, f"must be {_allowed(node)}{_but(document, where, schema)}{_hint(node, document.value_at(where))}")


def _valued(fault: Fault, document: Document, schema: Node) -> Fault:
    """Say the value too, where a message says what it must be; the way out stays at the end."""
    rule, semicolon, way_out = fault.message.partition("; ")
    if not rule.startswith("must") or isinstance(document.value_at(fault.where), list):
        return fault
    return Fault(fault.where, f"{rule}{_but(document, fault.where, schema)}{semicolon}{way_out}")


def _walk(schema: Node, loc: Where) -> tuple[Where, Node]:
    """Follow `loc` as far as the schema goes (pydantic appends words of its own), and return how far, and the node there."""
    node = schema
    for depth, part in enumerate(loc):
        child = next((child for choice in _choices(node) if (child := _child(choice, part)) is not None), None)
        if child is None:
            return loc[:depth], node
        node = _resolved(schema, child)
    return loc, node


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(part, int):
        places = node.get("prefixItems", [])
        found = places[part] if part < len(places) else node.get("items")
    else:
        found = node.get("properties", {}).get(part) or (None if part == "[key]" else node.get("additionalProperties"))
    return found or None


def _resolved(schema: Node, node: Node) -> Node:
    """Replace a reference by what it refers to, here and in the choices."""
    if "$ref" in node:
        return dict(schema["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        return {**node, "anyOf": [_resolved(schema, choice) for choice in node["anyOf"] if choice.get("type") != "null"]}
    return node


def _choices(node: Node) -> list[Node]:
    """The types that a value may have, one or several; null is none of them."""
    return list(node.get("anyOf", [node]))


def _allowed(node: Node) -> str:
    """Say what a node of the schema allows: `a whole number from 1 to 100`."""
    if "anyOf" in node:
        return " or ".join(map(_allowed, node["anyOf"]))
    kind = node.get("type")
    if kind == "object":
        return (
            "keys with values (`key: value`, with a space after the colon)"
            if "minProperties" not in node
            else "one or more keys with values"
        )
    if "description" in node and "enum" not in node:
        return str(node["description"])
    if "enum" in node or "const" in node:
        options = node.get("enum", [node.get("const")])
        return f"one of {', '.join(options)}" if len(options) > 1 else str(options[0])
    if kind == "array":
        return "a list that is not empty" if node.get("minItems") else "a list"
    if kind == "string":
        return f"text of 1 to {node['maxLength']} characters" if "maxLength" in node else "text"
    if kind == "boolean":
        return "true or false"
    return " ".join(filter(None, ("a whole number" if kind == "integer" else "a number", _range(node))))


def _range(node: Node) -> str:
    if "minimum" in node and "maximum" in node:
        return f"from {node['minimum']:g} to {node['maximum']:g}"
    if "exclusiveMinimum" in node and "maximum" in node:
        return f"above {node['exclusiveMinimum']:g}, up to {node['maximum']:g}"
    return f"of at least {node['minimum']:g}" if "minimum" in node else ""


def _hides(node: Node) -> bool:
    """Tell whether a secret belongs here."""
    return bool(node.get("writeOnly")) or any(_hides(child) for child in (*node.get("anyOf", []), *filter(None, [node.get("items")])))


def _but(document: Document, where: Where, schema: Node) -> str:
    """Return `, not VALUE` as the value is written; nothing where none is written, or where a section or a list should stand."""
    reached, node = _walk(schema, where)
    value = document.value_at(where)
    if value is None or reached != where or any(choice.get("type") == "object" for choice in _choices(node)):
        return ""
    if _hides(node):
        return f", not {HIDDEN}"
    if where in document.written:
        return f", not {plain(masked(document.written[where]))}"
    if isinstance(value, bool):
        return f", not {str(value).lower()}"
    if isinstance(value, int | float):
        return f", not {value:g}" if isinstance(value, float) else f", not {value}"
    if isinstance(value, str):
        return f", not '{plain(masked(value))}'"
    return f", not {'a list' if isinstance(value, list) else 'keys with values'}"


def _hint(node: Node, value: object) -> str:
    """Add the likely way out: quotes, or the word that was meant."""
    choices = _choices(node)
    free_text = any(choice.get("type") == "string" and not choice.keys() & {"enum", "const", "description"} for choice in choices)
    if free_text and isinstance(value, bool | int | float):
        return ": put it in quotes"
    options = [option for choice in choices for option in choice.get("enum", [])]
    return _suggestion(str(value), options, "") if options else ""


def _suggestion(word: str, known: list[str], otherwise: str) -> str:
    close = difflib.get_close_matches(word[:100].lower(), known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; {otherwise} {', '.join(known)}" if otherwise else ""
