"""The incidents of `fixtures/incidents/`, built: name -> (network, what is really wrong in it).

The folders are what is tested; `pytest --update` writes them from here and from the code, and people
review the diff. A folder without a case here (a recorded incident) is tested just the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from netdiag.model import (
    ArpConflict,
    Capture,
    Counters,
    ErrDisableCause,
)
from netdiag.names import long_name
from tests.networks import ROUTER_MAC, Campus, home_router

GI = "GigabitEthernet1/0/"


@dataclass(frozen=True)
class Truth:
    """What a correct first cause says; a kind of `healthy` means that there is none."""

    kind: str
    device: str | None = None
    interface: str | None = None
    interfaces: tuple[str, ...] = ()
    causes: int = 1
    """How many causes there are in all."""


def _healthy() -> Campus:
    return Campus.default().usual().remember().remember(age_s=86400).hear(rogue=False)


def _router_with_history() -> Campus:
    """A regular poll fell between the two cables."""
    before = Campus.default().usual().remember(age_s=3600).unplug("pc-2-5")
    before.host("router", "acc-2", "Gi1/0/5", mac=ROUTER_MAC).remember(age_s=300)
    campus = home_router(2)
    campus.history = before.history
    return campus


def _router_with_syslog() -> Campus:
    campus = home_router(2)
    campus.log("link-down", "acc-2", "Gi1/0/5", ago_s=905)
    campus.log("link-up", "acc-2", "Gi1/0/5", ago_s=900)
    campus.log("link-up", "acc-2", "Gi1/0/6", ago_s=62)
    pc = campus.hosts[9].mac
    campus.log("mac-flap", "acc-2", "Gi1/0/6", other="Gi1/0/24", mac=campus.hosts[0].mac, ago_s=61)
    campus.log("mac-flap", "acc-2", "Gi1/0/5", other="Gi1/0/6", mac=ROUTER_MAC, ago_s=61)
    campus.log("mac-flap", "acc-2", "Gi1/0/2", other="Gi1/0/6", mac=pc, ago_s=60.5)
    campus.log("mac-flap", "core-1", "Gi1/0/1", other="Gi1/0/2", mac=campus.hosts[0].mac, ago_s=61)
    return campus


def _router_by_direction() -> Campus:
    """Nobody knows the port; the core's stored FDB knows the direction."""
    campus = home_router(2)
    campus.history = []
    before = Campus.default().usual().learn("core-1", ROUTER_MAC, "Gi1/0/2")
    before.remember(age_s=300, only=["core-1"])
    campus.history = before.history
    return campus


def _router_elsewhere() -> Campus:
    """A storm closed acc-2's uplink while a router at acc-3 is heard all the time: two causes."""
    campus = home_router(2).host("router", "acc-3", "Gi1/0/11", mac=ROUTER_MAC)
    return campus.hear(ago_s=4)


def _desk_loop() -> Campus:
    campus = Campus.default().usual().remember().hear(rogue=False)
    campus.rate("acc-3", "Gi1/0/11", 5200).rate("acc-3", "Gi1/0/12", 480)
    campus.rate("core-1", "Gi1/0/3", 5700)
    campus.rate("acc-1", "Gi1/0/24", 5600).rate("acc-2", "Gi1/0/24", 5600)
    campus.log("link-up", "acc-3", "Gi1/0/12", ago_s=50).log(
        "link-up", "acc-3", "Gi1/0/11", ago_s=50
    )
    return campus.storm_on_wire()


def _desk_loop_dark() -> Campus:
    campus = home_router(2)
    campus.captures = []
    campus.hear(rogue=False)
    campus.log("link-up", "acc-2", "Gi1/0/11", ago_s=62).log(
        "link-up", "acc-2", "Gi1/0/12", ago_s=62
    )
    mac = campus.hosts[10].mac
    return campus.log("mac-flap", "acc-2", "Gi1/0/12", other="Gi1/0/11", mac=mac, ago_s=61)


def _jabber() -> Campus:
    campus = Campus.default().usual().remember().hear(rogue=False)
    mac = next(h.mac for h in campus.hosts if h.name == "pc-1-4")
    campus.rate("acc-1", "Gi1/0/4", 9000).rate("core-1", "Gi1/0/1", 9000)
    campus.rate("acc-2", "Gi1/0/24", 9000).rate("acc-3", "Gi1/0/24", 9000)
    return campus.storm_on_wire(repeat=0.0, mac=mac)


