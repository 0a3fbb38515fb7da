"""A report's HTML as PDF, by WeasyPrint, an optional part; nothing is ever fetched while it renders."""

from __future__ import annotations

import re
from typing import NoReturn

from netdiag.errors import UsageError


def render(html: str) -> bytes:
    """The pages of one self-contained HTML text; `UsageError` where the optional part is missing."""
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as exc:
        raise UsageError(
            f"PDF needs an optional part ({exc}): pip install 'netdiag[pdf]' and Debian's libpango-1.0-0;"
            " or print the HTML report"
        ) from exc
    pages = HTML(string=with_styles(html), url_fetcher=_refuse).write_pdf()
    assert isinstance(pages, bytes)
    return pages


def with_styles(html: str) -> str:
    """The sheet's rules for drawings inside each drawing, variables in their places.

    WeasyPrint draws an SVG without the page's style sheet, all black. Of a variable set more than
    once the last counts, which is the one for print.
    """
    head, style, rest = html.partition("<style>")
    sheet, end, body = rest.partition("</style>")
    values = dict(re.findall(r"(--[a-z-]+):\s*([^;}]+)[;}]", sheet))
    sheet = re.sub(r"var\((--[a-z-]+)\)", lambda m: values.get(m[1], m[0]), sheet)
    drawn = "".join(re.findall(r"^svg(?:\.[a-z]+)? ([a-z.][^{]*\{[^}]*\})", sheet, re.MULTILINE))
    # Without `paint-order` a label's halo covers its letters.
    drawn = re.sub(r" paint-order:[^}]*", "", drawn)
    body = re.sub(r"(<svg [^>]*>)", lambda m: f"{m[1]}<style>{drawn}</style>", body)
    return head + style + sheet + end + body


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"a report refers to nothing outside itself: {url}")
