"""A sweep as monitoring systems read it: a plugin's one line, and Prometheus' text format.

Sources: the Monitoring Plugins' development guidelines (status, perfdata), Prometheus' exposition
formats (text). Names from the network are cleaned, and `|` never stands in a plugin's text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from netdiag.errors import UsageError
from netdiag.model import Kind, Severity
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.sweep import Judgement

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_ROGUE = (Kind.ROGUE_DHCP_SERVER, Kind.ROGUE_DHCP6_SERVER, Kind.ROGUE_ROUTER_ADVERTISEMENT)


def icinga(seen: Judgement, took_s: float) -> tuple[str, int]:
    """(the line, the status): critical is a major finding, unknown what could not be looked at."""
    capture = seen.capture
    if capture.errors or capture.dropped:
        why = capture.errors[0].message if capture.errors else f"{capture.dropped} frames dropped"
        status, said = UNKNOWN, f"could not look everywhere: {why}"
    elif seen.findings:
        worst = {f.severity for f in seen.findings} & {Severity.CRITICAL, Severity.MAJOR}
        status, said = (CRITICAL if worst else WARNING), seen.findings[0].summary
        more = len(seen.findings) - 1
        said += f" (and {more} more)" if more else ""
    else:
        status = OK
        said = (
            f"{len(capture.dhcp_servers)} DHCP servers, {len(capture.dhcp6_servers)} DHCPv6 servers, "
            f"{len(capture.routers)} routers in {len(capture.probed_vlans)} VLANs"
        )
    return f"{_line(status, said)} | {_perfdata(seen, took_s)}", status


def unknown(why: str) -> str:
    """The line of a sweep that did not take place."""
    return _line(UNKNOWN, why)


def _line(status: int, said: str) -> str:
    return f"DHCP {_WORDS[status]} - {clean(said, 300).replace('|', '/')}"


def _perfdata(seen: Judgement, took_s: float) -> str:
    values = {
        "rogues": f"{_rogues(seen)};;0;0",
        "dhcp_servers": f"{len(seen.capture.dhcp_servers)};;;0",
        "dhcp6_servers": f"{len(seen.capture.dhcp6_servers)};;;0",
        "routers": f"{len(seen.capture.routers)};;;0",
        "unanswered_vlans": f"{len(seen.capture.unanswered_vlans)};;;0",
        "probes": f"{seen.capture.probes_sent};;;0",
        "took": f"{took_s:.2f}s;;;0",
    }
    return " ".join(f"{name}={value}" for name, value in values.items())


def _rogues(seen: Judgement) -> int:
    found = (f for f in seen.findings if f.kind in _ROGUE)
    return len({f.resource.mac or f.id for f in found})


def write_prometheus(path: Path, seen: Judgement, took_s: float, at: datetime) -> None:
    """In one stroke, so that a scrape never meets half a file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(prometheus(seen, took_s, at), encoding="utf-8")
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as exc:
        with suppress(OSError):
            beside.unlink()
        raise UsageError(f"{path}: cannot be written: {exc.strerror or exc}") from exc


def prometheus(seen: Judgement, took_s: float, at: datetime) -> str:
    """Every metric with its help, in the text format 0.0.4."""
    return "".join(f"{line}\n" for line in _metrics(seen, took_s, at))


def _metrics(seen: Judgement, took_s: float, at: datetime) -> Iterator[str]:
    capture, source = seen.capture, seen.capture.source
    whole = int(not capture.errors and not capture.dropped)
    for name, meaning, value in (
        ("sweep_complete", "1 where the sweep could look everywhere.", whole),
        ("sweep_timestamp_seconds", "When the sweep ended.", f"{at.timestamp():.3f}"),
        ("sweep_duration_seconds", "How long it took.", f"{took_s:.3f}"),
        ("sweep_probes", "Frames that it sent.", capture.probes_sent),
        ("sweep_findings", "Findings of the sweep.", len(seen.findings)),
        ("rogue_servers", "Servers and routers that may not answer.", _rogues(seen)),
    ):
        yield from _head(name, meaning)
        yield f"netdiag_{name}{_labels(interface=source)} {value}"
    yield from _head("dhcp_vlan_answered", "1 where a DHCP server answered in that VLAN.")
    silent = set(capture.unanswered_vlans)
    for vlan in capture.probed_vlans:
        number = "untagged" if vlan is None else str(vlan)
        yield f"netdiag_dhcp_vlan_answered{_labels(interface=source, vlan=number)} {int(vlan not in silent)}"
    yield from _head("server", "1 for each server that answered; authorized is yes, no or unknown.")
    word = {True: "yes", False: "no", None: "unknown"}
    rows = (
        [("dhcp", s.mac, s.server_id or s.ip, f"DhcpServer:{s.mac}") for s in capture.dhcp_servers]
        + [("dhcp6", s.mac, s.ip, f"Dhcp6Server:{s.mac}") for s in capture.dhcp6_servers]
        + [("ra", r.mac, r.ip, f"RouterAdvertiser:{r.mac}") for r in capture.routers]
    )
    for kind, mac, ip, key in dict.fromkeys(rows):
        verdict = word[seen.authorized.get(key)]
        labels = _labels(interface=source, kind=kind, mac=mac, ip=ip or "", authorized=verdict)
        yield f"netdiag_server{labels} 1"


def _head(name: str, meaning: str) -> tuple[str, str]:
    return f"# HELP netdiag_{name} {meaning}", f"# TYPE netdiag_{name} gauge"


def _labels(**labels: str) -> str:
    def escaped(value: str) -> str:
        return clean(value, 100).replace("\\", r"\\").replace('"', r"\"").replace("\n", " ")

    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + "}"


def ranges(numbers: Sequence[int]) -> str:
    """`10,20-22`: hundreds of VLANs in one line."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
