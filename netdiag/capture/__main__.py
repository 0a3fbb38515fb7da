"""`python -m netdiag.capture read FILE | listen SOURCE | probe SOURCE | arp SOURCE | vendor MACS`; for netdiag only."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from netdiag.capture import fast, lines, live, session
from netdiag.capture.probe import FRAMES_PER_S
from netdiag.errors import NetdiagError, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one session; the exit status is that of `netdiag.errors`, 0 when it ran to its end."""
    try:
        _run(_parser().parse_args(arguments))
        sys.stdout.flush()
    except NetdiagError as exc:
        lines.complain(exc)
        return exc.exit_status
    except BrokenPipeError:  # whoever started us is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="netdiag.capture", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    read = verbs.add_parser("read")
    read.add_argument("path")
    read.add_argument("--decapsulate", action="store_true", help="frames inside VXLAN, GRE, ERSPAN")
    listen = verbs.add_parser("listen")
    listen.add_argument("source")
    listen.add_argument("--seconds", type=float, required=True)
    listen.add_argument("--decapsulate", action="store_true")
    listen.add_argument("--write", help="evidence as pcapng")
    listen.add_argument("--room", type=int, default=16 * 1024 * 1024, help="its octets at most")
    listen.add_argument("--plain", action="store_true", help="without the compiled counting path")
    listen.add_argument("--marks", action="store_true", help="stdin says what evidence to keep")
    probe = verbs.add_parser("probe")
    probe.add_argument("source")
    probe.add_argument("--vlans", default="-", help="comma list; - is untagged")
    probe.add_argument("--what", default="dhcp,dhcp6,ra")
    probe.add_argument("--window", type=float, default=2.0)
    probe.add_argument("--also", default="", help="other interfaces, for loop probes")
    probe.add_argument("--rate", type=float, default=FRAMES_PER_S, help="frames a second")
    verbs.add_parser("compile", help="the counting path, once, for every capture after it")
    verbs.add_parser("vendor").add_argument("macs", help="comma list")
    arp = verbs.add_parser("arp")
    arp.add_argument("source")
    arp.add_argument("--targets", required=True, help="IP or IP@VLAN, comma list")
    arp.add_argument("--window", type=float, default=1.0)
    return parser


def _run(options: argparse.Namespace) -> None:
    if options.verb == "read":
        session.read(options.path, decapsulate=options.decapsulate)
    elif options.verb == "listen":
        how = live.Listening(
            options.decapsulate, options.write, options.room, options.marks, options.plain
        )
        live.listen(options.source, options.seconds, how)
    elif options.verb == "compile":
        fast.rehearse()
    elif options.verb == "vendor":
        from netdiag.capture.vendor import vendor

        sys.stdout.write(json.dumps({mac: vendor(mac) for mac in options.macs.split(",")}))
    elif options.verb == "probe":
        vlans = [_vlan(text) for text in options.vlans.split(",")]
        live.probe(
            options.source,
            vlans,
            _what(options.what),
            options.window,
            frames_per_s=options.rate,
            also=[name for name in options.also.split(",") if name],
        )
    else:
        targets = [_target(text) for text in options.targets.split(",")]
        live.arp_probe(options.source, targets, options.window)


def _vlan(text: str) -> int | None:
    if text == "-":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 4094:
        raise UsageError(f"{text} is no VLAN (1 to 4094)")
    return int(text)


def _what(text: str) -> list[str]:
    names = text.split(",")
    unknown = sorted(set(names) - {"dhcp", "dhcp-refusal", "inform", "dhcp6", "ra", "loop"})
    if unknown:
        raise UsageError(
            f"cannot probe for {', '.join(unknown)}; only for dhcp, inform, dhcp6, ra, loop"
        )
    return names


def _target(text: str) -> tuple[str, int | None]:
    from ipaddress import AddressValueError, IPv4Address

    ip, _, vlan = text.partition("@")
    try:
        return str(IPv4Address(ip)), _vlan(vlan or "-")
    except AddressValueError as exc:
        raise UsageError(f"{ip} is no IPv4 address") from exc


if __name__ == "__main__":
    sys.exit(main())
