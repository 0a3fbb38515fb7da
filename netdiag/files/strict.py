"""YAML that is read strictly: YAML 1.2, bounded in size, every complaint with file, line and key.

Rules: no value of a key that may hold a secret is ever quoted in a message, and no library's own
text that quotes the file is passed on (hence `from None` where such a text would follow).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from netdiag.errors import FileFormatError
from netdiag.text import clean

if TYPE_CHECKING:
    from pydantic import ValidationError

M = TypeVar("M")
Locate = Callable[[Sequence[str | int]], "int | None"]
"""The line (from 1) of a key path, the nearest parent's where the key itself is absent."""

_MAX_OCTETS = 32 * 1024 * 1024
# Aliases share their anchor's value: a few lines can stand for millions of nodes once walked.
_MAX_NODES = 2_000_000
_SECRET = re.compile(r"pass|secret|communit|key$|token", re.IGNORECASE)
# Errors whose input is a whole section, or may be a secret under a misspelt key.
_UNQUOTED = frozenset({"extra_forbidden", "missing", "model_type", "dict_type", "list_type"})


def read_yaml(path: Path, *, hidden: Sequence[str] = ()) -> tuple[Any, Locate]:
    """The plain data of a YAML file, and how to find a key's line; `FileFormatError` otherwise.

    `hidden`: tags whose values nobody here may see (Ansible's `!vault`); they read as nothing.
    """
    text = _read(path)
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import SafeConstructor
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    class Constructor(SafeConstructor):
        """Each reader's own: constructors are kept in the class."""

    for tag in hidden:
        Constructor.add_constructor(tag, lambda *_: None)
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = Constructor
    try:
        loaded = yaml.load(text)
    except MarkedYAMLError as exc:
        # Its text quotes the offending lines, a password among them.
        mark = exc.problem_mark or exc.context_mark
        line = None if mark is None else mark.line + 1
        problem = re.sub(r' with value .*| \(original.*|["\'].*["\']', "", exc.problem or "")
        message = f"not valid YAML: {clean(problem.strip()) or 'it does not parse'}"
        if "duplicate key" in message:
            message = "a key stands twice in the same section: keep one of them"
        raise FileFormatError(message, file=str(path), line=line) from None
    except (YAMLError, ValueError, RecursionError, ArithmeticError) as exc:
        reason = f"not valid YAML ({type(exc).__name__})"
        raise FileFormatError(reason, file=str(path)) from None
    _refuse_bombs(loaded, path)
    return loaded, lambda keys: _line(text, keys)


def validate(model: type[M], path: Path) -> M:
    """The file as that type (anything that pydantic validates), or `FileFormatError`."""
    loaded, locate = read_yaml(path)
    return check(model, loaded, file=str(path), locate=locate)


def check(
    model: type[M],
    loaded: object,
    *,
    file: str,
    locate: Locate,
    prefix: Sequence[str | int] = (),
) -> M:
    """`loaded` as that type; the first complaint is the message, the number of others follows."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(model).validate_python(loaded)
    except ValidationError as exc:
        error = _first_error(exc, model, file, locate, prefix)
    raise error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_OCTETS:
            raise FileFormatError("larger than 32 MiB: not read", file=str(path))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        message = f"not UTF-8 text (octet {exc.start}): save it as UTF-8"
        raise FileFormatError(message, file=str(path)) from None
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise FileFormatError(f"cannot be read: {reason}", file=str(path)) from exc


def _refuse_bombs(loaded: object, path: Path) -> None:
    """Counts nodes as a walk would see them, each shared value once for every alias."""
    sizes: dict[int, int] = {}

    def size(node: object) -> int:
        if not isinstance(node, dict | list | set):
            return 1
        known = sizes.get(id(node))
        if known is None:
            sizes[id(node)] = _MAX_NODES  # a value inside itself is endless
            parts = [*node, *node.values()] if isinstance(node, dict) else list(node)
            known = sizes[id(node)] = min(_MAX_NODES, 1 + sum(size(p) for p in parts))
        return known

    try:
        too_large = size(loaded) >= _MAX_NODES
    except RecursionError:
        too_large = True
    if too_large:
        raise FileFormatError("its aliases or nesting grow beyond bounds", file=str(path))


def _line(text: str, keys: Sequence[str | int]) -> int | None:
    """Composes the file again, for errors only: positions cost more than values."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, RecursionError):
        return None
    line = None if node is None else node.start_mark.line + 1
    for key in keys:
        if isinstance(node, MappingNode):
            pair = next((p for p in node.value if p[0].value == str(key)), None)
        elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
            pair = (node.value[key], node.value[key])
        else:
            pair = None
        if pair is None:
            break
        line, node = pair[0].start_mark.line + 1, pair[1]
    return cast("int | None", line)


def _first_error(
    exc: ValidationError,
    model: type[object],
    file: str,
    locate: Locate,
    prefix: Sequence[str | int],
) -> FileFormatError:
    errors = exc.errors(include_url=False, include_context=True)
    first = errors[0]
    loc = [part for part in first["loc"] if part != "[key]"]
    message = _message(first, loc, model)
    if len(errors) > 1:
        message += f" (and {len(errors) - 1} more)"
    keys = [*prefix, *loc]
    key = ".".join(clean(str(part)) for part in keys) or None
    return FileFormatError(message, file=file, line=locate(keys), key=key)


def _message(error: Mapping[str, Any], loc: Sequence[str | int], model: type[object]) -> str:
    kind = str(error["type"])
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(loc[-1]), sorted(set(_field_names(model))), 1)
        return "unknown key" + (f": did you mean '{near[0]}'?" if near else "")
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "should")
    value = error.get("input")
    whole = isinstance(value, dict | list)  # a section may hold a secret
    if kind == "union_tag_invalid":
        tags = str(error.get("ctx", {}).get("expected_tags", ""))
        return f"should have kind: {tags.replace(chr(39), '')}"
    if kind not in _UNQUOTED and not whole and not any(_SECRET.search(str(part)) for part in loc):
        return f"{message}, not {clean(repr(value), 60)}"
    return message


def _field_names(model: object, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """The names of every field of a model and of what its fields hold."""
    if id(model) in seen:
        return
    seen |= {id(model)}
    for name, field in getattr(model, "model_fields", {}).items():
        yield name
        yield from _field_names(field.annotation, seen)
    for argument in getattr(model, "__args__", ()):
        yield from _field_names(argument, seen)