def _bpdu_guard() -> Campus:
    campus = _healthy().err_disable("acc-1", "Gi1/0/3", ErrDisableCause.BPDU_GUARD)
    cause = ErrDisableCause.BPDU_GUARD
    return campus.log("err-disabled", "acc-1", "Gi1/0/3", cause=cause)


def _old_err_disabled(campus: Campus) -> Campus:
    before = replace(campus, history=[], ports={n: dict(p) for n, p in campus.ports.items()})
    month = 30 * 86400.0
    for target in (before, campus):
        target.err_disable("acc-3", "Gi1/0/20", ErrDisableCause.LINK_FLAP, since_s=month)
    before.dark = set()
    before.remember(age_s=2 * 86400, only=["acc-3"])
    campus.history += before.history
    return campus


def _storm_closed_unexplained() -> Campus:
    campus = _healthy().err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL)
    return campus.unreachable("acc-2")


def _cable_cut(*, lldp: bool = True) -> Campus:
    campus = Campus.default(lldp=lldp).usual().remember().hear(rogue=False)
    return campus.cut("core-1", "Gi1/0/3").unreachable("acc-3")


def _power_lost() -> Campus:
    campus = Campus.default().cable("acc-1", "Gi1/0/23", "acc-3", "Gi1/0/23").usual().remember()
    campus.hear(rogue=False).cut("core-1", "Gi1/0/3").cut("acc-1", "Gi1/0/23")
    return campus.unreachable("acc-3")


def _uplink_shut() -> Campus:
    return _healthy().shut("core-1", "Gi1/0/3").unreachable("acc-3")


def _probe_silent(campus: Campus) -> Campus:
    """The probe of now heard nobody; the one of an hour ago heard the server."""
    campus.captures = []
    campus.hear(rogue=False, ago_s=3600)
    return campus.capture(
        Capture("lab:noc", probes_sent=2, probed_vlans=(None,), unanswered_vlans=(None,))
    )


def _server_port_shut() -> Campus:
    return _probe_silent(_healthy().shut("core-1", "Gi1/0/10"))


def _duplicate() -> Campus:
    campus = _healthy().host("printer", "acc-3", "Gi1/0/10", mac="00:1b:a9:00:00:07")
    owner = next(h for h in campus.hosts if h.name == "pc-1-2")
    conflict = ArpConflict(str(owner.ip), (owner.mac, "00:1b:a9:00:00:07"))
    return campus.capture(Capture("lab:noc", last=campus.at, arp_conflicts=(conflict,)))


def _repaired() -> Campus:
    """Both desk ports shut, the uplink open again: what is left in log and captures is over."""
    campus = _router_with_syslog()
    fresh = _router_with_history()
    campus.history = fresh.history
    campus.dark.clear()
    campus.ports = {n: dict(p) for n, p in Campus.default().ports.items()}
    for port in ("Gi1/0/5", "Gi1/0/6"):
        campus.shut("acc-2", port)
    return campus


def _unused_ports_shut() -> Campus:
    campus = Campus.default().usual()
    for number in range(13, 20):
        campus.shut("acc-1", f"Gi1/0/{number}")
    campus.shut("acc-2", "Gi1/0/11")  # a desk's, but shut for as long as anyone has looked
    return campus.remember().remember(age_s=86400).hear(rogue=False)


def _laptop_moved() -> Campus:
    campus = _healthy()
    mac = campus.hosts[3].mac
    return campus.log("mac-flap", "acc-1", "Gi1/0/11", other="Gi1/0/4", mac=mac, ago_s=5)


def _last_weeks_storm() -> Campus:
    """The device's own buffer still tells of it."""
    campus = _healthy()
    for event, port, other in (("storm", "Gi1/0/1", None), ("mac-flap", "Gi1/0/1", "Gi1/0/2")):
        campus.log(event, "core-1", port, other=other, mac=campus.hosts[0].mac, ago_s=7 * 86400)
    return campus


