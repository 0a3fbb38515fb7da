"""The one error tree; every library's own error is translated into it at the edge.

NetdiagError                      exit status 2 unless a line below says otherwise
├── UsageError (ValueError)       the call is wrong: an unknown target, an unreadable option
├── FileFormatError (ValueError)  a file does not parse; carries file, line and key
├── DecodeError (ValueError)      bytes or text from the network that are not what they claim
├── CollectError (OSError)        could not look: exit status 3
│   ├── Unreachable               the device does not answer
│   ├── AccessDenied              it answers and refuses the credential
│   ├── HostKeyChanged            its SSH host key is not the one on record
│   ├── HostKeyUnknown            it has no host key on record yet
│   ├── CaptureDenied             no permission to open a raw socket
│   └── Rejected                  another system answers and does not take what it was sent
├── SecretMissing (LookupError)   a secret reference that leads nowhere: exit status 3
├── StoreError (OSError)          the database cannot be read or written: exit status 3
├── Refused (PermissionError)     a change that would make things worse, or lacks approval: exit status 1
├── Locked (BlockingIOError)      another netdiag holds the lock: exit status 75
└── LabError (RuntimeError)       the practice network did not do what was asked: exit status 1
"""


class NetdiagError(Exception):
    """Any failure that netdiag explains in one sentence to the person who called it."""

    exit_status = 2


class UsageError(NetdiagError, ValueError):
    """The call is wrong; nothing was done."""


class FileFormatError(NetdiagError, ValueError):
    """A file that does not parse, or says something it may not say."""

    def __init__(
        self, message: str, *, file: str, line: int | None = None, key: str | None = None
    ) -> None:
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {key}: {message}" if key else f"{where}: {message}")
        self.file = file
        self.line = line
        self.key = key


class DecodeError(NetdiagError, ValueError):
    """Bytes or text from the network that are not what they claim to be."""


class CollectError(NetdiagError, OSError):
    """Could not look. Never to be read as "nothing wrong"."""

    exit_status = 3


class Unreachable(CollectError):
    """The device does not answer."""


class AccessDenied(CollectError):
    """The device answers and refuses the credential."""


class HostKeyChanged(CollectError):
    """The SSH host key differs from the one on record: never "device down"."""


class HostKeyUnknown(CollectError):
    """No SSH host key on record, and accepting new ones was not asked for."""


class CaptureDenied(CollectError):
    """No permission to open a raw socket on the interface."""


class Rejected(CollectError):
    """Another ticket system answers, and will not take what it was sent."""


class SecretMissing(NetdiagError, LookupError):
    """A secret reference (env:, file:, keyring:) that leads nowhere."""

    exit_status = 3


class StoreError(NetdiagError, OSError):
    """The database cannot be read or written."""

    exit_status = 3


class Refused(NetdiagError, PermissionError):
    """A change that is unapproved, or would make things worse."""

    exit_status = 1


class Locked(NetdiagError, BlockingIOError):
    """Another netdiag holds the lock; try again later."""

    exit_status = 75


class LabError(NetdiagError, RuntimeError):
    """The practice network did not do what was asked of it."""

    exit_status = 1
