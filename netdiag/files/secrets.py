"""Secrets by reference: `env:NAME`, `file:PATH`, `keyring:NAME`, `vault:PATH#KEY` (HashiCorp Vault),
`ansible-vault:FILE#KEY`; anything else is the secret itself.

Rules: a secret lives only inside `access.Secret`; no message here names more than the reference,
and a plain value is never named at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from netdiag.access import Secret
from netdiag.errors import SecretMissing
from netdiag.files import ansible_vault

_SERVICE = "netdiag"
_KINDS = ("env:", "file:", "keyring:", "vault:", "ansible-vault:")


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
    place, _, key = name.rpartition("#")
    if not place or not key:
        raise SecretMissing(f"'{reference}' names no entry: write {kind}:PATH#KEY")
    if kind == "ansible-vault":
        return Secret(ansible_vault.entry(place, key, base, os.environ))
    return _from_vault(place, key)


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


def _from_vault(path: str, key: str) -> Secret:
    """HashiCorp Vault's KV version 2: the path begins with the mount, `secret/switches/acc#password`."""
    values = _vault_entry(path)
    if isinstance(values, str):
        raise SecretMissing(f"vault:{path}#{key}: {values}")
    if not isinstance(values.get(key), str) or not values[key]:
        raise SecretMissing(f"vault:{path}#{key}: the entry has no text under {key!r}")
    return Secret(values[key])


@lru_cache(maxsize=256)
def _vault_entry(path: str) -> Mapping[str, Any] | str:
    """All values of one entry, or why there are none: asked once a run, however many devices share it."""
    try:
        import hvac
        import requests
    except ImportError:
        return "the hvac library is not installed: pip install 'netdiag[secrets]'"
    if not os.environ.get("VAULT_ADDR"):
        return "VAULT_ADDR is not set: the address of the Vault, as its own client has it"
    mount, _, rest = path.strip("/").partition("/")
    try:
        # Token, namespace and CA as Vault's own client has them: VAULT_TOKEN or ~/.vault-token, VAULT_CACERT.
        client = hvac.Client(timeout=10)
        answer = client.secrets.kv.v2.read_secret_version(
            path=rest, mount_point=mount, raise_on_deleted_version=True
        )
        values = answer["data"]["data"]
    except (hvac.exceptions.VaultError, requests.RequestException) as exc:
        # Without the library's words: they quote the request.
        return f"the Vault gives no such entry ({type(exc).__name__}): see VAULT_TOKEN and the path"
    except (KeyError, TypeError, ValueError):
        values = None
    return values if isinstance(values, Mapping) else "no entry of KV version 2 is there"
