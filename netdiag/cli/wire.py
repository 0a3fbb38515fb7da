"""`pcap` and `sweep`: what the wire says, from a file or asked; and what `sniff` shares with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from netdiag import contract
from netdiag.cli import common, learning, monitor
from netdiag.cli.common import as_json, db_option, inventory_option, options
from netdiag.errors import NetdiagError, UsageError
from netdiag.model import AuthorizedDhcpServer, Capture

if TYPE_CHECKING:
    from netdiag.sweep import Judgement

_authorized = click.option(
    "--authorized",
    multiple=True,
    metavar="IP[/MAC]",
    help="A DHCP server that may answer. Default: the inventory's.",
)
rates_option = click.option(
    "--rates", is_flag=True, help="Frames per second, VLAN and kind, with --json."
)
decapsulate_option = click.option(
    "--decapsulate",
    is_flag=True,
    help="Count the frames inside VXLAN, GRE and ERSPAN instead of their carriers.",
)
MAX_LOSS = 0.1
"""Per cent of the frames that may be dropped before the answer is "could not look everywhere"."""
analysis_options = options(_authorized, inventory_option, as_json)


@click.command(short_help="Analyse capture files.")
@click.argument("file", nargs=-1, required=True)
@rates_option
@decapsulate_option
@analysis_options
def pcap(
    file: tuple[str, ...],
    rates: bool,
    decapsulate: bool,
    authorized: tuple[str, ...],
    inventory_dir: Path | None,
    json_: bool,
) -> None:
    """DHCP servers, routers, storms, address conflicts and spanning-tree roots in each FILE (`-`: a pipe)."""
    from netdiag.collect import wire

    statuses = []
    failure: NetdiagError | None = None
    for name in file:
        try:
            capture = wire.read(name, rates=rates, decapsulate=decapsulate)
        except NetdiagError as exc:
            # One unreadable file does not cost the answers of the others.
            if len(file) == 1:
                raise
            failure = exc
            common.say(str(exc), style="red", err=True)
            continue
        statuses.append(answer(capture, authorized, inventory_dir, json_=json_, rates=rates))
    sys.exit(failure.exit_status if failure else max(statuses))


@click.command(short_help="Actively look for DHCP servers and routers; the cron job.")
@click.argument("interface", metavar="IFACE")
@click.option(
    "--vlans", default="", metavar="10,20-40", help="Tagged VLANs to probe; none = untagged."
)
@click.option("--window", default=3.0, show_default=True, help="Seconds to wait for answers.")
@click.option(
    "--rate",
    default=250.0,
    show_default=True,
    type=click.FloatRange(1, 10_000),
    help="Frames a second to send at most.",
)
@click.option(
    "--gone-after",
    default=3,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Sweeps in a row without a rogue that resolve its ticket.",
)
@click.option(
    "--plugin",
    type=click.Choice(["icinga"]),
    help="One line and perfdata for Icinga, Nagios and their kin; status 0, 1, 2, 3.",
)
@click.option(
    "--prometheus",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write metrics for node_exporter's textfile collector.",
)
@click.option(
    "--loop-probe",
    is_flag=True,
    help="Also send a frame into each VLAN that must not come back: it does where a loop is.",
)
@click.option(
    "--also",
    multiple=True,
    metavar="IFACE",
    help="Another interface of this machine at which to count loop probes.",
)
@click.option(
    "--inform",
    is_flag=True,
    help="Ask the untagged VLAN by INFORM from this machine's address: no server sets an address "
    "aside, but not every server answers. Enough to see that the company's does.",
)
@click.option(
    "--learn",
    is_flag=True,
    help="Propose the authorized servers and routers, ask, and write what is confirmed.",
)
@_authorized
@inventory_option
@db_option
@as_json
def sweep(
    interface: str,
    vlans: str,
    window: float,
    rate: float,
    gone_after: int,
    plugin: str | None,
    prometheus: Path | None,
    loop_probe: bool,
    also: tuple[str, ...],
    inform: bool,
    learn: bool,
    authorized: tuple[str, ...],
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Ask every DHCPv4, DHCPv6 and RA server in reach to show itself. No address is ever taken."""
    if plugin and (json_ or learn):
        raise UsageError("--plugin prints its one line alone: not with --json or --learn")
    if also and not loop_probe:
        raise UsageError("--also says where loop probes are counted: it needs --loop-probe")

    def run(tell: Callable[[str], None]) -> tuple[Judgement, float]:
        from netdiag import sweep as flow

        started = datetime.now(UTC)
        with common.open_store(db) as store:
            seen = flow.sweep(
                interface,
                store,
                vlans=_vlans(vlans),
                window_s=window,
                site=site(authorized, inventory_dir),
                frames_per_s=rate,
                gone_after=gone_after,
                loop_probe=loop_probe,
                inform=inform,
                also=also,
                tell=tell,
            )
        return seen, (datetime.now(UTC) - started).total_seconds()

    if plugin:
        _as_plugin(run, prometheus)
    wanted = _vlans(vlans)
    seen, took = run(common.progress)
    if prometheus is not None:
        monitor.write_prometheus(prometheus, seen, took, datetime.now(UTC))
    if json_:
        answer = contract.sweep(
            seen.capture, seen.findings, seen.authorized, vlans=wanted, took_s=took
        )
        common.emit(
            answer
            | {
                "tickets": list(seen.tickets),
                "new_tickets": list(seen.new_tickets),
                "resolved": list(seen.resolved),
            }
        )
    else:
        _print_sweep(seen)
    print_errors(seen.capture)
    if learn:
        learning.learn(seen, inventory_dir)
    sys.exit(common.status(found=bool(seen.findings), missed=missed(seen.capture)))


