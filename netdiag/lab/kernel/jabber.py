"""A card gone mad as a program of its own: `python -m netdiag.lab.kernel.jabber MAC PPS SAME`.

It keeps its rate whatever the lab's own process is busy with, and ends with it.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

from netdiag.lab.frames import mac_bytes
from netdiag.lab.hosts import name_query

_DEBT_S = 0.5
_SLICE_S = 0.005
_LONGEST_S = 3600.0


def jabber(mac: bytes, pps: float, *, same: bool) -> None:
    """Sends out of eth0 until the interface is gone, or an hour is over."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    begun = due = time.monotonic()
    number = 0
    while (now := time.monotonic()) - begun < _LONGEST_S:
        due = max(due, now - _DEBT_S)
        while due <= now:
            number = 1 if same else number % 0xFFFF + 1
            with contextlib.suppress(BlockingIOError):  # the card's queue is full: it is lost
                sock.sendto(name_query(mac, number), ("eth0", 0))
            due += 1 / pps
        time.sleep(_SLICE_S)


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # the cable is out
        jabber(mac_bytes(sys.argv[1]), float(sys.argv[2]), same=sys.argv[3] == "same")
