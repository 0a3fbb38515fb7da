"""The network operations centre of the practice network: its syslog file, and where events are sent.

Only what was delivered arrives here: a switch that is cut off logs into its own buffer alone.
"""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from datetime import datetime
from pathlib import Path

from netdiag.lab.dataplane import PortView, SwitchEvent
from netdiag.lab.show_switch import log_line
from netdiag.lab.traps import traps

_LOCAL7 = 23
Address = tuple[str, int]


class Noc:
    """Writes the syslog file as rsyslog does, and sends syslog and trap datagrams where asked."""

    def __init__(
        self, file: Path, *, syslog_to: Address | None = None, traps_to: Address | None = None
    ) -> None:
        self._file = file.open("a", encoding="utf-8")
        self._syslog_to, self._traps_to = syslog_to, traps_to
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._numbers: Counter[str] = Counter()

    def hear(self, event: SwitchEvent, at: datetime, port: PortView | None, uptime: float) -> None:
        """Takes in one delivered event; `at` is its time of day (UTC), `port` the one it is about."""
        self._numbers[event.switch] += 1
        message = f"{self._numbers[event.switch]}: {log_line(event, at)}"
        # RFC 3164 times are the server's own local time.
        local = at.astimezone()
        self._file.write(f"{local:%b} {local.day:>2} {local:%H:%M:%S} {event.switch} {message}\n")
        self._file.flush()
        if self._syslog_to is not None:
            priority = _LOCAL7 * 8 + int(event.facility.split("-")[-2])
            # `logging origin-id hostname`: all switches of the practice network have one address
            named = message.replace(": ", f": {event.switch}: ", 1)
            self._send(f"<{priority}>{named}".encode(), self._syslog_to)
        if self._traps_to is not None:
            for datagram in traps(event, port, uptime, "public"):
                self._send(datagram, self._traps_to)

    def close(self) -> None:
        """Nothing more will be heard."""
        self._file.close()
        self._socket.close()

    def _send(self, datagram: bytes, to: Address) -> None:
        with contextlib.suppress(OSError):  # UDP: nobody is told that nobody listens
            self._socket.sendto(datagram, to)
