"""The live table of `sniff`: what passes, who talks, who serves, what was found; once a second.

Rules: 80 columns suffice; every name from the wire is cleaned; it never scrolls: of a long list the
first rows are shown and the rest is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from netdiag.cli import common
from netdiag.text import clean

if TYPE_CHECKING:
    from netdiag.collect.wire import Watch
    from netdiag.decode.frames import Lately, Reader
    from netdiag.model import Capture
    from netdiag.sniff import Told, Watcher

_ROWS = 6
_WIDE = 100


class View:
    """A context in which the table stands on the terminal."""

    def __init__(self, interface: str, *, console: Any = None) -> None:
        from rich.live import Live

        self._interface = interface
        self._since = datetime.now(UTC)
        self._told: list[Told] = []
        self._live = Live(
            console=console or common.console(), auto_refresh=False, transient=True, screen=False
        )

    def __enter__(self) -> Self:
        self._live.__enter__()
        self._live.update(self._waiting(), refresh=True)
        return self

    def __exit__(self, *exc: Any) -> None:
        self._live.__exit__(*exc)

    def told(self, told: Told) -> None:
        """A finding began or ended: shown with the next picture."""
        self._told.append(told)

    def watching(self, watcher: Watcher) -> Watch:
        """The watcher, and a new picture after each of its looks."""

        def watch(reader: Reader) -> Iterator[tuple[datetime, str]]:
            yield from watcher(reader)
            if watcher.capture is not None and watcher.judged is not None:
                picture = self.picture(watcher.capture, watcher.judged.authorized, reader.lately)
                self._live.update(picture, refresh=True)

        return watch

    def _waiting(self) -> Any:
        from rich.text import Text

        return Text(f"opening {clean(self._interface)} … Ctrl-C ends it with the result")

    def picture(
        self, capture: Capture, authorized: Any, lately: Lately | None, at: datetime | None = None
    ) -> Any:
        """Everything of this moment."""
        from rich.console import Group
        from rich.text import Text

        at = at or datetime.now(UTC)
        fresh = lately if lately and (at - lately.second).total_seconds() < 4 else None
        parts: list[Any] = [
            Text(self._head(capture, at), style="bold"),
            _table("frames a second", ("VLAN", "unicast", "broadcast", "multicast"), _rates(fresh)),
            _table("who floods most", ("MAC", "kind", "frames/s"), _talkers(fresh)),
            _table(
                "servers", ("Server", "MAC", "Allowed", "Answers"), _servers(capture, authorized)
            ),
        ]
        return Group(*(p for p in parts if p is not None), *self._findings())

    def _head(self, capture: Capture, at: datetime) -> str:
        passed = int((at - self._since).total_seconds())
        dropped = "" if capture.dropped is None else f", {capture.dropped} dropped"
        return (
            f"{clean(self._interface)}  {passed // 60}:{passed % 60:02d}  "
            f"{capture.packets} packets{dropped}   Ctrl-C ends it"
        )

    def _findings(self) -> Iterator[Any]:
        from rich.text import Text

        if not self._told:
            yield Text("nothing wrong so far", style="green")
        for told in self._told[-_ROWS:]:
            f = told.finding
            word = "over" if told.ended else f.severity.value
            line = Text(f"{told.at:%H:%M:%S}Z {word:<8} ", style="green" if told.ended else "red")
            line.append(f"{f.kind.value}  ", style="bold")
            line.append(clean(f.summary, 300), style="default")
            yield line
        if len(self._told) > _ROWS:
            yield Text(f"and {len(self._told) - _ROWS} earlier ones", style="dim")


def _rates(lately: Lately | None) -> list[Sequence[object]]:
    rows = sorted(
        lately.rates if lately else (), key=lambda r: -(r.unicast + r.broadcast + r.multicast)
    )
    return [
        ("untagged" if r.vlan is None else r.vlan, r.unicast, r.broadcast, r.multicast)
        for r in rows
    ]


def _talkers(lately: Lately | None) -> list[Sequence[object]]:
    return list(lately.talkers if lately else ())


def _servers(capture: Capture, authorized: Any) -> list[Sequence[object]]:
    word = {True: "yes", False: "NO", None: "not said"}
    rows: list[Sequence[object]] = [
        (s.server_id or s.ip, s.mac, word[authorized.get(f"DhcpServer:{s.mac}")],
         s.offers + s.acks + s.naks)
        for s in capture.dhcp_servers
    ]  # fmt: skip
    rows += [
        (s.ip, s.mac, word[authorized.get(f"Dhcp6Server:{s.mac}")], s.advertises + s.replies)
        for s in capture.dhcp6_servers
    ]
    rows += [
        (r.ip, r.mac, word[authorized.get(f"RouterAdvertiser:{r.mac}")], "router")
        for r in capture.routers
    ]
    return rows


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Any:
    """A small plain table, or nothing where nothing is to be shown."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    listed = list(rows)
    if not listed:
        return None
    more = f" (and {len(listed) - _ROWS} more)" if len(listed) > _ROWS else ""
    shown = Table(title=title + more, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in columns:
        shown.add_column(name, no_wrap=True, overflow="ellipsis")
    for row in listed[:_ROWS]:
        shown.add_row(*(Text("" if cell is None else clean(str(cell), _WIDE)) for cell in row))
    return shown
