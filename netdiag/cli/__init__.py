"""The command line: options in, exit status out, no logic. Commands load when they are called."""

from __future__ import annotations

import importlib
import os
import sys
import traceback

import click

from netdiag import __version__
from netdiag.errors import NetdiagError
from netdiag.text import clean

# name -> (module, attribute, what --help says): help must not import what a command needs.
_COMMANDS = {
    "demo": ("demo", "demo", "Case one, start to end, on a practice campus on this machine."),
    "init": ("setup", "init", "Write a commented starter inventory."),
    "doctor": ("setup", "doctor", "Say what this machine can do, and how to get the rest."),
    "poll": ("look", "poll", "Read ports, counters, FDB and neighbours; store a snapshot."),
    "ports": ("look", "ports", "The port table."),
    "trace": ("look", "trace", "The path to the edge port where a station is attached."),
    "pcap": ("wire", "pcap", "Analyse capture files."),
    "sniff": ("sniff", "sniff", "The same analysis, live on an interface."),
    "sweep": ("wire", "sweep", "Actively look for DHCP servers and routers; the cron job."),
    "listen": ("listen", "listen", "Receive traps and syslog, turn them into findings."),
    "alerts": ("alerts", "alerts", "Receive Alertmanager's webhook: alerts open or join tickets."),
    "discover": ("discover", "discover", "Crawl LLDP and CDP from seeds, write the inventory."),
    "diagnose": ("look", "diagnose", "The whole flow: collect, check, locate, rank, plan, ticket."),
    "replay": ("replay", "replay", "The same verdict offline from a recorded incident."),
    "run": ("look", "run", "The same, planned by a playbook of your choice; or watch one."),
    "approve": ("change", "approve", "Approve a ticket's plan, or one step, and carry it out."),
    "resume": ("change", "resume", "Go on with a repair that was interrupted."),
    "watch": ("watching", "watch", "Watch a repaired place: what comes back reopens its ticket."),
    "stop": ("change", "stop", "The stop button: nothing further is sent to any device."),
    "recover": ("change", "recover", "Bring an err-disabled port back, if its cause is gone."),
    "ticket": ("ticket", "ticket", "Tickets: open, answer, show, wait, escalate, sync, close."),
    "report": ("report", "report", "The post-incident report of a ticket."),
    "kb": ("knowledge", "kb", "The knowledge base: search, show, add, sync, trends, review."),
    "audit": ("audit", "audit", "Check the record of changes."),
    "lab": ("lab", "lab", "The practice network: up, down, status, inject, shell."),
}


class _Commands(click.Group):
    """A group that imports a command's module when the command is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"netdiag.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="netdiag")
def netdiag() -> None:
    """Turn "the third floor is offline" into a named switch port, a safe repair and a closed ticket.

    \b
    netdiag demo       see it work, here, in under a minute
    netdiag init       then start with your own switches

    Exit status: 0 nothing wrong, 1 something found, 2 the call is wrong,
    3 could not look everywhere (wins over 1), 75 another netdiag holds the lock.
    """


def main() -> None:
    """The console script: every failure is a sentence on stderr and an exit status."""
    try:
        status = netdiag(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("netdiag: interrupted", err=True)
        status = 130
    except click.ClickException as exc:
        exc.show()
        status = exc.exit_code
    except NetdiagError as exc:
        click.echo(f"netdiag: {clean(str(exc), 1000)}", err=True)
        status = exc.exit_status
    except BrokenPipeError:
        # The reader went away (`| head`): not our failure, and nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception as exc:  # noqa: BLE001  a user at 9:12 is not to meet a traceback
        if os.environ.get("NETDIAG_DEBUG"):
            traceback.print_exc()
        click.echo(
            f"netdiag: internal error: {type(exc).__name__}: {clean(str(exc), 500)}\n"
            "         (a fault of netdiag, not yours; NETDIAG_DEBUG=1 shows where)",
            err=True,
        )
        status = 3
    sys.exit(status if isinstance(status, int) else 0)
