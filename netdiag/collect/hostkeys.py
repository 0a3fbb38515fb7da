"""SSH host keys: who is on record, who is recorded, and what a changed key means.

Rules: a key that differs from the one on record is refused always and never read as "device down";
a host without a key on record is refused unless recording was asked for.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from netdiag.errors import CollectError, HostKeyChanged, HostKeyUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITING = threading.Lock()


class Key(Protocol):
    """What is used of paramiko's public keys."""

    @property
    def fingerprint(self) -> str: ...
    def get_name(self) -> str: ...
    def get_base64(self) -> str: ...


class Policy:
    """What to do about a host that has no key on record (paramiko's missing-host-key policy)."""

    def __init__(self, device: str, known_hosts: Path, *, accept_new: bool) -> None:
        self.device = device
        self.known_hosts = known_hosts
        self.accept_new = accept_new
        self.refusal: CollectError | None = None

    def missing_host_key(self, _client: object, host: str, key: Key) -> None:
        """Records the key, or refuses; `refusal` keeps why, which netmiko would wrap beyond recognition."""
        if self.accept_new:
            self._record(host, key)
            return
        self.refusal = HostKeyUnknown(
            f"{self.device} ({host}) has no SSH host key on record in {self.known_hosts}; it shows "
            f"{_shown(key)}: compare that with the device's own, then record it with "
            f"`ssh-keyscan` or set accept_new for this device once"
        )
        raise self.refusal

    def _record(self, host: str, key: Key) -> None:
        line = f"{host} {key.get_name()} {key.get_base64()}\n"
        try:
            with _WRITING:
                self.known_hosts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self.known_hosts.touch(mode=0o600)
                torn = self.known_hosts.read_bytes()[-1:] not in (b"", b"\n")
                with self.known_hosts.open("a", encoding="ascii") as file:
                    file.write("\n" + line if torn else line)
        except OSError as exc:
            self.refusal = CollectError(
                f"{self.device}: its new SSH host key cannot be recorded in {self.known_hosts}: "
                f"{exc.strerror or type(exc).__name__}"
            )
            raise self.refusal from exc


def changed(
    device: str, host: str, known_hosts: Path, error: BaseException
) -> HostKeyChanged | None:
    """The refusal where the library's error, or one behind it, says that the key is another one.

    `host`: as known_hosts spells it, `[address]:port` where the port is not 22.
    """
    for exc in _chain(error):
        expected = getattr(exc, "expected_key", None)
        shown = getattr(exc, "key", None)
        if expected is not None and shown is not None:
            return HostKeyChanged(
                f"{device} ({host}) shows another SSH host key than the one on record: it shows "
                f"{_shown(shown)}, on record in {known_hosts} is {_shown(expected)}. Somebody may be "
                f"in between, or the device was replaced: compare with the device itself, and only "
                f"then remove the old line with `ssh-keygen -R '{host}' -f {known_hosts}`"
            )
    return None


def _shown(key: Key) -> str:
    return f"{key.get_name()} {key.fingerprint}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
