"""A diagnosis' whole input as a folder of JSON, so that the verdict can be had again, anywhere and later.

`network.json` is all that was seen (devices, snapshots, captures, log, history, baselines);
`context.json` what was asked and which ways into devices there are; `diagnosis.json` the verdict of
then. Only the first must exist: a folder of `fixtures/incidents/` is a recording too. No secrets
are in it, for the model holds none; addresses and names are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from netdiag.errors import FileFormatError, UsageError
from netdiag.files import codec
from netdiag.model import Diagnosis, Network, SourceError

NETWORK, CONTEXT, DIAGNOSIS = "network.json", "context.json", "diagnosis.json"
_MOST_OCTETS = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Context:
    """What a diagnosis was asked, and what its network does not tell."""

    area: str | None = None
    symptom: str | None = None
    missed: tuple[SourceError, ...] = ()
    """Log files that could not be read."""
    other_ways: tuple[tuple[str, bool], ...] = ()
    """(device, whether the inventory has a second management path into it)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded incident."""

    network: Network
    context: Context = Context()
    diagnosis: Diagnosis | None = None
    """The verdict of then; `None`: only the input was kept."""


def save(folder: Path, recording: Recording) -> None:
    """Writes the folder; `UsageError` names what cannot be written."""
    texts = {NETWORK: recording.network, CONTEXT: recording.context}
    if recording.diagnosis is not None:
        # The ticket's number belongs to a database, not to the incident.
        texts[DIAGNOSIS] = replace(recording.diagnosis, ticket=None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in texts.items():
            (folder / name).write_text(codec.dump(value) + "\n", encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{folder}: cannot be written: {exc.strerror or exc}") from exc


def load(folder: Path) -> Recording:
    """The recording in that folder; `UsageError` where there is none, `FileFormatError` for a damaged one."""
    if not (folder / NETWORK).is_file():
        raise UsageError(
            f"{folder} is no recorded incident: it has no {NETWORK}"
            " (`netdiag diagnose --record FOLDER` writes one)"
        )
    context, diagnosis = folder / CONTEXT, folder / DIAGNOSIS
    return Recording(
        network=codec.load(Network, _read(folder / NETWORK), file=str(folder / NETWORK)),
        context=codec.load(Context, _read(context), file=str(context))
        if context.is_file()
        else Context(),
        diagnosis=codec.load(Diagnosis, _read(diagnosis), file=str(diagnosis))
        if diagnosis.is_file()
        else None,
    )


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _MOST_OCTETS:
            raise FileFormatError("larger than 512 MiB: not read", file=str(file))
        return file.read_bytes()
    except OSError as exc:
        raise FileFormatError(f"cannot be read: {exc.strerror or exc}", file=str(file)) from exc
