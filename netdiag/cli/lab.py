"""The practice network's commands: a thin skin over `lab.client`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netdiag.cli import common
from netdiag.cli.bench import bench
from netdiag.cli.train import reveal, train
from netdiag.errors import NetdiagError, UsageError

if TYPE_CHECKING:
    from netdiag.lab.client import Lab


@click.group()
def lab() -> None:
    """The practice network: a campus on this machine that speaks real SNMP, SSH and syslog.

    \b
    netdiag lab up                     then follow what it prints
    netdiag lab inject home-router     make trouble
    netdiag lab down
    """


lab.add_command(bench)
lab.add_command(train)
lab.add_command(reveal)


@lab.command()
@click.option(
    "--topology",
    metavar="NAME|FILE",
    help="A packaged network (a wrong name lists them) or a YAML file; default: campus.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="The same seed, the same campus."
)
@click.option(
    "--ttl",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Minutes until it ends itself.",
)
@click.option("--snmp-version", type=click.Choice(["2c", "3"]), default="2c", show_default=True)
@click.option("--out-of-band", is_flag=True, help="A second management path into each switch.")
@click.option(
    "--syslog-to", metavar="HOST:PORT", help="Send what reaches the NOC there too, by UDP."
)
@click.option("--traps-to", metavar="HOST:PORT", help="Send SNMP traps there.")
@click.option(
    "--real",
    is_flag=True,
    help="On the kernel's own bridges in private namespaces, instead of the simulator.",
)
@common.as_json
def up(
    topology: str | None,
    seed: int,
    ttl: float,
    snmp_version: str,
    out_of_band: bool,
    syslog_to: str | None,
    traps_to: str | None,
    real: bool,
    json_: bool,
) -> None:
    """Bring it up; it then runs in the background."""
    from netdiag.lab import client

    started = client.start(
        topology,
        seed,
        real=real,
        detached=True,
        ttl_s=ttl * 60,
        fixed_ports=True,
        out_of_band=out_of_band,
        snmp_version=snmp_version,
        syslog_to=_address("--syslog-to", syslog_to),
        traps_to=_address("--traps-to", traps_to),
    )
    status = started.status()
    if json_:
        common.emit(_shown(status))
    else:
        _print_up(started, status, ttl)


def _print_up(started: Lab, status: Mapping[str, Any], ttl: float) -> None:
    switches, folder = status["switches"], Path(status["inventory"])
    click.echo(
        f"The practice network is up: {len(switches)} switches, {status['hosts']} PCs"
        f" (process {status['pid']}, ends by itself in {ttl:g} min)."
    )
    _print_switches(switches)
    first = switches[0]
    click.echo(
        "SNMP      snmpbulkwalk -v2c -c public "
        f"127.0.0.1:{first['snmp_port']} 1.3.6.1.2.1.31.1.1.1.1"
    )
    click.echo(
        f"SSH       ssh -p {first['ssh_port']} -o UserKnownHostsFile={folder / 'known_hosts'}"
        " netops@127.0.0.1"
    )
    click.echo(f"          the password: cat {folder / 'secrets' / 'password'}")
    click.echo(f"syslog    {started.syslog_file}")
    click.echo(f"sensors   {', '.join(status['sensors'])}")
    click.echo("trouble   netdiag lab inject home-router")
    click.echo("stop      netdiag lab down")
    click.echo()
    click.echo(f"export NETDIAG_INVENTORY={folder}")


def _print_switches(switches: Sequence[Mapping[str, Any]]) -> None:
    columns = ["switch", "area", "address", "SNMP", "SSH", "reachable", "err-disabled"]
    out_of_band = any(s["out_of_band_port"] for s in switches)
    rows = []
    for s in switches:
        closed = ", ".join(f"{port} ({cause})" for port, cause in s["err_disabled"].items())
        row = [s["name"], s["area"], s["management_ip"], s["snmp_port"], s["ssh_port"]]
        row += ["yes" if s["reachable"] else "NO", closed or "-"]
        rows.append([*row, s["out_of_band_port"]] if out_of_band else row)
    common.table(None, [*columns, "out of band"] if out_of_band else columns, rows)


def _address(option: str, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"{option}: {text!r} is not HOST:PORT")
    return host, int(port)


def _shown(status: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema": "netdiag/lab/1", **status}


@lab.command()
def down() -> None:
    """End it. Its syslog file and inventory stay until the next one starts."""
    from netdiag.lab import client

    client.connect().stop()
    click.echo("The practice network is down.")


@lab.command()
@common.as_json
def status(json_: bool) -> None:
    """What runs, and how it is. It does not tell what was injected: `reveal` does."""
    from netdiag.lab import client

    found = client.connect().status()
    if json_:
        common.emit(_shown(found))
        return
    click.echo(
        f"{found['hosts_working']} of {found['hosts']} PCs reach their gateway; lab time"
        f" {found['now']:.0f} s, {found['lag_s']:.1f} s behind the clock."
    )
    _print_switches(found["switches"])
    click.echo(f"export NETDIAG_INVENTORY={found['inventory']}")


@lab.command()
@click.argument("kind")
@click.option("--seed", type=int, help="Draws the place; the same seed, the same place.")
@click.option("--cables", type=click.IntRange(1, 2), help="home-router: into how many sockets.")
@click.option(
    "-o",
    "--option",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of that kind, e.g. switch=acc-2.",
)
@common.as_json
def inject(
    kind: str, seed: int | None, cables: int | None, pairs: tuple[str, ...], json_: bool
) -> None:
    """Make something go wrong, at a place that only the lab knows.

    KIND: home-router, layer2-loop, broadcast-storm, rogue-dhcp-server, dhcp-server-down,
    admin-down-port, duplicate-address, uplink-down, err-disabled-port, closed-uplink; and what only
    looks like trouble: arp-scan, busy-day, planned-shutdown, moved-pc.
    """
    from netdiag.lab import client

    options: dict[str, Any] = {} if cables is None else {"cables": cables}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--option {pair!r} is not NAME=VALUE")
        options[name] = value
    truth = client.connect().inject(kind, seed, **options)
    if json_:
        common.emit({"schema": "netdiag/incident/1", **truth})
        return
    click.echo(f"Incident {truth['number']} is under way: {kind}, seed {truth['seed']}.")
    click.echo("`netdiag diagnose` finds it; `netdiag lab reveal` tells where it is.")


@lab.command()
@click.argument("number", type=int, required=False)
def revert(number: int | None) -> None:
    """Take the cause of one incident away, or of all. Ports that were closed stay closed."""
    from netdiag.lab import client

    taken = client.connect().revert(number)
    click.echo(f"Taken back: {', '.join(map(str, taken)) or 'nothing was injected'}.")


@lab.command()
@common.as_json
def doctor(json_: bool) -> None:
    """Say what this machine can do for a practice network; kernel features are tried, not guessed."""
    from netdiag.lab import client
    from netdiag.lab.kernel import probe

    running = client.state_file().exists()
    found = {
        "simulated": "yes: it needs nothing but this installation",
        "running": str(client.state_file()) if running else "no",
        **{tool: _tool(tool, package) for tool, package in _TOOLS},
        **probe.look(),
        **probe.programs(),
    }
    if json_:
        common.emit({"schema": "netdiag/lab-doctor/1", **found})
    else:
        common.table(None, ["what", "state"], list(found.items()))


_TOOLS = (("ssh", "openssh-client"), ("snmpbulkwalk", "snmp"))


def _tool(tool: str, package: str) -> str:
    import shutil

    return shutil.which(tool) or f"not installed (optional): apt install {package}"


@lab.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("node")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(node: str, command: tuple[str, ...]) -> None:
    """Run a command inside a node of a lab that was started with --real.

    \b
    netdiag lab exec pc-1f-101 -- ping -c1 10.10.0.1
    netdiag lab exec acc-1 -- bridge fdb show
    """
    import subprocess

    from netdiag.lab import client

    line = client.connect().inside(node, command)
    try:
        sys.exit(subprocess.run(line, check=False).returncode)
    except FileNotFoundError:
        raise UsageError("nsenter is not installed: apt install util-linux") from None


@lab.command()
@click.argument("node", required=False)
def shell(node: str | None) -> None:
    """Sit down at a PC (ping, renew, unplug), or at a switch's console.

    In a lab that was started with --real a PC is a real shell.
    """
    from netdiag.lab import client

    running = client.connect()
    if (
        node is not None
        and running.real
        and not any(s["name"] == node for s in running.status()["switches"])
    ):
        _real_shell(running, node)
        return
    switches = [s["name"] for s in running.status()["switches"]]
    names = [h["name"] for h in running.hosts()]
    if node is None:
        common.lines("Switches: " + ", ".join(switches))
        common.lines("PCs: " + ", ".join(names))
        click.echo("`netdiag lab shell NAME` sits down at one of them.")
    elif node in switches:
        _console(running, node)
    elif node in names:
        _sit_down(running, node)
    else:
        raise UsageError(
            f"the practice network has no {node!r}: `netdiag lab shell` lists who is there"
        )


def _real_shell(running: Lab, node: str) -> None:
    import os
    import subprocess

    program = os.environ.get("SHELL", "/bin/sh")
    click.echo(f"A shell inside {node}; `exit` leaves.", err=True)
    sys.exit(subprocess.run(running.inside(node, [program]), check=False).returncode)


def _ask(prompt: str) -> str | None:
    """A typed line; `None` at the end of the input. The prompt shows only on a terminal."""
    try:
        return input(prompt if sys.stdin.isatty() else "")
    except EOFError:
        return None


def _console(running: Lab, switch: str) -> None:
    import uuid

    session = uuid.uuid4().hex
    click.echo(
        f"The console of {switch}: a cable of its own, not the network. `exit` leaves.", err=True
    )
    _, prompt = running.console(switch, None, session)
    while prompt:
        line = _ask(prompt)
        if line is None:
            return
        text, prompt = running.console(switch, line, session)
        if text:
            common.lines(text)


def _sit_down(running: Lab, host: str) -> None:
    click.echo(f"At {host}. `help` lists what can be done here.", err=True)
    while (line := _ask(f"{host}$ ")) is not None:
        words = line.split()
        if not words:
            continue
        if words[0] in ("exit", "quit", "logout"):
            return
        try:
            common.lines(_at_host(running, host, words))
        except NetdiagError as exc:
            common.lines(str(exc))


def _at_host(running: Lab, host: str, words: Sequence[str]) -> str:
    verb, *rest = words
    command = _HOST_COMMANDS.get(verb)
    if command is None:
        return f"{verb}: not known here; `help` lists what is"
    about, takes, run = command
    if len(rest) != takes:
        return f"{verb}: {about}"
    return run(running, host, *rest)


def _help(*_: object) -> str:
    return "\n".join(f"{verb:<8} {about}" for verb, (about, _, _) in _HOST_COMMANDS.items())


def _ip(running: Lab, host: str) -> str:
    h = running.host(host)["host"]
    link = "up" if h["connected"] else "down"
    return (
        f"{h['mac']}  link {link}  address {h['ip'] or 'none'}  gateway {h['gateway'] or 'none'}"
        f"  DHCP server {h['dhcp_server'] or 'none'}"
    )


def _arp(running: Lab, host: str) -> str:
    return "\n".join(f"{ip:<15} {mac}" for ip, mac in running.host(host)["arp"]) or "empty"


def _ping(running: Lab, host: str, ip: str) -> str:
    return f"{ip} answers" if running.ping(host, ip) else f"{ip} does not answer"


def _renew(running: Lab, host: str) -> str:
    import time

    running.renew(host)
    time.sleep(1.0)
    return _ip(running, host)


def _plug(running: Lab, host: str) -> str:
    running.plug(host)
    return "plugged in"


def _unplug(running: Lab, host: str) -> str:
    running.unplug(host)
    return "unplugged"


_HOST_COMMANDS: dict[str, tuple[str, int, Callable[..., str]]] = {
    "help": ("this list", 0, _help),
    "ip": ("the address, the gateway and who gave them", 0, _ip),
    "ping": ("ping IP: does it answer?", 1, _ping),
    "renew": ("ask for a lease anew", 0, _renew),
    "dhcp": ("the same", 0, _renew),
    "arp": ("the addresses it knows", 0, _arp),
    "unplug": ("pull out the network cable", 0, _unplug),
    "plug": ("plug it in again", 0, _plug),
}
