"""`listen`: traps and syslog as they come, what they mean, and what was lost."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from netdiag import contract
from netdiag.cli import common
from netdiag.cli.common import as_json, db_option, inventory_option
from netdiag.errors import UsageError

if TYPE_CHECKING:
    from netdiag.access import Target
    from netdiag.collect.listen import Settings
    from netdiag.collect.listen_tally import Heard
    from netdiag.watch import Watched


@click.command(short_help="Receive traps and syslog, turn them into findings.")
@click.option("--for", "period", metavar="TIME", help="10s, 5m, 2h. Default: until it is stopped.")
@click.option("--syslog", default="0.0.0.0:5514", show_default=True, metavar="[HOST:]PORT|off", help="Syslog over UDP.")  # fmt: skip
@click.option("--syslog-tcp", default="0.0.0.0:5514", show_default=True, metavar="[HOST:]PORT|off", help="Syslog over TCP.")  # fmt: skip
@click.option("--traps", default="0.0.0.0:1162", show_default=True, metavar="[HOST:]PORT|off", help="SNMP traps and informs.")  # fmt: skip
@click.option("--community", "communities", multiple=True, envvar="NETDIAG_COMMUNITY", help="Accepted in v2c traps besides the inventory's.")  # fmt: skip
@click.option("--no-poll", is_flag=True, help="Do not ask a device that sent word.")
@click.option("--jsonl", is_flag=True, help="Each event as one JSON object a line, as it comes.")
@click.option("--all", "chatter", is_flag=True, help="Print messages of no known meaning too.")
@inventory_option
@db_option
@as_json
def listen(
    period: str | None,
    syslog: str,
    syslog_tcp: str,
    traps: str,
    communities: tuple[str, ...],
    no_poll: bool,
    jsonl: bool,
    chatter: bool,
    inventory_dir: Path | None,
    db: Path | None,
    json_: bool,
) -> None:
    """Turn what devices send into findings; ports above 1024 need no root (redirect 162 and 514 to them)."""
    from netdiag import watch as flow
    from netdiag.collect.listen import Listener

    inventory = common.load_inventory(inventory_dir)
    targets = inventory.targets()
    settings = _settings(syslog, syslog_tcp, traps, targets, communities)
    seconds = None if period is None else common.seconds(period)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    told = _json_line if jsonl else (lambda heard: _line(heard, chatter=chatter))
    with common.open_store(db) as store:
        sources = flow.sources(inventory.devices, store.history(before=datetime.now(UTC)))
        with Listener(settings, sources) as listener:
            for name, (host, port) in listener.ports.items():
                common.progress(f"listening: {name} on {host}:{port}")
            watched = flow.watch(
                listener,
                store,
                targets,
                site=inventory.site,
                stop=stop,
                seconds=seconds,
                told=(lambda _: None) if json_ else told,
                tell=common.progress,
                poll=not no_poll,
            )
    _summary(watched, json_=json_, jsonl=jsonl)
    sys.exit(common.status(found=bool(watched.findings), missed=_missed(watched)))


def _settings(
    syslog: str, syslog_tcp: str, traps: str, targets: tuple[Target, ...], more: tuple[str, ...]
) -> Settings:
    from netdiag.collect.listen import Settings

    snmp = [t.snmp for t in targets if t.snmp]
    return Settings(
        _address(syslog, "--syslog"),
        _address(syslog_tcp, "--syslog-tcp"),
        _address(traps, "--traps"),
        communities=tuple(
            dict.fromkeys((*more, *(a.community.reveal() for a in snmp if a.community)))
        ),
        users=tuple(dict.fromkeys(a for a in snmp if a.version == "3")),
    )


def _address(said: str, option: str) -> tuple[str, int] | None:
    if said == "off":
        return None
    host, _, port = said.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{option} {said!r}: should be PORT, HOST:PORT or off")
    return (host.strip("[]") or "0.0.0.0", int(port))  # noqa: S104  a receiver listens to everybody


def _line(heard: Heard, *, chatter: bool) -> None:
    event = heard.event
    if event.event == "other" and not chatter:
        return
    times = f" x{heard.count}" if heard.count > 1 else ""
    where = " ".join(w for w in (event.device, event.interface, event.other_interface) if w)
    more = [
        f"VLAN {event.vlan}" if event.vlan else None,
        event.mac,
        event.ip,
        event.cause.value if event.cause else None,
    ]
    common.say(
        f"{heard.last:%H:%M:%S} {event.event}{times}  {where}  "
        + " ".join(str(m) for m in more if m)
    )


def _json_line(heard: Heard) -> None:
    import json

    click.echo(json.dumps(_event(heard), ensure_ascii=True))


def _event(heard: Heard) -> dict[str, Any]:
    event = heard.event
    return {
        "device": event.device,
        "event": event.event,
        "interface": event.interface,
        "other_interface": event.other_interface,
        "vlan": event.vlan,
        "mac": event.mac,
        "ip": event.ip,
        "cause": event.cause.value if event.cause else None,
        "mnemonic": event.mnemonic or None,
        "count": heard.count,
        "first": contract.time(heard.first),
        "last": contract.time(heard.last),
        "raw": event.raw,
    }


def _summary(watched: Watched, *, json_: bool, jsonl: bool) -> None:
    took = (datetime.now(UTC) - watched.started).total_seconds()
    if json_ or jsonl:
        whole = {
            "schema": "netdiag/listen/1",
            "started": contract.time(watched.started),
            "took_s": round(took, 3),
            "received": dict(watched.received),
            "dropped": dict(watched.dropped),
            "polled": sorted(watched.polled),
            "findings": contract.findings(watched.findings),
        }
        if json_:
            common.emit(whole | {"events": [_event(h) for h in watched.heard.values()]})
        else:
            import json

            click.echo(json.dumps(whole, ensure_ascii=True))
    else:
        common.print_findings(watched.findings)
    counted = ", ".join(f"{n} {what}" for what, n in watched.received.items()) or "nothing"
    common.progress(f"received in {took:.0f} s: {counted}")
    for where, count in watched.dropped.items():
        common.say(f"lost: {count} ({where})", style="yellow", err=True)
    common.print_errors(watched.polled.values())


def _missed(watched: Watched) -> bool:
    """Chatter that was dropped is said and is no failure; anything that may have been a cause is."""
    from netdiag.collect.listen_tally import importance

    lost = any(
        where.startswith(("kernel", "waiting, urgent"))
        or (where.startswith("event ") and importance(where.removeprefix("event ")) == 0)
        for where in watched.dropped
    )
    return lost or bool(watched.missed)