def _as_plugin(
    run: Callable[[Callable[[str], None]], tuple[Judgement, float]], prometheus: Path | None
) -> NoReturn:
    """One line whatever happens, and nothing on stderr: Icinga shows both."""
    try:
        seen, took = run(lambda _: None)
        if prometheus is not None:
            monitor.write_prometheus(prometheus, seen, took, datetime.now(UTC))
        line, status = monitor.icinga(seen, took)
    except (NetdiagError, click.ClickException) as exc:
        said = exc.format_message() if isinstance(exc, click.ClickException) else str(exc)
        line, status = monitor.unknown(said), 3
    click.echo(line)
    sys.exit(status)


def _print_sweep(seen: Judgement) -> None:
    print_servers(seen.capture, seen.authorized)
    common.print_findings(seen.findings)
    silent = [v for v in seen.capture.unanswered_vlans if v is not None]
    if silent:
        common.say(f"no DHCP server answered in VLAN {monitor.ranges(silent)}")
    probes = seen.capture.loop_probes
    if probes and not any(p.returned for p in probes):
        common.say(f"no loop: no frame came back in {len(probes)} VLAN(s)")
    for ticket in seen.tickets:
        again = "" if ticket in seen.new_tickets else " (seen again)"
        common.say(f"ticket {ticket}{again}")
    for ticket in seen.resolved:
        common.say(f"ticket {ticket} resolved: its rogue answers no more")


def missed(capture: Capture, max_loss: float = MAX_LOSS) -> bool:
    """Something could not be looked at: an error, a cut file, more than `max_loss` % dropped."""
    whole = capture.packets + (capture.dropped or 0)
    lost = 100 * (capture.dropped or 0) > max_loss * whole
    return bool(capture.errors) or capture.truncated or lost


def site(authorized: tuple[str, ...], inventory_dir: Path | None):  # type: ignore[no-untyped-def]
    """The legitimate servers: of the options, else of the inventory where there is one."""
    from netdiag.model import Site

    if authorized:
        return Site(dhcp_servers=tuple(_server(text) for text in authorized))
    try:
        return common.load_inventory(inventory_dir).site
    except UsageError:
        if inventory_dir is not None:
            raise
        return Site()


