"""`alerts`: Alertmanager's webhook becomes tickets."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from netdiag.cli import common
from netdiag.cli.common import db_option, inventory_option
from netdiag.errors import UsageError

if TYPE_CHECKING:
    from netdiag.model import Device
    from netdiag.outside.alertmanager import Webhook

_LOCAL = ("127.0.0.1", "::1", "localhost")


@click.command(short_help="Receive Alertmanager's webhook: alerts open or join tickets.")
@click.argument("address", metavar="[HOST:]PORT", default="127.0.0.1:9099")
@click.option(
    "--token",
    envvar="NETDIAG_ALERTS_TOKEN",
    help="What the sender has to show, as a reference: env:NAME, file:PATH or keyring:NAME.",
)
@inventory_option
@db_option
def alerts(address: str, token: str | None, inventory_dir: Path | None, db: Path | None) -> None:
    """Until it is stopped. Beyond this machine only with --token (http_config.authorization there)."""
    from netdiag import alerts as flow
    from netdiag.files import secrets
    from netdiag.outside.alertmanager import Receiver

    host, port = _address(address)
    if host not in _LOCAL and token is None:
        raise UsageError(f"{host} can be reached by others: name a --token")
    if token is not None and not secrets.is_reference(token):
        raise UsageError("--token should be env:NAME, file:PATH or keyring:NAME, not the token")
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    process, devices = common.process(), _devices(inventory_dir)
    with common.open_store(db) as store:

        def take(webhook: Webhook) -> None:
            for ticket in flow.take(store, webhook, datetime.now(UTC), devices):
                common.announce(store, process, ticket)
                common.say(f"{ticket.id}  {ticket.priority}  {ticket.summary}")

        secret = secrets.resolve(token) if token else None
        try:
            receiver = Receiver(host, port, take, token=secret, told=common.progress)
        except OSError as exc:
            raise UsageError(f"{address}: cannot listen: {exc.strerror or exc}") from exc
        with receiver:
            common.progress(f"listening: http://{host}:{receiver.address[1]}/")
            stop.wait()


def _address(said: str) -> tuple[str, int]:
    host, _, port = said.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{said[:100]!r}: should be PORT or HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _devices(inventory_dir: Path | None) -> tuple[Device, ...]:
    """Where devices stand; an alert can be taken without knowing."""
    try:
        return common.load_inventory(inventory_dir).devices
    except UsageError as exc:
        if inventory_dir is not None:
            raise
        common.progress(f"no place is known from device names: {exc}")
        return ()
