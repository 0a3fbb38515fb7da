"""What is wrong with a cable or the two ports at its ends, seen by the port that hears: `Port.impair`.

Each is called with a frame and says whether it arrives whole; what a real port counts of those that
do not is counted here.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netdiag.lab.switch import SwitchPort

_HEADER = 14
"""An Ethernet header: what a frame is longer than its payload, untagged."""
_TAG = 4


class Lossy:
    """A bad plug or fibre: a share of the frames arrives with a wrong check sum."""

    def __init__(
        self, port: SwitchPort, rng: Random, share: float, *, counted: bool = True
    ) -> None:
        self._port, self._rng, self._share, self._counted = port, rng, share, counted

    def __call__(self, _frame: bytes) -> bool:
        if self._rng.random() >= self._share:
            return True
        if self._counted:
            self._port.in_errors += 1
            self._port.fcs_errors += 1
        return False


def deaf(_frame: bytes) -> bool:
    """The receiving half is dead: nothing arrives, nothing is counted, the link stays up."""
    return False


class TooSmall:
    """A port whose MTU is smaller than the frames that its neighbour sends."""

    def __init__(self, port: SwitchPort) -> None:
        self._port = port

    def __call__(self, frame: bytes) -> bool:
        if len(frame) <= self._port.mtu + _HEADER + _TAG:
            return True
        self._port.in_errors += 1
        self._port.too_long += 1
        return False


class HalfDuplex:
    """The half-duplex end of a link whose other end is full duplex.

    What comes in while it sends collides: its own frame is broken off, late, and arrives at the far
    end as a fragment.
    """

    def __init__(self, port: SwitchPort, rng: Random) -> None:
        self._port, self._rng = port, rng

    def __call__(self, _frame: bytes) -> bool:
        port = self._port
        if port.busy_until <= port.engine.now:
            return True
        port.late_collisions += 1
        port.out_errors += 1
        far = port.peer
        if far is not None:
            far.in_errors += 1
            far.fcs_errors += 1
        return self._rng.random() < 0.5
