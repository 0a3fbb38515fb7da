"""Where a caller is, in one spelling: `3F`, `third floor`, `3/F`, `3楼` and `三层` are one floor."""

from __future__ import annotations

import re
import unicodedata

_WORDS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_CARDINALS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_NUMBER = {word: n for n, word in enumerate(_WORDS, 1)}
_NUMBER |= {word: n for n, word in enumerate(_CARDINALS, 1)}
_DIGITS = {digit: n for n, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_FLOOR = r"(?:floor|flr|fl|f|level|lvl|etage|stock|og|楼|樓|层|層|階|층)"
_N = r"(?P<n>\d{1,3}|[a-z]+|[零一二两三四五六七八九十]{1,3})"
# "3F", "3rd floor", "third floor", "3楼", "三层", "2. OG"
_AFTER = re.compile(rf"(?:第)?{_N}(?:st|nd|rd|th|\.|-)?\s*{_FLOOR}", re.IGNORECASE)
# "floor 3", "level three", "L3"
_BEFORE = re.compile(rf"(?:floor|flr|fl|level|lvl|etage|l)\.?\s*{_N}", re.IGNORECASE)
# "B2", "basement 2", "地下二层", "负一楼", "B1F"
_BELOW = re.compile(
    rf"(?:b|basement\s*|ug\s*|地下|负|-){_N}?\s*(?:f|floor|楼|樓|层|層)?", re.IGNORECASE
)
_GROUND = {"g", "gf", "ground", "ground floor", "eg", "erdgeschoss", "0", "0f", "rdc"}
_BASEMENT = {"basement", "cellar", "keller", "ug", "地下室"}
_FIRST = {"底楼", "首层", "首樓"}
_DESK = re.compile(r"(?P<floor>\d{1,2}F|B\d)[-_. ]\S", re.IGNORECASE)


def floor(text: str) -> str | None:
    """`3F`, `GF` or `B1` for what names a floor; `None` for anything else."""
    said = unicodedata.normalize("NFKC", text).strip().casefold()
    if said in _GROUND:
        return "GF"
    if said in _BASEMENT:
        return "B1"
    if said in _FIRST:
        return "1F"
    for pattern, shape in ((_AFTER, "{}F"), (_BEFORE, "{}F"), (_BELOW, "B{}")):
        match = pattern.fullmatch(said)
        number = _number(match["n"]) if match and match["n"] else None
        if number:
            return shape.format(number)
    return None


def _number(word: str) -> int | None:
    if word.isdecimal():
        return int(word)
    if word in _NUMBER:
        return _NUMBER[word]
    tens, ten, ones = word.partition("十")
    if not all(c in _DIGITS for c in tens + ones) or len(tens) > 1 or len(ones) > 1:
        return None
    if not ten:
        return _DIGITS[tens] if tens else None
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def place(text: str | None) -> tuple[str | None, str | None, str | None]:
    """`SITE/FLOOR/DESK` -> its three parts, the floor in its one spelling; what is missing is `None`.

    A part that stands in the wrong place is understood where it can only be a floor: `3楼` alone,
    `3F/3F-107`. Commas separate as slashes do where there is no slash.
    """
    # Hong Kong's "3/F" is one word.
    said = re.sub(r"(?<!\w)(\d{1,2})\s*/\s*F\b", r"\1F", text or "", flags=re.IGNORECASE)
    if "/" not in said:
        said = re.sub(r"[,，、;；]", "/", said)
    if "/" not in said:
        said = re.sub(r"^(.*\S)\s+(\S+|\S+\s+\S+)$", _split_floor, said.strip())
    parts = [part.strip() or None for part in said.split("/", 2)]
    if parts[0] and floor(parts[0]) and not (len(parts) > 1 and parts[1] and floor(parts[1])):
        parts = [None, parts[0], "/".join(p for p in parts[1:] if p) or None]
    site, level, desk = [*parts, None, None, None][:3]
    if level:
        level = floor(level) or (
            f"{int(level)}F" if level.isdecimal() and len(level) < 4 else level
        )
    elif desk and (match := _DESK.match(desk)):
        level = match["floor"].upper()
    return site, level, desk


def _split_floor(match: re.Match[str]) -> str:
    whole = match[0]
    return whole if floor(whole) or not floor(match[2]) else f"{match[1]}/{match[2]}"


def area(text: str) -> tuple[str | None, str | None]:
    """`site/floor[/room]` in lower case, for comparison; a floor alone has no site."""
    site, level, _ = place(text)
    return (site.casefold() if site else None), (level.casefold() if level else None)


def same(one: str, other: str) -> bool:
    """Whether two areas can be one place: `HQ` holds `HQ/3F`, and `third floor` may be on it."""
    (site, level), (site2, level2) = area(one), area(other)
    if (site and site2 and site != site2) or (level and level2 and level != level2):
        return False
    return bool((site and site == site2) or (level and level == level2))
