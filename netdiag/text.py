"""Text from the network made safe to show: what a terminal would obey is replaced, never obeyed."""

from __future__ import annotations

import re
import unicodedata

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Cc controls (escape, bell, C1), Cf formats (right-to-left override, zero-width), Cs surrogates,
# Co private use, Cn not assigned, Zl and Zp line separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Everything that Markdown, GitHub's extensions and template languages give a meaning inside a line.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!$@^])")
_SCHEME = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)
_LINE_START = re.compile(r"^(\s*)(\d+)([.)])(?=\s|$)|^(\s*)([-+=:])")


def clean(text: str, limit: int = 200) -> str:
    """One line of at most `limit` characters that no terminal, log or table can misread."""
    safe = "".join(_safe(c) for c in text[: limit + 1])
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


def _safe(c: str) -> str:
    kind = unicodedata.category(c)
    if kind == "Zs" or c in "\t\n\r":
        return " "
    return _REPLACEMENT if kind in _UNSAFE else c


def escape_markdown(line: str) -> str:
    """One line (already clean) as Markdown text that shows exactly its letters."""
    escaped = _SCHEME.sub(lambda m: "\\" + m[0], _SPECIAL.sub(r"\\\1", line))
    return _LINE_START.sub(_escape_start, escaped)


def unescape_markdown(text: str) -> str:
    """Markdown's backslashes taken away again, for a place that reads no Markdown."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


def _escape_start(match: re.Match[str]) -> str:
    if match[2] is not None:
        return f"{match[1]}{match[2]}\\{match[3]}"
    return f"{match[4]}\\{match[5]}"


def storable(text: str) -> str:
    """The same text without lone surrogates (undecodable octets of a command line): no UTF-8 has them."""
    return text.encode("utf-8", "replace").decode()


def inert_json(source: str) -> str:
    """JSON text whose every character that a terminal would obey is escaped; it means the same."""
    return "".join(
        _escaped(c) if c != "\n" and unicodedata.category(c) in _UNSAFE else c for c in source
    )


def _escaped(c: str) -> str:
    octets = c.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{octets[i : i + 4]}" for i in range(0, len(octets), 4))


def csv_cell(text: str) -> str:
    """A cell that no spreadsheet calculates: a formula's first character is led by an apostrophe (OWASP)."""
    safe = clean(text)
    return f"'{safe}" if safe.lstrip()[:1] in ("=", "+", "-", "@") else safe


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
    return text if _is_chinese(text) else octets.decode("latin-1")


def _is_chinese(text: str) -> bool:
    """Whether GBK was a good guess: any two octets of Latin-1 are a character of it too, but a rare one."""
    wide = [c for c in text if ord(c) > 0x7F]
    common = [c for c in wide if c.encode("gb2312", "ignore")]
    chinese = all("\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\uffef" for c in wide)
    return bool(wide) and chinese and 2 * len(common) >= len(wide)
