"""`sniff`: the wire live."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netdiag.cli import common
from netdiag.cli.wire import MAX_LOSS, analysis_options, answer, decapsulate_option, rates_option


@click.command(short_help="The same analysis, live on an interface.")
@click.argument("interface", metavar="IFACE")
@click.option(
    "--for", "seconds", default="10s", show_default=True, metavar="TIME", help="How long: 10s, 2m."
)
@click.option(
    "--max-loss",
    default=MAX_LOSS,
    show_default=True,
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Frames that the kernel may drop before the status is 3.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the frames behind the findings, and the newest ones, as pcapng.",
)
@click.option(
    "--write-size",
    default=16,
    show_default=True,
    type=click.IntRange(1, 1024),
    metavar="MB",
    help="How large that file may become.",
)
@rates_option
@decapsulate_option
@analysis_options
def sniff(
    interface: str,
    seconds: str,
    max_loss: float,
    write: Path | None,
    write_size: int,
    rates: bool,
    decapsulate: bool,
    authorized: tuple[str, ...],
    inventory_dir: Path | None,
    json_: bool,
) -> None:
    """Listen on IFACE (a network interface, or lab:NODE) and say what was seen."""
    from netdiag.collect import wire

    capture = wire.listen(
        interface,
        _seconds(seconds),
        rates=rates,
        decapsulate=decapsulate,
        write=str(write) if write is not None else None,
        room=write_size * 1024 * 1024,
    )
    if write is not None:
        common.progress(f"evidence: {write}")
    sys.exit(
        answer(capture, authorized, inventory_dir, json_=json_, rates=rates, max_loss=max_loss)
    )


def _seconds(text: str) -> float:
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    number = text[:-1] if unit else text
    try:
        value = float(number) * (unit or 1.0)
    except ValueError as exc:
        raise click.BadParameter(
            f"{text!r}: write 10s, 2m or a number of seconds", param_hint="--for"
        ) from exc
    if not 0 < value <= 86400:
        raise click.BadParameter(f"{text!r}: more than 0 and at most a day", param_hint="--for")
    return value