def _flapping(device: str, port: str, times: int) -> Campus:
    campus = _healthy()
    for number in range(times):
        campus.log("link-down", device, port, ago_s=500 - 40 * number)
        campus.log("link-up", device, port, ago_s=490 - 40 * number)
    return campus


def _passed(campus: Campus, device: str, port: str, **counts: int) -> Campus:
    """So much more on that port's counters since the stored snapshot of half an hour ago."""
    before = {
        "in_unicast_pkts": 10_000, "out_unicast_pkts": 10_000, "in_broadcast_pkts": 0,
        "out_broadcast_pkts": 0, "in_multicast_pkts": 0, "out_multicast_pkts": 0,
        "in_errors": 0, "fcs_errors": 0, "too_long": 0, "late_collisions": 0,
    }  # fmt: skip
    after = {**before, **{name: before[name] + more for name, more in counts.items()}}
    name = long_name(port)
    old = Counters(at=campus.at - timedelta(minutes=30), **before)
    campus.history = [
        replace(
            s,
            interfaces=tuple(
                replace(i, counters=old) if (s.device, i.name) == (device, name) else i
                for i in s.interfaces
            ),
        )
        for s in campus.history
    ]
    return campus.change(device, port, counters=Counters(at=campus.at, **after))


def _lossy() -> Campus:
    return _passed(_healthy(), "acc-2", "Gi1/0/24", in_unicast_pkts=9_000, in_errors=1_000)


def _few_errors() -> Campus:
    return _passed(_healthy(), "acc-2", "Gi1/0/24", in_unicast_pkts=900_000, in_errors=90)


def _half_duplex() -> Campus:
    campus = _healthy().change("acc-1", "Gi1/0/24", duplex="half")
    campus.change("core-1", "Gi1/0/1", duplex="full")
    return _passed(campus, "acc-1", "Gi1/0/24", in_unicast_pkts=5_000, late_collisions=300)


def _small_mtu() -> Campus:
    campus = Campus.default().usual()
    for switch in campus.ports:
        for port in campus.ports[switch]:
            campus.change(switch, port, mtu=1500)
    campus.remember().hear(rogue=False)
    return campus.change("core-1", "Gi1/0/3", mtu=1400)


def _trunks(campus: Campus) -> Campus:
    for a, pa, b, pb in campus.cables:
        campus.change(a, pa, vlans=(10, 99)).change(b, pb, vlans=(10, 99))
    return campus


def _vlan_missing(vlan: int = 10) -> Campus:
    campus = _trunks(Campus.default()).usual().remember().hear(rogue=False)
    left = tuple(v for v in (10, 99) if v != vlan)
    campus.change("core-1", "Gi1/0/2", vlans=left)
    return campus.unreachable("acc-2") if vlan == 99 else campus


def _pruned() -> Campus:
    """VLAN 20 has users on one floor only: that the others' trunks lack it is as it should be."""
    campus = _trunks(Campus.default())
    campus.change("core-1", "Gi1/0/1", vlans=(10, 20, 99))
    campus.change("acc-1", "Gi1/0/24", vlans=(10, 20, 99)).change(
        "acc-1", "Gi1/0/8", access_vlan=20
    )
    return campus.usual().remember().hear(rogue=False)


def _deaf() -> Campus:
    """The core sends, its neighbour does not get it; all that it sends itself arrives."""
    campus = _healthy().unreachable("acc-3")
    campus.rate("core-1", "Gi1/0/3", 0.0)
    campus.passing["core-1", long_name("Gi1/0/3")] = {"in_unicast_pps": 0.0, "out_unicast_pps": 9.0}
    return campus


def _full() -> Campus:
    campus = _healthy().change("acc-1", "Gi1/0/24", speed_bps=1_000_000_000)
    campus.passing["acc-1", long_name("Gi1/0/24")] = {
        "out_unicast_pps": 80_000.0, "out_octets_per_s": 120e6, "out_discards_per_s": 900.0,
    }  # fmt: skip
    campus.passing["acc-1", long_name("Gi1/0/4")] = {"in_octets_per_s": 110e6}
    return campus


def _made_up_addresses() -> Campus:
    campus = _healthy()
    for number in range(600):
        campus.learn("acc-1", f"02:13:{number // 256:02x}:{number % 256:02x}:7a:11", "Gi1/0/7")
    return campus


