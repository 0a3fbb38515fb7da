"""Secrets by reference: `env:NAME`, `file:PATH`, `keyring:NAME`; anything else is the secret itself.

Rules: a secret lives only inside `access.Secret`; no message here names more than the reference,
and a plain value is never named at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from netdiag.access import Secret
from netdiag.errors import SecretMissing

_SERVICE = "netdiag"
_KINDS = ("env:", "file:", "keyring:", "vault:")


def is_reference(reference: str) -> bool:
    """Whether the text says where a secret is, rather than being one."""
    return reference.startswith(_KINDS)


def resolve(
    reference: str, *, base: Path | None = None, environ: Mapping[str, str] | None = None
) -> Secret:
    """The secret behind a reference; a relative `file:` is sought from `base`. `SecretMissing` if absent."""
    kind, _, name = reference.partition(":")
    if not is_reference(reference):
        return Secret(reference)
    if not name:
        raise SecretMissing(f"'{reference}' names nothing: write {kind}:NAME")
    if kind == "env":
        return _from_environment(name, os.environ if environ is None else environ)
    if kind == "file":
        return _from_file(Path(name).expanduser(), base)
    if kind == "keyring":
        return _from_keyring(name)
    raise SecretMissing(
        f"{reference}: secrets from a vault cannot be read yet: use env:, file: or keyring:"
    )


def _from_environment(name: str, environ: Mapping[str, str]) -> Secret:
    text = environ.get(name)
    if not text:
        state = "is not set" if text is None else "is empty"
        raise SecretMissing(
            f"env:{name}: the environment variable {name} {state}: export it before calling netdiag"
        )
    return Secret(text)


def _from_file(path: Path, base: Path | None) -> Secret:
    if base is not None:
        path = base / path
    try:
        text = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise SecretMissing(f"file:{path}: cannot be read: {reason}") from None
    if not text:
        raise SecretMissing(f"file:{path}: the file is empty: put the secret on its first line")
    return Secret(text)


def _from_keyring(name: str) -> Secret:
    try:
        import keyring
        import keyring.errors
    except ImportError as exc:
        raise SecretMissing(
            f"keyring:{name}: the keyring library is not installed: pip install 'netdiag[secrets]'"
        ) from exc
    try:
        text = keyring.get_password(_SERVICE, name)
    except (keyring.errors.KeyringError, RuntimeError, OSError) as exc:
        raise SecretMissing(
            f"keyring:{name}: no keyring can be opened on this machine ({type(exc).__name__}): "
            "use env: or file: instead"
        ) from None
    if not text:
        raise SecretMissing(
            f"keyring:{name}: no such entry: store it with `keyring set {_SERVICE} {name}`"
        )
    return Secret(text)
