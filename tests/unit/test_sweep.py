"""Sweep after sweep: one ticket a rogue, its end, silence, and what monitoring systems are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from netdiag import sweep as flow
from netdiag.cli import learning, monitor
from netdiag.cli.wire import missed as too_much_missed
from netdiag.cli.wire import sweep as command
from netdiag.errors import UsageError
from netdiag.model import (
    AuthorizedDhcpServer,
    Capture,
    Dhcp6Server,
    DhcpServer,
    Kind,
    RouterAdvertiser,
    Site,
    SourceError,
)
from netdiag.store import Store
from netdiag.sweep import Judgement
from netdiag.ticket import Stage

AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
COMPANY, ROGUE = "18:66:da:00:00:02", "50:c7:bf:00:00:66"
LIST = Site((AuthorizedDhcpServer("10.10.0.2", COMPANY, (10,)),))


def server(mac: str, ip: str, vlan: int) -> DhcpServer:
    return DhcpServer(
        ip, ip, mac, "Tp-Link" if mac == ROGUE else None, (vlan,), offers=1, routers=(ip,), dns=(ip,),
        subnet_mask="255.255.255.0", first=AT, last=AT, stacks=((vlan,),),
    )  # fmt: skip


GOOD, BAD = server(COMPANY, "10.10.0.2", 10), server(ROGUE, "192.168.0.1", 20)


def capture(*servers: DhcpServer, **more: object) -> Capture:
    answered = {v for s in servers for v in s.vlans}
    base = Capture(
        "eth0", packets=9, first=AT, last=AT, dhcp_servers=servers, probed_vlans=(10, 20), probes_sent=6,
        unanswered_vlans=tuple(v for v in (10, 20) if v not in answered), dropped=0,
    )  # fmt: skip
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "netdiag.db") as opened:
        yield opened


class Sweeps:
    """A cron job: a sweep every five minutes."""

    def __init__(self, store: Store, site: Site = LIST) -> None:
        self.store, self.site, self.at = store, site, AT

    def __call__(self, found: Capture, *, earlier: tuple[Capture, ...] = ()) -> Judgement:
        self.at += timedelta(minutes=5)
        found = replace(found, last=self.at)
        self.store.add_capture(found, self.at)
        return flow.recorded(found, self.store, self.at, self.site, (), earlier=earlier)


def test_one_rogue_is_one_ticket_however_often_it_is_met(store: Store) -> None:
    sweep = Sweeps(store)
    first = sweep(capture(GOOD, BAD))
    assert first.tickets == first.new_tickets
    (number,) = first.tickets
    before = store.ticket(number)
    for _ in range(5):
        again = sweep(capture(GOOD, BAD))
        assert (again.tickets, again.new_tickets, again.resolved) == ((number,), (), ())
    assert [t.id for t in store.tickets()] == [number]
    after = store.ticket(number)
    assert after.timeline == before.timeline
    assert after.diagnosis is not None
    assert after.diagnosis.at == sweep.at


def test_gone_for_three_sweeps_is_resolved_once_and_may_come_back(store: Store) -> None:
    sweep = Sweeps(store)
    (number,) = sweep(capture(GOOD, BAD)).tickets
    assert [sweep(capture(GOOD)).resolved for _ in range(4)] == [(), (), (number,), ()]
    ticket = store.ticket(number)
    assert ticket.stage is Stage.VERIFIED
    assert ROGUE in (ticket.fix or "")
    back = sweep(capture(GOOD, BAD))
    assert (back.tickets, back.new_tickets) == ((number,), ())
    assert store.ticket(number).stage is Stage.DIAGNOSED


@pytest.mark.parametrize(
    "look",
    [
        capture(GOOD, source="eth1"),  # another sensor, which never heard it
        capture(GOOD, probed_vlans=(10,)),  # another VLAN
        capture(GOOD, errors=(SourceError("capture", "x", "the interface is down"),)),
    ],
)
def test_not_looked_is_not_gone(store: Store, look: Capture) -> None:
    sweep = Sweeps(store)
    (number,) = sweep(capture(GOOD, BAD)).tickets
    assert [sweep(look).resolved for _ in range(5)] == [()] * 5
    assert store.ticket(number).stage is Stage.DIAGNOSED


def test_silence_where_somebody_should_answer(store: Store) -> None:
    sweep = Sweeps(store)
    (finding,) = sweep(capture()).findings
    assert (finding.kind, finding.resource.vlan) == (Kind.DHCP_SERVER_DOWN, 10)


def test_silence_where_somebody_used_to_answer(store: Store) -> None:
    """Nobody said who should; yesterday somebody did."""
    sweep = Sweeps(store, Site())
    assert sweep(capture()).findings == ()
    (finding,) = sweep(capture(), earlier=(capture(GOOD),)).findings
    assert (finding.kind, finding.resource.vlan) == (Kind.DHCP_SERVER_DOWN, 10)


# --- monitoring ----------------------------------------------------------------------------------


def test_icinga(store: Store) -> None:
    sweep = Sweeps(store)
    line, status = monitor.icinga(sweep(capture(GOOD)), 4.2)
    assert (status, line.count("\n"), line.count("|")) == (0, 0, 1)
    assert line.startswith("DHCP OK - 1 DHCP servers, 0 DHCPv6 servers, 0 routers in 2 VLANs | ")
    assert "unanswered_vlans=1;;;0 probes=6;;;0 took=4.20s;;;0" in line
    line, status = monitor.icinga(sweep(capture(GOOD, BAD)), 1)
    assert status == 2
    assert line.startswith(f"DHCP CRITICAL - {ROGUE} (Tp-Link) answers DHCP")
    assert " | rogues=1;;0;0 " in line
    broken = capture(GOOD, errors=(SourceError("capture", "eth0", "is|down\nnow"),))
    line, status = monitor.icinga(sweep(broken), 1)
    assert (status, line.count("\n"), line.count("|")) == (3, 0, 1)
    assert line.startswith("DHCP UNKNOWN - could not look everywhere: is/down")


def test_the_plugin_says_one_line_whatever_happens(tmp_path: Path) -> None:
    arguments = ["no-such-interface0", "--plugin", "icinga", "--db", str(tmp_path / "db")]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 3
    assert done.stdout.startswith("DHCP UNKNOWN - ")
    assert done.stdout.count("\n") == 1
    assert not done.stderr
    assert CliRunner().invoke(command, [*arguments, "--vlans", "9-1"]).exit_code == 3


def test_prometheus(store: Store, tmp_path: Path) -> None:
    seen = Sweeps(store)(capture(GOOD, replace(BAD, server_id='1"\\\n2')))
    path = tmp_path / "collector" / "netdiag.prom"
    monitor.write_prometheus(path, seen, 1.5, AT)
    text = path.read_text("utf-8")
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644
    assert 'netdiag_rogue_servers{interface="eth0"} 1\n' in text
    assert 'netdiag_dhcp_vlan_answered{interface="eth0",vlan="10"} 1\n' in text
    assert f'mac="{COMPANY}",ip="10.10.0.2",authorized="yes"}} 1\n' in text
    assert r'ip="1\"\\' in text
    for line in text.splitlines():
        assert line.startswith("# ") or line.rpartition(" ")[2].replace(".", "").isdigit()
    with pytest.raises(UsageError, match="cannot be written"):
        monitor.write_prometheus(path / "x", seen, 1.5, AT)


def test_hundreds_of_vlans_are_ranges() -> None:
    assert monitor.ranges([10, *range(20, 400), 402]) == "10,20-399,402"
    assert monitor.ranges([]) == ""


@pytest.mark.parametrize(
    ("packets", "dropped", "missed"),
    [(9999, 1, False), (990, 10, True), (0, 1, True), (0, 0, False), (5, None, False)],
)
def test_drops_over_the_bound_are_a_look_that_failed(
    packets: int, dropped: int | None, missed: bool
) -> None:
    assert too_much_missed(capture(packets=packets, dropped=dropped)) is missed
    assert not too_much_missed(capture(packets=packets, dropped=dropped), 100)


# --- learning ------------------------------------------------------------------------------------


def test_what_is_proposed() -> None:
    """Not what is on the list, and what looks like a home router only with that doubt."""
    relayed = replace(
        GOOD, server_id="10.9.0.9", ip="10.10.0.1", relay="10.10.0.1", mac="00:1b:54:00:00:01"
    )
    heard = capture(
        GOOD, BAD, relayed,
        dhcp6_servers=(Dhcp6Server("000300011", "fe80::2", COMPANY, (10,), stacks=((10,),)),),
        routers=(RouterAdvertiser("fe80::1", COMPANY, (10,), ("2001:db8::/64",), 1800, stacks=((10,),)),),
    )  # fmt: skip
    proposal = flow.propose(flow.judge(heard, LIST))
    by_ip = {s.ip: (s.mac, why) for s, why in proposal.dhcp_servers}
    assert set(by_ip) == {"192.168.0.1", "10.9.0.9"}
    assert "home router" in (by_ip["192.168.0.1"][1] or "")
    assert by_ip["10.9.0.9"][0] is None  # the card is the relay's
    assert [s.duid for s in proposal.dhcp6_servers] == ["000300011"]
    assert [r.prefixes for r in proposal.routers] == [("2001:db8::/64",)]


def test_what_is_confirmed_is_added_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    from netdiag.files import inventory

    path = tmp_path / "defaults.yaml"
    path.write_text(
        "# ours\ndata:\n  netdiag:\n    sensors: [eth0]  # the NOC\n"
        "    dhcp_servers:\n      - {ip: 10.0.0.1}\n",
        encoding="utf-8",
    )
    entry = {"ip": "10.10.0.2", "mac": COMPANY, "vlans": [10]}
    for _ in range(2):  # a second time adds nothing
        learning.add(path, {"dhcp_servers": [entry], "routers": [{"mac": COMPANY}]})
    text = path.read_text("utf-8")
    assert text.startswith("# ours\n")
    assert "# the NOC" in text
    (tmp_path / "hosts.yaml").write_text("sw1:\n  hostname: 127.0.0.1\n", encoding="utf-8")
    site = inventory.load(tmp_path).site
    assert [s.ip for s in site.dhcp_servers] == ["10.0.0.1", "10.10.0.2"]
    assert [r.mac for r in site.routers] == [COMPANY]
    empty = tmp_path / "new.yaml"
    learning.add(empty, {"routers": [{"mac": COMPANY}]})
    assert "netdiag" in empty.read_text("utf-8")
    path.write_text("- a list\n", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be added to"):
        learning.add(path, {"routers": [{"mac": COMPANY}]})
