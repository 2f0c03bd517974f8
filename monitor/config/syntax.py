"""What PyYAML says about a file that is not YAML, in words for whoever wrote the file.

Nothing of the file is repeated: the place of a mistake is often a password that should have been in quotes.
"""

from __future__ import annotations

import yaml

_WORDS = (
    ("'\\t'", "a tab; YAML is indented with spaces only"),
    ("that cannot start any token", "a value cannot begin with @ ` or %: put it in quotes"),
    ("mapping values are not allowed", "a second `:` where YAML expects none: put the value in quotes, or check the indentation"),
    ("could not find expected ':'", "a key without its colon (write `key: value`, with a space after the colon)"),
    ("end of stream", "a quote that is opened{since} and never closed"),
    ("<stream end>", "a bracket that is opened{since} and never closed"),
    ("but got '{'", "inside { } or [ ] a `${NAME}` must be in quotes"),
    ("expected ',' or", "a comma or a closing bracket is missing in the brackets opened{since}"),
    ("expected <block end>", "this line does not fit the block that begins{since}: check the indentation, the colons and the quotes"),
    ("escape", "a backslash has a meaning of its own in double quotes: use single quotes"),
    ("tag", "a value cannot begin with ! (only `!file PATH` is known): put it in quotes"),
    ("special characters", "a control character; only text, spaces and line ends may stand here"),
    ("sequence entries", "a list begins on the line of its key: put each `- ` on a line of its own"),
    ("expected the node content", "a value is missing before a bracket or comma"),
)


def explain_syntax(error: Exception, text: str) -> tuple[str, int | None]:
    """Return what is wrong in plain words, and the line (1-based) where YAML stumbled."""
    if isinstance(error, yaml.reader.ReaderError):
        return _sentence(error.reason, ""), text.count("\n", 0, error.position) + 1
    if not isinstance(error, yaml.MarkedYAMLError):
        return _sentence("escape", ""), None
    # What was opened, or lacks its colon, is found where it begins; anything else where YAML stumbles.
    beginning = "end of stream" in f"{error.problem}" or "stream end" in f"{error.problem}" or "could not find" in f"{error.problem}"
    mark = error.context_mark if beginning and error.context_mark else error.problem_mark
    since = f" in line {error.context_mark.line + 1}" if error.context_mark else " above"
    return _sentence(f"{error.problem}", since), mark.line + 1 if mark else None


def _sentence(problem: str, since: str) -> str:
    words = next((words for needle, words in _WORDS if needle in problem), "this line cannot be read")
    return "is not YAML: " + words.replace("{since}", since)
