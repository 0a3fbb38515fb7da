"""Text from the network made safe to show: what a terminal would obey is replaced, never obeyed."""

from __future__ import annotations

import unicodedata

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Cc controls (escape, bell, C1), Cf formats (right-to-left override, zero-width), Cs surrogates,
# Co private use, Zl and Zp line separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def clean(text: str, limit: int = 200) -> str:
    """One line of at most `limit` characters that no terminal, log or table can misread."""
    safe = "".join(
        c if unicodedata.category(c) not in _UNSAFE else (" " if c in "\t\n\r" else _REPLACEMENT)
        for c in text[: limit + 1]
    )
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def decode_octets(octets: bytes) -> str:
    """An OctetString as text: UTF-8, else GBK where it is clearly Chinese, else Latin-1."""
    octets = octets.rstrip(b"\0")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = octets.decode("gbk")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
    wide = [c for c in text if ord(c) > 0x7F]
    if wide and all("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\uffef" for c in wide):
        return text
    return octets.decode("latin-1")
