"""What an Ansible vault holds: whole files, and single values behind `!vault`, formats 1.1 and 1.2.

The format is the one that Ansible's documentation gives: PBKDF2-HMAC-SHA256 with 10,000 rounds makes two
keys and a counter; HMAC-SHA256 over the text, AES-256 in counter mode. The password is where Ansible's own
tools look for it: the file that ANSIBLE_VAULT_PASSWORD_FILE names (a program there is not run). Nothing of
Ansible is imported: it takes a second and its licence is another.
"""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from netdiag.errors import SecretMissing

_HEADER = re.compile(r"^\$ANSIBLE_VAULT;1\.[12];AES256(?:;[^\s;]+)?\s*\n")


def entry(place: str, key: str, base: Path | None, environ: Mapping[str, str]) -> str:
    """The text of one key (dots go deeper) of a vaulted file, or of a plain one with vaulted values."""
    path = Path(place).expanduser()
    path = base / path if base is not None else path
    told = f"ansible-vault:{path}#{key}"
    password = _password(told, environ)
    value: Any = _loaded(path, password)
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if hasattr(value, "value") and getattr(value, "tag", None) is not None:
        value = value.value  # a scalar behind a tag, as ruamel gives it
    if isinstance(value, str) and value.lstrip().startswith("$ANSIBLE_VAULT"):
        value = _opened(value.lstrip(), password, told)
    if not isinstance(value, str) or not value:
        raise SecretMissing(f"{told}: no text stands there")
    return value


def _password(told: str, environ: Mapping[str, str]) -> str:
    file = environ.get("ANSIBLE_VAULT_PASSWORD_FILE")
    if not file:
        raise SecretMissing(
            f"{told}: ANSIBLE_VAULT_PASSWORD_FILE is not set: the file with the vault's password"
        )
    try:
        return Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise SecretMissing(f"{told}: the vault's password file cannot be read: {reason}") from None


@lru_cache(maxsize=64)
def _loaded(path: Path, password: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8 text"
        raise SecretMissing(f"ansible-vault:{path}: cannot be read: {reason}") from None
    if text.startswith("$ANSIBLE_VAULT"):
        text = _opened(text, password, f"ansible-vault:{path}")
    try:
        return YAML(typ="rt").load(StringIO(text))
    except YAMLError:
        raise SecretMissing(f"ansible-vault:{path}: what it holds is no YAML") from None


def _opened(text: str, password: str, told: str) -> str:
    header = _HEADER.match(text)
    if header is None:
        raise SecretMissing(f"{told}: no vault of format 1.1 or 1.2 with AES256")
    try:
        outer = binascii.unhexlify("".join(text[header.end() :].split()))
        salt, seal, sealed = (binascii.unhexlify(part) for part in outer.split(b"\n", 2))
    except ValueError:
        raise SecretMissing(f"{told}: the vault is damaged") from None
    plain = _decrypted(salt, seal, sealed, password)
    if plain is None:
        raise SecretMissing(f"{told}: the vault does not open with this password")
    return plain.decode("utf-8", errors="replace")


def _decrypted(salt: bytes, seal: bytes, sealed: bytes, password: str) -> bytes | None:
    import hashlib

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 10_000, 80)
    if not hmac.compare_digest(hmac.digest(made[32:64], sealed, "sha256"), seal):
        return None
    machine = Cipher(algorithms.AES(made[:32]), modes.CTR(made[64:])).decryptor()
    padded = machine.update(sealed) + machine.finalize()
    # PKCS 7: the last octet counts the padding.
    return padded[: -padded[-1]] if padded else b""
