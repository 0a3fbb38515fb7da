"""A report's HTML as PDF, by WeasyPrint, an optional part; nothing is ever fetched while it renders."""

from __future__ import annotations

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
    pages = HTML(string=html, url_fetcher=_refuse).write_pdf()
    assert isinstance(pages, bytes)
    return pages


def _refuse(url: str, *_: object, **__: object) -> NoReturn:
    raise ValueError(f"a report refers to nothing outside itself: {url}")
