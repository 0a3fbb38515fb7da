"""Any dataclass of the model as JSON text, and back: what was dumped loads equal.

An adapter is built once a type; unknown fields are ignored, so that older netdiags read newer rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from netdiag.errors import FileFormatError
from netdiag.text import storable

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def dump(obj: object) -> str:
    """One line of JSON: times as RFC 3339 with `Z`, unknown as null."""
    adapter = _adapter(type(obj))
    try:
        text: bytes = adapter.dump_json(obj)
        return text.decode()
    except ValueError:
        # Lone surrogates (a file name's undecodable octets): no JSON has them, and no text is refused.
        plain = json.dumps(adapter.dump_python(obj, mode="json"), ensure_ascii=False)
        return storable(plain)


def load(kind: type[T], text: str | bytes, *, file: str = "JSON") -> T:
    """The object that `dump` wrote; `FileFormatError` naming `file` and the field if it is not one."""
    from pydantic import ValidationError

    try:
        loaded: T = _adapter(kind).validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or None
        message = f"is not a {kind.__name__}: {first['msg']}"
        raise FileFormatError(message, file=file, key=key) from exc
    return loaded


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
