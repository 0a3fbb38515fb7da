"""What this system's kernel can do for a real practice network: tried, not guessed.

`python -m netdiag.lab.kernel.probe` prints one JSON object; it goes into private namespaces for it.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable

from netdiag.errors import LabError
from netdiag.lab.kernel import cage
from netdiag.lab.kernel.netlink import (
    RTM_NEWLINK,
    RTM_NEWQDISC,
    Netlink,
    attribute,
    nested,
    text,
    u32,
)

_LINK = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
_CREATE = 0x600


def look() -> dict[str, str]:
    """What there is and what takes its place, in words for people; the first word is yes or no."""
    done = subprocess.run(
        [sys.executable, "-m", __name__], capture_output=True, text=True, check=False, timeout=30
    )
    try:
        found: dict[str, str] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip().splitlines()
        return {"real": f"no: {said[-1] if said else 'the probe failed'}"}
    return found


def _inside() -> dict[str, str]:
    from netdiag.lab.kernel.namespaces import Namespaces, route_socket

    spaces = Namespaces()
    spaces.add("probe", {})
    route = spaces.within("probe", lambda: Netlink(route_socket()))
    here = spaces.descriptor("probe")
    cable = _tried(lambda: spaces.netlink.add_veth((here, "one", _mac(1)), (here, "two", _mac(2))))
    index = route.index_of("one") if not cable else 0
    filtering = nested(2, attribute(7, b"\1"))
    bridge = _tried(lambda: route.add_bridge("br1", _mac(3), stp=False, priority=32768))
    tree = _tried(lambda: route.add_bridge("br2", _mac(4), stp=True, priority=32768))
    tags = _tried(lambda: _create(route, "br3", "bridge", filtering))
    tagged = _tried(
        lambda: _create(route, "one.5", "vlan", nested(2, attribute(1, b"\5\0")), u32(5, index))
    )
    limit = _tried(lambda: route.limit_rate(index, 1_000_000))
    bpdu = _tried(lambda: route.drop_bpdus(index))
    delay = _tried(lambda: _qdisc(route, index, "netem"))
    missing = [why for why in (cable, bridge, limit) if why]
    return {
        "real": f"no: {missing[0]}" if missing else "yes",
        "VLANs": _vlans(tags, tagged),
        "spanning tree": "the kernel's own, 802.1D" if not tree else f"none: {tree}",
        "BPDU filter": "redirect to the loopback" if not bpdu else f"none: {bpdu}",
        "storms": "bounded by tbf" if not limit else f"none: {limit}",
        "delay and loss": "netem, not used" if not delay else f"not possible: netem: {delay}",
    }


def _vlans(tags: str, tagged: str) -> str:
    kernel = ", ".join(
        f"{name} {'there' if not why else 'missing'}"
        for name, why in (("bridge vlan_filtering", tags), ("8021q", tagged))
    )
    return f"one bridge a VLAN, a veth for each VLAN of a trunk, no tags on it ({kernel})"


def _mac(last: int) -> bytes:
    return bytes((2, 0, 0, 0, 0, last))


def _create(route: Netlink, name: str, kind: str, *more: bytes) -> None:
    data, *rest = more
    body = text(3, name) + nested(18, text(1, kind), data) + b"".join(rest)
    route.ask(RTM_NEWLINK, _LINK + body, _CREATE)


def _qdisc(route: Netlink, index: int, kind: str) -> None:
    options = attribute(2, struct.pack("=IIIIII", 0, 1000, 0, 0, 0, 0))
    head = struct.pack("=BxxxiIII", 0, index, 0x20000, 0xFFFFFFFF, 0)
    route.ask(RTM_NEWQDISC, head + text(1, kind) + options, 0x500)


def _tried(do: Callable[[], object]) -> str:
    """Empty, or why it does not work."""
    try:
        do()
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""


def programs() -> dict[str, str]:
    """Company that is used where it is installed."""
    from netdiag.lab.kernel.furniture import dnsmasq

    return {
        "DHCP servers": dnsmasq() or "the lab's own (optional: apt install dnsmasq-base)",
        "DHCP clients": "the lab's own, on raw sockets; addresses go to the kernel",
        "lab exec": shutil.which("nsenter") or "not possible: apt install util-linux",
    }


if __name__ == "__main__":
    try:
        cage.enter()
        answer = _inside()
    except (LabError, OSError) as failure:
        answer = {"real": f"no: {failure}"}
    print(json.dumps(answer))  # noqa: T201 - for the parent
