"""What the capture process writes: one JSON object a line on stdout, errors on stderr.

| type | fields |
|---|---|
| second | `t` (second, UTC epoch), `rates` [[vlan, unicast, broadcast, multicast, octets]…], `floods` {cast: {frames, octets, repeats, arp, arp_targets, dhcp, vlans, sources [[mac, frames, repeats]…], repeating, talking}}, `looked` where the sums are scaled from so many frames |
| arp, dhcp, dhcp6, ra, rs, ns, stp, lldp, cdp, loopback, loop-probe, ssdp, mdns | `id`, `t`, `vlans` (whole stack), `src`, `session`, then what the message says |
| again | `id` of an earlier line, `count` of exact copies, `t` of the last |
| vendor | `mac`, `vendor` |
| probe | `t`, `what`, `vlan`, `xid`, `target`: a frame that this process sent |
| total | `packets`, `octets`, `first`, `last`, `malformed`, `skipped`, `kinds`, `undecoded` {link type: frames}, `truncated`, `dropped`, `damage`, `bounds` [text…]: what was not looked at one by one |
| state | once a second on a live wire: `t`, and so far `packets`, `octets`, `dropped`, `looked` (at one by one) |
| trouble | `what`, `message`: looking ended early, or in part |

On stderr one object {"error": class of `netdiag.errors`, "message", "file"}, exit status that of the
error. Times are seconds since 1970 UTC, `null` where unknown.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

from netdiag.errors import FileFormatError, NetdiagError


def emit(line: dict[str, Any], stream: TextIO | None = None) -> None:
    """Writes one line."""
    (stream or sys.stdout).write(json.dumps(line, separators=(",", ":")) + "\n")


def complain(error: NetdiagError) -> None:
    """Writes an error for the process that started this one."""
    file = error.file if isinstance(error, FileFormatError) else None
    said = str(error)
    if file is not None:
        said = said.removeprefix(f"{file}: ")
    emit({"error": type(error).__name__, "message": said, "file": file}, sys.stderr)
