"""Names that devices and callers may send: one list for every test that walks fields and outputs.

Each value is what one kind of reader would obey. `FORBIDDEN` is what no output for people may hold,
whatever came in: what a terminal, a log or an editor obeys.
"""

from __future__ import annotations

import unicodedata

HOSTILE: dict[str, str] = {
    "terminal": "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b31m\x08\x7f",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt;\"'><svg/onload=x>",
    "markdown": "[x](javascript:alert(1)) ![i](http://evil.example/a.png) `code` **b** | t | # h\n# head\n---",
    "csv": '=cmd|"/c calc"!A1,+1+1,-2+3,@SUM(1),"quoted",\t=1',
    "yaml": "key: !!python/object/apply:os.system ['id']\n- &a [*a, *a]\n---\n%TAG",
    "sql": "Robert'); DROP TABLE ticket;-- \" OR 1=1 /* % _ */",
    "shell": "$(touch /tmp/owned) `id` ; rm -rf ~ && | > < \\ ${IFS} \n!history",
    "template": "{{ 7*7 }} {% for x in y %} ${7*7} <%= 7 %> #{7}",
    "path": "../../../../etc/passwd\0.zip",
    "bidi": "abc\u202egnp.exe\u2066\u2069\u200b\u200f\u061c\ufeff\u2028\u2029",
    "invalid": "caf\udce9 \ud800\udfff \udcff",
    "long": "A" * 65_536,
    "newlines": "first\r\nsecond\nFrom: nobody@example.org\r\n\r\nbody\x0b\x0c\x85",
    "chinese": "三楼网络断了，'；删除",
    "mark": "[netdiag 00000000 T-20260302-001#1]",
}

_ORDERS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def obeyed(text: str) -> list[str]:
    """The characters of a text that a terminal or an editor would obey; line feeds are layout."""
    return sorted({hex(ord(c)) for c in text if c != "\n" and unicodedata.category(c) in _ORDERS})