def _server(text: str) -> AuthorizedDhcpServer:
    from ipaddress import ip_address

    ip, _, mac = text.partition("/")
    try:
        ip_address(ip)
    except ValueError as exc:
        raise click.BadParameter(
            f"{text!r}: {ip!r} is no IP address", param_hint="--authorized"
        ) from exc
    return AuthorizedDhcpServer(ip=ip, mac=_mac(mac) if mac else None)


def _mac(text: str) -> str:
    digits = "".join(c for c in text.lower() if c in "0123456789abcdef")
    if len(digits) != 12:
        raise click.BadParameter(f"{text!r} is no MAC address", param_hint="--authorized")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _vlans(text: str) -> tuple[int | None, ...]:
    """`10,20-40` as numbers; nothing means the untagged segment alone."""
    wanted: list[int | None] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        low, _, high = part.partition("-")
        if not low.isdigit() or (high and not high.isdigit()):
            raise click.BadParameter(f"{part!r} is no VLAN or range", param_hint="--vlans")
        first, last = int(low), int(high or low)
        if not 1 <= first <= last <= 4094:
            raise click.BadParameter(
                f"{part!r}: VLANs are 1 to 4094, ranges go upwards", param_hint="--vlans"
            )
        wanted += range(first, last + 1)
    return tuple(wanted) or (None,)


def answer(
    capture: Capture,
    authorized: tuple[str, ...],
    inventory_dir: Path | None,
    *,
    json_: bool,
    rates: bool,
) -> int:
    from netdiag import sweep as flow

    seen = flow.judge(capture, site(authorized, inventory_dir))
    if json_:
        common.emit(contract.capture(capture, seen.findings, seen.authorized, rates=rates))
    else:
        print_seen(seen)
        common.print_findings(seen.findings)
        if not seen.findings:
            common.say("nothing wrong in what was seen")
    print_errors(capture)
    return common.status(found=bool(seen.findings), missed=missed(capture))


def print_seen(seen: Judgement) -> None:
    """The sums, what bounds them, and who serves."""
    capture = seen.capture
    dropped = "" if capture.dropped is None else f", {capture.dropped} dropped by the kernel"
    common.say(
        f"{capture.source}: {capture.packets} packets, {capture.octets} octets{dropped}",
        style="bold",
    )
    if capture.truncated:
        common.say("the file ends in mid-packet: what came before it was read", style="yellow")
    for bound in capture.bounds:
        common.say(f"bounded: {bound}", style="yellow")
    print_servers(capture, seen.authorized)


def print_servers(capture: Capture, authorized: Mapping[str, bool | None]) -> None:
    word = {True: "yes", False: "NO", None: "not said"}
    if capture.dhcp_servers:
        common.table(
            None,
            ("Server", "MAC", "Allowed", "Gateway", "DNS", "VLANs", "Answers", "Vendor"),
            (
                (
                    s.server_id or s.ip,
                    s.mac,
                    word[authorized.get(f"DhcpServer:{s.mac}")],
                    ",".join(s.routers),
                    ",".join(s.dns),
                    ",".join(map(str, s.vlans)),
                    s.offers + s.acks + s.naks,
                    s.vendor,
                )
                for s in capture.dhcp_servers
            ),
        )
    if capture.routers:
        common.table(
            None,
            ("IPv6 router", "MAC", "Allowed", "VLANs", "Prefixes", "Lifetime"),
            (
                (
                    r.ip,
                    r.mac,
                    word[authorized.get(f"RouterAdvertiser:{r.mac}")],
                    ",".join(map(str, r.vlans)),
                    ",".join(r.prefixes),
                    r.lifetime_s,
                )
                for r in capture.routers
            ),
        )
    if capture.dhcp6_servers:
        common.table(
            None,
            ("DHCPv6 server", "MAC", "Allowed", "DUID", "Answers"),
            (
                (
                    s.ip,
                    s.mac,
                    word[authorized.get(f"Dhcp6Server:{s.mac}")],
                    s.duid,
                    s.advertises + s.replies,
                )
                for s in capture.dhcp6_servers
            ),
        )


def print_errors(capture: Capture) -> None:
    for e in capture.errors:
        common.say(f"could not look: {e.what}: {e.message}", style="yellow", err=True)