def _restricted() -> Campus:
    return _healthy().log("port-security", "acc-2", "Gi1/0/6", mac="3c:a9:f4:00:00:09", ago_s=5)


def _empty_pool() -> Campus:
    campus = _healthy()
    campus.captures = []
    heard = campus.hear(rogue=False).captures[0]
    refusing = tuple(replace(s, offers=0, naks=2) for s in heard.dhcp_servers)
    campus.captures = [
        replace(heard, dhcp_servers=(), unanswered_vlans=(None,)),
        replace(heard, dhcp_servers=refusing, probed_vlans=()),
    ]
    return campus


def _two_with_one_address() -> Campus:
    campus = _healthy()
    mac = "3c:a9:f4:77:00:01"
    for ago in (50, 35, 20, 5):
        campus.log("mac-flap", "acc-1", "Gi1/0/4", other="Gi1/0/7", mac=mac, ago_s=ago)
    return campus


CASES: Mapping[str, tuple[Callable[[], Campus], Truth]] = {
    "rogue-dhcp-server-one-cable": (
        lambda: home_router(1),
        Truth("rogue-dhcp-server", "acc-2", GI + "5", (GI + "5",)),
    ),
    "layer2-loop-home-router-history": (
        _router_with_history,
        Truth("layer2-loop", "acc-2", GI + "5", (GI + "5",)),
    ),
    "layer2-loop-home-router-syslog": (
        _router_with_syslog,
        Truth("layer2-loop", "acc-2", GI + "5", (GI + "5", GI + "6")),
    ),
    "layer2-loop-home-router-nothing-known": (
        lambda: home_router(2),
        Truth("layer2-loop", "acc-2", None, ()),
    ),
    "layer2-loop-home-router-direction-known": (
        _router_by_direction,
        Truth("layer2-loop", "acc-2", None, ()),
    ),
    "layer2-loop-old-err-disabled-elsewhere": (
        lambda: _old_err_disabled(_router_with_syslog()),
        Truth("layer2-loop", "acc-2", GI + "5", (GI + "5", GI + "6"), causes=2),
    ),
    "layer2-loop-desks": (
        _desk_loop,
        Truth("layer2-loop", "acc-3", GI + "11", (GI + "11", GI + "12")),
    ),
    "layer2-loop-desks-dark": (
        _desk_loop_dark,
        Truth("layer2-loop", "acc-2", GI + "11", (GI + "11", GI + "12")),
    ),
    "broadcast-storm-one-card": (
        _jabber,
        Truth("broadcast-storm", "acc-1", GI + "4", (GI + "4",)),
    ),
    "err-disabled-port-uplink-and-a-rogue-elsewhere": (
        _router_elsewhere,
        Truth("err-disabled-port", "core-1", GI + "2", (GI + "2",), causes=2),
    ),
    "err-disabled-port-bpdu-guard": (
        _bpdu_guard,
        Truth("err-disabled-port", "acc-1", GI + "3", (GI + "3",)),
    ),
    "err-disabled-port-uplink-unexplained": (
        _storm_closed_unexplained,
        Truth("err-disabled-port", "core-1", GI + "2", (GI + "2",)),
    ),
    "err-disabled-port-old": (
        lambda: _old_err_disabled(_healthy()),
        Truth("err-disabled-port", "acc-3", GI + "20", (GI + "20",)),
    ),
    "uplink-down-cable-cut": (
        _cable_cut,
        Truth("uplink-down", "core-1", GI + "3", (GI + "3",)),
    ),
    "uplink-down-no-lldp": (
        lambda: _cable_cut(lldp=False),
        Truth("uplink-down", "core-1", GI + "3", (GI + "3",)),
    ),
    "uplink-down-shut": (
        _uplink_shut,
        Truth("uplink-down", "core-1", GI + "3", (GI + "3",)),
    ),
    "device-unreachable-power": (_power_lost, Truth("device-unreachable", "acc-3")),
    "device-unreachable-agent": (
        lambda: _healthy().unreachable("acc-1"),
        Truth("device-unreachable", "acc-1"),
    ),
    "admin-down-port-desk": (
        lambda: _healthy().shut("acc-1", "Gi1/0/4"),
        Truth("admin-down-port", "acc-1", GI + "4", (GI + "4",)),
    ),
    "admin-down-port-of-the-dhcp-server": (
        _server_port_shut,
        Truth("admin-down-port", "core-1", GI + "10", (GI + "10",)),
    ),
    "dhcp-server-down": (
        lambda: _probe_silent(_healthy()),
        Truth("dhcp-server-down", "core-1", GI + "10", (GI + "10",)),
    ),
    "duplicate-address": (
        _duplicate,
        Truth("duplicate-address", "acc-3", GI + "10", (GI + "10",)),
    ),
    "link-flapping-uplink": (
        lambda: _flapping("core-1", "Gi1/0/2", 6),
        Truth("link-flapping", "core-1", GI + "2", (GI + "2",)),
    ),
    "lossy-link-uplink": (_lossy, Truth("lossy-link", "acc-2", GI + "24", (GI + "24",))),
    "unidirectional-link-dark": (
        _deaf,
        Truth("unidirectional-link", "core-1", GI + "3", (GI + "3",)),
    ),
    "congested-link-backup": (_full, Truth("congested-link", "acc-1", GI + "24", (GI + "24",))),
    "duplex-mismatch-uplink": (
        _half_duplex,
        Truth("duplex-mismatch", "acc-1", GI + "24", (GI + "24",)),
    ),
    "mtu-mismatch-changed": (_small_mtu, Truth("mtu-mismatch", "core-1", GI + "3", (GI + "3",))),
    "vlan-missing-on-trunk-users": (
        _vlan_missing,
        Truth("vlan-missing-on-trunk", "core-1", GI + "2", (GI + "2",)),
    ),
    "vlan-missing-on-trunk-management": (
        lambda: _vlan_missing(99),
        Truth("vlan-missing-on-trunk", "core-1", GI + "2", (GI + "2",)),
    ),
    "wrong-access-vlan-changed": (
        lambda: _healthy().change("acc-3", "Gi1/0/5", access_vlan=20),
        Truth("wrong-access-vlan", "acc-3", GI + "5", (GI + "5",)),
    ),
    "mac-table-overflow-macof": (
        _made_up_addresses,
        Truth("mac-table-overflow", "acc-1", GI + "7", (GI + "7",)),
    ),
    "mac-flapping-two-machines": (
        _two_with_one_address,
        Truth("mac-flapping", "acc-1", GI + "4", (GI + "4",)),
    ),
    "port-security-violation-restrict": (
        _restricted,
        Truth("port-security-violation", "acc-2", GI + "6", (GI + "6",)),
    ),
    "bpdu-guard-violation-message": (
        lambda: _healthy().log("bpdu-guard", "acc-2", "Gi1/0/6", ago_s=5),
        Truth("bpdu-guard-violation", "acc-2", GI + "6", (GI + "6",)),
    ),
    "dhcp-pool-exhausted-refuses": (
        _empty_pool,
        Truth("dhcp-pool-exhausted", "core-1", GI + "10", (GI + "10",)),
    ),
    "healthy-few-errors": (_few_errors, Truth("healthy", causes=0)),
    "healthy-a-computer-starts": (
        lambda: _flapping("acc-1", "Gi1/0/4", 3),
        Truth("healthy", causes=0),
    ),
    "healthy-vlan-pruned": (_pruned, Truth("healthy", causes=0)),
    "healthy-desk-changed-on-purpose": (
        lambda: _healthy().change("acc-3", "Gi1/0/5", access_vlan=20, alias="guests"),
        Truth("healthy", causes=0),
    ),
    "healthy": (_healthy, Truth("healthy", causes=0)),
    "healthy-no-history": (
        lambda: Campus.default().hear(rogue=False),
        Truth("healthy", causes=0),
    ),
    "healthy-after-repair": (_repaired, Truth("healthy", causes=0)),
    "healthy-unused-ports-shut": (_unused_ports_shut, Truth("healthy", causes=0)),
    "healthy-laptop-moved": (_laptop_moved, Truth("healthy", causes=0)),
    "healthy-last-weeks-storm": (_last_weeks_storm, Truth("healthy", causes=0)),
}
