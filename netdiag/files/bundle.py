"""A folder or a ZIP file of a hand-over: whole or not there at all, its owner's alone."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import mkdtemp

from netdiag.errors import UsageError

LARGEST = 200 * 1024 * 1024
"""Octets of one attached file; a larger one is named and left where it is."""
_WORDS = frozenset(
    {".txt", ".log", ".json", ".jsonl", ".cfg", ".conf", ".csv", ".md", ".xml", ".yaml", ".yml"}
)
_MOST_TEXT = 16 * 1024 * 1024


def attachments(paths: Iterable[str]) -> tuple[dict[str, Path], list[tuple[str, str]]]:
    """(name in the bundle to its file, (name, what it is) of each, those that are missing too)."""
    found: dict[str, Path] = {}
    told: list[tuple[str, str]] = []
    for number, said in enumerate(paths, 1):
        path = Path(said)
        safe = re.sub(r"[^\w.-]", "_", path.name)[-80:].lstrip(".") or "file"
        name = f"evidence/files/{number:02d}-{safe}"
        try:
            size = path.stat().st_size if path.is_file() else -1
        except (OSError, ValueError):
            size = -1
        if size < 0:
            told.append((name, f"not here: {said} is no file any more"))
        elif size > LARGEST:
            told.append((name, f"not here: {said} has {size >> 20} MiB"))
        else:
            found[name] = path
            told.append((name, f"as it was attached ({size} octets)"))
    return found, told


def write(
    target: Path,
    texts: Mapping[str, str],
    attached: Mapping[str, Path],
    scrub: Callable[[str], str],
) -> None:
    """`target` ends in .zip: a ZIP file, else a new folder. Attached texts are scrubbed, captures not."""
    if target.exists():
        raise UsageError(f"{target} is already there, and is not overwritten")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(mkdtemp(prefix=".handover-", dir=target.parent))
        try:
            _fill(folder, texts, attached, scrub)
            if target.suffix == ".zip":
                _zip(folder, target)
            else:
                folder.rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except (OSError, ValueError) as exc:
        raise UsageError(
            f"{target}: cannot be written: {getattr(exc, 'strerror', None) or exc}"
        ) from exc


def _fill(
    folder: Path,
    texts: Mapping[str, str],
    attached: Mapping[str, Path],
    scrub: Callable[[str], str],
) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    for name, source in attached.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix.lower() in _WORDS and source.stat().st_size <= _MOST_TEXT:
            octets = source.read_bytes().decode("utf-8", "replace")
            path.write_text(scrub(octets), encoding="utf-8")
        else:
            shutil.copyfile(source, path)


def _zip(folder: Path, target: Path) -> None:
    part = folder.with_suffix(".part")
    try:
        with (
            os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                archive.write(path, path.relative_to(folder).as_posix())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
