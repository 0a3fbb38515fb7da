"""The packaged campus at work: leases, pings, sensors, management in band, and equal runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

import pytest

from netdiag.errors import DecodeError, UsageError
from netdiag.lab import campus, frames
from netdiag.lab.dataplane import SwitchEvent
from netdiag.lab.frames import Arp, Dhcp

TOPOLOGY = campus.load(None)
UPLINK = "GigabitEthernet1/0/24"


def start(seed: int = 0, until: float = 8.0) -> campus.Campus:
    built = campus.build(TOPOLOGY, seed)
    built.run_until(until)
    return built


def run(built: campus.Campus, seconds: float) -> None:
    built.run_until(built.now() + seconds)


def dhcp_of(octets: bytes) -> tuple[bytes, Dhcp] | None:
    """(destination MAC, message) of a frame that carries DHCP."""
    try:
        datagram = frames.decode_udp(frames.decode_ipv4(octets))
        return octets[:6], frames.decode_dhcp(datagram.payload)
    except DecodeError:
        return None


def messages(heard: list[bytes], mac: bytes) -> Iterator[tuple[bytes, Dhcp]]:
    for octets in heard:
        found = dhcp_of(octets)
        if found and found[1].chaddr == mac:
            yield found


def _keep(heard: list[bytes], _at: float, octets: bytes) -> None:
    heard.append(octets)


def discover(mac: bytes, xid: int = 0x1234, name: bytes = b"probe") -> bytes:
    message = Dhcp(1, xid, mac, ((53, b"\1"), (12, name)), flags=frames.FLAG_BROADCAST)
    datagram = frames.Datagram(68, 67, frames.encode_dhcp(message))
    udp = frames.encode_udp(datagram, frames.ANY_IP, frames.ALL_IP)
    packet = frames.Packet(frames.ANY_IP, frames.ALL_IP, 17, udp)
    return frames.ethernet(frames.BROADCAST, mac, frames.ETHERTYPE_IPV4, frames.encode_ipv4(packet))


def test_every_pc_gets_a_lease_and_reaches_its_gateway() -> None:
    built = start()
    addresses = [host.ip for host in built.hosts]
    assert len(set(addresses)) == 24
    assert all(ip and ip.startswith("10.10.1.") for ip in addresses)
    for host in built.hosts:
        lease = host.lease
        assert lease is not None
        assert (lease.mask, lease.router, lease.dns) == ("255.255.0.0", "10.10.0.1", ("10.10.0.2",))
        assert (lease.server, lease.server_mac) == ("10.10.0.2", built.dhcp_servers[0].mac)
        assert built.ping(host.name, "10.10.0.1")
    assert built.ping("pc-1f-101", built.host("pc-3f-108").ip or "")
    assert not built.ping("pc-1f-101", "10.10.77.77")
    assert all(host.gateway_answers for host in built.hosts)


def test_a_lease_from_end_to_end_in_bytes() -> None:
    built = start()
    windows, linux = built.host("pc-1f-101"), built.host("pc-1f-102")
    for host in (windows, linux):
        heard: list[bytes] = []
        stop = built.tap(host.name, partial(_keep, heard))
        host.renew()
        run(built, 2)
        stop()
        run(built, 2)
        talk = list(messages(heard, host.mac))
        assert [m.type for _, m in talk] == [1, 2, 3, 5]
        (_, discover_), (to, offer), (_, request), (_, ack) = talk
        assert all(len(octets) >= 60 for octets in heard)
        assert discover_.option(12) == host.name.encode()
        assert discover_.option(61) == b"\1" + host.mac
        assert offer.option(54) == bytes((10, 10, 0, 2))
        assert offer.option(1) == bytes((255, 255, 0, 0))
        assert offer.option(3) == bytes((10, 10, 0, 1))
        assert offer.option(51) == (3600).to_bytes(4, "big")
        assert request.option(54) == offer.option(54)
        assert request.option(50) == offer.yiaddr == ack.yiaddr == frames.ip_bytes(host.ip or "")
        assert len({m.xid for _, m in talk}) == 1
        # Who asks for broadcast answers gets them; the others are answered at their own address.
        assert to == (frames.BROADCAST if host is windows else host.mac)


def test_a_lease_is_renewed_at_half_time_and_kept() -> None:
    built = start()
    host = built.host("pc-2f-103")
    heard: list[bytes] = []
    built.tap("pc-2f-103", lambda _at, octets: heard.append(octets))
    before = host.lease
    assert before is not None
    built.run_until(before.since + 1795)
    assert not list(messages(heard, host.mac))
    built.run_until(before.since + 1805)
    asked = [m for _, m in messages(heard, host.mac)]
    assert [m.type for m in asked] == [3, 5]
    assert frames.ip_text(asked[0].ciaddr) == before.ip
    assert asked[0].option(54) is None
    assert host.lease is not None
    assert host.lease.since > before.since
    assert host.ip == before.ip


def test_without_a_server_a_lease_runs_out_and_comes_back() -> None:
    built = start()
    injected = built.inject("dhcp-server-down")
    built.run_until(3700)
    assert [host.ip for host in built.hosts] == [None] * 24
    built.revert(injected)
    run(built, 140)
    assert all(host.ip for host in built.hosts)


def test_a_link_bounce_makes_a_pc_ask_again() -> None:
    built = start()
    heard: list[bytes] = []
    built.tap("pc-1f-105", lambda _at, octets: heard.append(octets))
    host = built.host("pc-1f-105")
    port = built.home("pc-1f-105")
    built.switch(port[0]).set_admin(port[1], up=False)
    assert not host.port.up
    run(built, 1)
    built.switch(port[0]).set_admin(port[1], up=True)
    run(built, 3)
    assert [m.type for _, m in messages(heard, host.mac)] == [1, 2, 3, 5]
    assert built.ping(host.name, "10.10.0.1")


def test_a_second_server_wins_some_races_and_its_victims_are_lost() -> None:
    built = start()
    truth = built.inject("home-router", 5, cables=1, switch="acc-2")
    run(built, 2)
    for host in built.hosts:
        host.renew()
    run(built, 8)
    wrong = [h for h in built.hosts if h.lease and h.lease.router == "192.168.0.1"]
    right = [h for h in built.hosts if h.lease and h.lease.router == "10.10.0.1"]
    assert len(wrong) + len(right) == 24
    assert 3 <= len(wrong) <= 21
    assert {h.lease.server_mac for h in wrong if h.lease} == {truth.mac}
    assert not built.ping(wrong[0].name, "10.10.0.1")
    assert built.ping(wrong[0].name, "192.168.0.1")
    # The lease stays wrong when the router is gone, and the PC goes on asking for its gateway.
    built.revert(truth)
    heard: list[bytes] = []
    run(built, 40)
    built.tap(wrong[0].name, lambda _at, octets: heard.append(octets))
    run(built, 10)
    asked = [frames.decode_arp(o) for o in heard if o[12:14] == frames.ETHERTYPE_ARP]
    mine = [a for a in asked if a.sender_mac == wrong[0].mac]
    assert len(mine) >= 2
    assert {frames.ip_text(a.target_ip) for a in mine} == {"192.168.0.1"}
    assert not wrong[0].gateway_answers
    wrong[0].renew()
    run(built, 5)
    assert (wrong[0].ip or "").startswith("10.10.1.")


@pytest.mark.parametrize("copy", [False, True])
def test_the_sensor_sees_both_servers_answer_and_can_tell_them_apart(copy: bool) -> None:
    built = start()
    truth = built.inject("rogue-dhcp-server", 2, copy_server_id=copy)
    run(built, 1)
    probe = bytes.fromhex("02aabbccdd01")
    heard: list[bytes] = []
    built.tap("noc", lambda _at, octets: heard.append(octets))
    built.send("noc", discover(probe))
    run(built, 1)
    offers = [(o[6:12], m) for o in heard for f in [dhcp_of(o)] if f for m in [f[1]] if m.type == 2]
    assert {m.chaddr for _, m in offers} == {probe}
    by_source = {frames.mac_text(source): m for source, m in offers}
    assert set(by_source) == {truth.mac, built.dhcp_servers[0].mac}
    expected = "10.10.0.2" if copy else "192.168.0.1"
    assert frames.ip_text(by_source[truth.mac or ""].option(54) or b"") == expected
    assert by_source[truth.mac or ""].option(3) == bytes((192, 168, 0, 1))
    # Its own frame is not echoed to the sender's tap.
    assert not any(o[6:12] == probe for o in heard)


def test_a_probe_does_not_use_the_pool_up() -> None:
    built = start()
    for number in range(300):
        built.send("noc", discover(b"\2\0\0\0" + number.to_bytes(2, "big"), number))
        run(built, 1)
    heard: list[bytes] = []
    built.tap("noc", lambda _at, octets: heard.append(octets))
    built.send("noc", discover(bytes.fromhex("02aabbccdd02")))
    run(built, 1)
    assert list(messages(heard, bytes.fromhex("02aabbccdd02")))


def test_an_rfc_5227_probe_is_answered_by_every_owner() -> None:
    built = start()
    truth = built.inject("duplicate-address", 1)
    victim = built.host(dict(truth.options)["victim"])
    heard: list[bytes] = []
    built.tap("noc", lambda _at, octets: heard.append(octets))
    probe = bytes.fromhex("02aabbccdd03")
    ip = frames.ip_bytes(victim.ip or "")
    built.send(
        "noc", frames.encode_arp(Arp(1, probe, frames.ANY_IP, bytes(6), ip), frames.BROADCAST)
    )
    run(built, 1)
    replies = [frames.decode_arp(o) for o in heard if o[:6] == probe]
    assert {a.operation for a in replies} == {2}
    assert {frames.mac_text(a.sender_mac) for a in replies} == {truth.mac, victim.mac.hex(":")}
    assert {a.sender_ip for a in replies} == {ip}


def test_quiet_campus_has_a_small_baseline_of_broadcasts() -> None:
    built = start(until=30)
    heard: list[bytes] = []
    built.tap("noc", lambda _at, octets: heard.append(octets))
    run(built, 60)
    broadcasts = [o for o in heard if o.startswith(frames.BROADCAST)]
    assert 0.5 * 60 < len(broadcasts) < 10 * 60
    assert all(len(o) >= 60 for o in heard)
    roots = {frames.decode_bpdu(o).root_priority for o in heard if o[:6] == frames.BPDU_MULTICAST}
    assert roots == {24576}


def test_the_core_resolves_addresses_and_knows_its_neighbours() -> None:
    built = start(until=70)
    core = built.switch("core-1")
    arp = {(e.ip, e.mac, e.interface) for e in core.arp()}
    for host in built.hosts:
        assert (host.ip, host.mac.hex(":"), "Vlan10") in arp
    assert ("10.99.0.12", built.switch("acc-2").mac, "Vlan99") in arp
    assert [(n.port[-5:], n.sys_name, n.port_id) for n in core.neighbors()] == [
        ("1/0/1", "acc-1", "Gi1/0/24"),
        ("1/0/2", "acc-2", "Gi1/0/24"),
        ("1/0/3", "acc-3", "Gi1/0/24"),
    ]
    acc = built.switch("acc-1")
    assert acc.stp_root(10) == (24576, core.mac, UPLINK)
    on_desk = [e for e in acc.fdb() if e.port == "GigabitEthernet1/0/3" and e.vlan == 10]
    assert [e.mac for e in on_desk] == [built.host("pc-1f-103").mac.hex(":")]


def test_a_cut_off_switch_is_unreachable_and_its_messages_are_not_delivered() -> None:
    built = start()
    events: list[tuple[SwitchEvent, bool]] = []
    built.subscribe(lambda event, delivered: events.append((event, delivered)))
    core, acc = built.switch("core-1"), built.switch("acc-2")
    assert acc.reachable()
    core.set_admin("GigabitEthernet1/0/2", up=False)
    assert not acc.reachable()
    assert core.reachable()
    assert built.switch("acc-1").reachable()
    acc.set_admin("GigabitEthernet1/0/9", up=False)
    told = {(e.switch, e.facility, e.if_index): delivered for e, delivered in events}
    assert told[("core-1", "LINK-5-CHANGED", 10102)] is True
    assert told[("acc-2", "LINK-3-UPDOWN", 10124)] is False
    assert told[("acc-2", "LINK-5-CHANGED", 10109)] is False
    core.set_admin("GigabitEthernet1/0/2", up=True)
    run(built, 0.2)
    assert acc.reachable()
    acc.set_trunk(UPLINK, (10,))  # the management VLAN is no longer allowed
    run(built, 0.2)
    assert not acc.reachable()
    built.unplug("core-1", "GigabitEthernet1/0/20")  # the operations centre's own cable
    assert not core.reachable()


def test_a_full_queue_on_the_way_makes_management_lossy() -> None:
    built = start()
    port = built.switch("acc-2").soft_port(UPLINK)
    for number in range(200):
        port.send(bytes(12) + number.to_bytes(2, "big") + bytes(100))
    assert not built.switch("acc-2").reachable()
    assert built.switch("acc-1").reachable()
    run(built, 0.5)
    assert built.switch("acc-2").reachable()


def _digest(seed: int) -> tuple[str, str, int]:
    built = campus.build(TOPOLOGY, seed)
    seen = hashlib.sha256()
    events: list[tuple[SwitchEvent, bool]] = []
    built.subscribe(lambda event, delivered: events.append((event, delivered)))
    for node in ("noc", "pc-2f-104"):
        built.tap(node, lambda at, octets: seen.update(f"{at!r}".encode() + octets))
    built.run_until(6)
    built.inject("home-router", 4, delay=0.5)
    built.run_until(8.5)
    views = [switch.ports() for switch in built.switches()]
    return seen.hexdigest(), repr((events, views, built.status())), built.engine.events


def test_equal_seeds_and_calls_give_equal_bytes_and_counters() -> None:
    first = _digest(7)
    assert _digest(7) == first
    assert _digest(8) != first


def test_time_in_small_steps_or_large_is_the_same() -> None:
    one, many = start(3, until=0.0), start(3, until=0.0)
    one.run_until(5)
    for step in range(1, 501):
        many.run_until(step / 100)
    assert repr(one.status()) == repr(many.status())
    one.run_until(4)  # never back
    assert one.now() == 5


def test_what_does_not_exist_is_said() -> None:
    built = start(until=0)
    with pytest.raises(UsageError, match="no station 'pc-9'"):
        built.host("pc-9")
    with pytest.raises(UsageError, match="noc is a sensor"):
        built.host("noc")
    with pytest.raises(UsageError, match=r"no switch 'acc-9': core-1, acc-1"):
        built.switch("acc-9")
    with pytest.raises(UsageError, match="14 to 1518 octets"):
        built.send("noc", b"short")
    with pytest.raises(UsageError, match="has a cable already"):
        built.plug("acc-1", "GigabitEthernet1/0/1", built.host("pc-1f-102").port)
