"""What hypothesis makes for more than one room: awkward text, JSON of any shape, and damage."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

quick = settings(deadline=None, max_examples=100)  # a slow box is no failure

AWKWARD = (
    *("", " ", "a/b", "+", "#", "$SYS", "a\0b", "a\nb", "a\r\nb", "\x1b[2J", "\x85", "\u2028", "\ufeff", "\udcff", "a\ud800b"),
    *("\u202etac", "חתול", "قطة", "猫", "e\u0301", "🐈\u200d⬛", "%s{}", '"', "\\", "x" * 70_000, "é" * 35_000),
)
"""Labels and names that break something somewhere: topics, lines, terminals, UTF-8, limits."""

TEXTS = st.sampled_from(AWKWARD) | st.text(st.characters(exclude_categories=()), max_size=50)
"""Any text, with lone surrogates and control characters."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([10**400, -(10**18)]) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
"""Any value that `json.dumps` writes, NaN and whole numbers of 400 digits included."""


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Give `whole` cut off, overwritten, with something put in or left out, or something of all of it."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 40)))
        data[begin:end] = draw(st.sampled_from([b"", b"\0", b"\xff", b"\xff\xd9", b"\n", b"\xff\xff\xff\xff"]) | st.binary(max_size=20))
    return bytes(data[: draw(st.just(len(data)) | st.integers(0, len(data)))])
