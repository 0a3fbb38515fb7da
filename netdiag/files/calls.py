"""A call as one JSON object, strictly checked: `netdiag ticket open --from -`."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from netdiag.errors import FileFormatError
from netdiag.files import strict

_MOST_OCTETS = 1024 * 1024
_Text = Annotated[str, Field(max_length=100_000)]


class CallKeys(BaseModel):
    """What may stand in it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reporter: _Text | None = None
    department: _Text | None = None
    place: _Text | None = None
    symptom: _Text | None = None
    error: _Text | None = None
    since: _Text | None = None
    affected: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    tried: _Text | None = None
    answers: dict[str, str] = {}


def read(octets: bytes, *, file: str) -> dict[str, Any]:
    """The fields of a call; `FileFormatError` names the key and the value that is wrong."""
    if len(octets) > _MOST_OCTETS:
        raise FileFormatError("larger than 1 MiB: not read", file=file)
    try:
        loaded = json.loads(octets.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise FileFormatError(f"not UTF-8 text (octet {exc.start})", file=file) from None
    except json.JSONDecodeError as exc:
        raise FileFormatError(f"not JSON: {exc.msg}", file=file, line=exc.lineno) from None
    except (ValueError, RecursionError) as exc:
        raise FileFormatError(f"not JSON ({type(exc).__name__})", file=file) from None
    if not isinstance(loaded, dict):
        raise FileFormatError("should be one JSON object", file=file)
    call = strict.check(CallKeys, loaded, file=file, locate=lambda _: None)
    return call.model_dump()
