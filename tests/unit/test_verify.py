"""Whether the trouble is really over: told from ports, rates, leases, and never from silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from netdiag import diagnose, ticket, verify
from netdiag.model import ArpEntry, Capture, Diagnosis, ErrDisableCause, Kind, Station
from netdiag.ticket import Check, Verdict
from tests.networks import AT, ROUTER_MAC, Campus, home_router

EDGE = "GigabitEthernet1/0/5"
OTHER = "GigabitEthernet1/0/6"


def look(campus: Campus, *heard: Capture) -> diagnose.Look:
    network = campus.network()
    network = replace(network, captures=(*heard, *network.captures))
    return replace(diagnose.conclude(network), heard=heard)


def case(cables: int = 1) -> tuple[Campus, ticket.Ticket]:
    campus = home_router(cables)
    seen = look(campus)
    said = Diagnosis(at=AT, took_s=1.0, causes=seen.causes, findings=seen.findings)
    return campus, ticket.diagnosed(ticket.open("T-1", AT), said, AT)


def test_the_cause_persists_while_its_port_is_up():
    campus, kept = case()
    assert kept.cause is not None
    assert kept.cause.resource.interface == EDGE
    assert "still up" in (verify.cause_persists(kept, look(campus)) or "")


def test_the_cause_is_gone_when_its_port_is_shut_and_all_is_quiet():
    campus, kept = case()
    assert verify.cause_persists(kept, look(campus.shut("acc-2", EDGE))) is None


def test_a_shut_port_with_the_storm_still_there_is_not_over():
    campus, kept = case()
    campus.shut("acc-2", EDGE).rate("acc-2", OTHER, 900.0)
    assert "900 broadcasts/s" in (verify.cause_persists(kept, look(campus)) or "")


def test_a_silent_switch_proves_nothing():
    campus, kept = case()
    persists = verify.cause_persists(kept, look(campus.shut("acc-2", EDGE).unreachable("acc-2")))
    assert "does not answer" in (persists or "")


def test_a_closed_uplink_stays_closed_while_the_loop_behind_it_lives():
    campus = home_router(2)
    reason = verify.blocking_cause(look(campus), "core-1", "GigabitEthernet1/0/2")
    assert reason is not None
    assert "acc-2" in reason


def test_a_port_closed_for_its_own_reason_may_be_reopened():
    campus = Campus.default().usual().remember()
    campus.err_disable("acc-1", EDGE, ErrDisableCause.PORT_SECURITY)
    seen = look(campus)
    assert [c.kind for c in seen.causes] == [Kind.ERR_DISABLED_PORT]
    assert verify.blocking_cause(seen, "acc-1", EDGE) is None


def victim(campus: Campus) -> str:
    return next(h.mac for h in campus.hosts if h.name == "pc-2-1")


def heard(*stations: Station) -> Capture:
    return Capture(source="lab:noc", first=AT, last=AT, stations=stations)


def test_a_station_that_calls_itself_by_the_routers_net_holds_a_wrong_lease():
    campus, kept = case()
    mac = victim(campus)
    legit = campus.network().captures[0]
    now = replace(legit, stations=(Station(mac, "192.168.0.104", last=AT),))
    (wrong,) = verify.wrong_leases(look(campus, now), since=AT - timedelta(hours=1))
    assert (wrong.mac, wrong.ip) == (mac, "192.168.0.104")
    assert wrong.where == "acc-2 GigabitEthernet1/0/1, desk 2F-101"
    assert kept.cause is not None
    assert kept.cause.resource.mac == ROUTER_MAC


def test_who_calls_itself_by_the_right_net_again_is_well():
    campus, _ = case()
    mac = victim(campus)
    legit = campus.network().captures[0]
    earlier = replace(legit, stations=(Station(mac, "192.168.0.104", last=AT),))
    campus.captures.append(earlier)
    now = replace(legit, stations=(Station(mac, "10.10.2.1", last=AT),))
    assert verify.wrong_leases(look(campus, now), since=AT - timedelta(hours=1)) == ()


def test_who_sits_behind_the_shut_port_is_left_out():
    campus, _ = case()
    legit = campus.network().captures[0]
    mac = victim(campus)
    now = replace(legit, stations=(Station(mac, "192.168.0.104", last=AT),))
    shut = frozenset({("acc-2", "GigabitEthernet1/0/1")})
    assert verify.wrong_leases(look(campus, now), since=AT - timedelta(hours=1), shut=shut) == ()


def test_nothing_heard_is_unknown_not_proven():
    campus, _ = case()
    (only,) = verify._servers(look(campus))
    assert only == Check(only.what, Verdict.UNKNOWN, "no sensor could probe")


def test_a_server_heard_before_the_repair_does_not_count_as_answering_now():
    campus, _ = case()
    probe = next(c for c in campus.network().captures if c.probed_vlans)
    legit_only = replace(
        probe, dhcp_servers=tuple(s for s in probe.dhcp_servers if s.mac != ROUTER_MAC)
    )
    (only,) = verify._servers(look(campus, legit_only))
    assert only.verdict is Verdict.PROVEN, only.detail
    (only,) = verify._servers(look(campus, probe))
    assert only.verdict is Verdict.FAILED
    assert ROUTER_MAC in only.detail


def test_the_stations_of_before_are_those_of_the_harmed_switch():
    campus, kept = case()
    before = tuple(s for s in campus.network().snapshots)
    macs = {h.mac for h in campus.hosts if h.switch == "acc-2" and h.ip}
    found = dict(verify._stations_before(kept, look(campus), before))
    assert set(found) <= macs
    assert len(found) >= 6
    assert all(isinstance(a, ArpEntry) for s in before for a in s.arp)
