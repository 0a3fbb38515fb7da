"""The knowledge base as a folder of Markdown files: a team keeps it in git, any generator publishes it.

The folder is the team's. A file that a person edited is read back; one that nobody touched follows
the store; a file that is no article is named and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from netdiag import kb
from netdiag.errors import UsageError
from netdiag.kb.page import file_name

INDEX = "index.md"
_MOST_OCTETS = 1_000_000
"""A page that a person wrote is far shorter."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What one meeting of folder and store came to."""

    articles: tuple[kb.Article, ...]
    """All of them, as they are now."""
    read: tuple[kb.Article, ...]
    """Those that people edited or added: to be kept in the store."""
    written: tuple[Path, ...]
    refused: tuple[str, ...]
    """One sentence for each file that could not be read as an article."""


def sync(folder: Path, stored: Iterable[kb.Article]) -> Synced:
    """Makes folder and store agree; the caller keeps `read` in the store."""
    known = {a.id: a for a in stored}
    read, refused, spoilt = [], [], set()
    for path in sorted(_pages(folder)):
        try:
            text = _text(path)
            if kb.edited(text):
                article = kb.from_markdown(text)
                read.append(article)
                known[article.id] = article
        except UsageError as exc:
            refused.append(f"{path}: {exc}")
            spoilt.add(path.name)
    articles = tuple(sorted(known.values(), key=lambda a: (a.at, a.id)))
    written = [
        path
        for a in articles
        if (path := folder / file_name(a)).name not in spoilt and _write(path, kb.to_markdown(a))
    ]
    if _write(folder / INDEX, kb.index(articles)):
        written.append(folder / INDEX)
    return Synced(articles, tuple(read), tuple(written), tuple(refused))


def _pages(folder: Path) -> Iterable[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [p for p in folder.glob("*.md") if p.name not in (INDEX, "README.md")]
    except OSError as exc:
        raise UsageError(f"{folder}: {exc.strerror or exc}") from exc


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            octets = file.read(_MOST_OCTETS + 1)
        if len(octets) > _MOST_OCTETS:
            raise UsageError(f"longer than {_MOST_OCTETS} octets")
        return octets.decode("utf-8").replace("\r\n", "\n")
    except OSError as exc:
        raise UsageError(exc.strerror or str(exc)) from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"not UTF-8 at octet {exc.start}") from exc


def _write(path: Path, text: str) -> bool:
    octets = text.encode("utf-8", "replace")
    try:
        if path.is_file() and path.read_bytes() == octets:
            return False
        path.write_bytes(octets)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be written: {exc.strerror or exc}") from exc
    return True
