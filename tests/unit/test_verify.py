"""Whether the trouble is really over: told from ports, rates, leases, and never from silence."""

from __future__ import annotations

from dataclasses import replace

from netdiag import diagnose, rollcall, ticket, verify
from netdiag.model import Capture, Diagnosis, ErrDisableCause, Kind, OperStatus
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


def call(
    campus: Campus, kept: ticket.Ticket, answers: list[tuple[str, str]] | None, *heard: Capture
):
    seen = look(campus, *heard)
    before = campus.network().snapshots
    return rollcall.call(kept, seen, before, lambda _: answers), seen


def everyone(campus: Campus) -> list[tuple[str, str]]:
    return [(h.mac, h.ip) for h in campus.hosts if h.ip] + [("00:1b:54:01:00:01", "10.10.0.1")]


def verdicts(roll) -> dict[str, Verdict]:
    return {c.what.split(" 10.")[0]: c.verdict for c in rollcall.checks(roll)}


def test_everyone_who_worked_before_answers():
    campus, kept = case()
    roll, seen = call(campus, kept, everyone(campus))
    assert len(roll.right) >= 6
    assert roll.silent == frozenset()
    assert set(verdicts(roll).values()) == {Verdict.PROVEN}
    assert rollcall.to_reconnect(roll, seen) == ()


def test_who_answers_at_an_address_of_the_wrong_server_has_to_reconnect():
    campus, kept = case()
    mac = victim(campus)
    answers = [(m, "192.168.0.104" if m == mac else ip) for m, ip in everyone(campus)]
    roll, seen = call(campus, kept, answers)
    (wrong,) = rollcall.to_reconnect(roll, seen)
    assert (wrong.mac, wrong.ip) == (mac, "192.168.0.104")
    assert wrong.where == "acc-2 GigabitEthernet1/0/1, desk 2F-101"
    assert verdicts(roll)["nobody holds a lease of the wrong server"] is Verdict.FAILED


def test_who_is_silent_on_a_port_that_is_up_is_not_well():
    campus, kept = case()
    mac = victim(campus)
    roll, seen = call(campus, kept, [a for a in everyone(campus) if a[0] != mac])
    assert roll.silent == {mac}
    assert verdicts(roll)["the stations that worked before answer again"] is Verdict.FAILED
    assert [w.ip for w in rollcall.to_reconnect(roll, seen)] == [None]


def test_who_is_silent_on_a_port_that_is_down_is_off():
    campus, kept = case()
    mac = victim(campus)
    answers = [a for a in everyone(campus) if a[0] != mac]
    before = campus.remember(age_s=60.0).network().snapshots
    seen = look(campus.change("acc-2", "Gi1/0/1", oper_status=OperStatus.DOWN))
    roll = rollcall.call(kept, seen, before, lambda _: answers)
    assert roll is not None
    assert roll.off == {mac}
    assert verdicts(roll)["the stations that worked before answer again"] is Verdict.PROVEN


def test_who_sits_behind_the_shut_port_is_left_out():
    campus, kept = case()
    answers = [*everyone(campus), ("02:00:00:00:00:77", "192.168.0.107")]
    campus.learn("acc-2", "02:00:00:00:00:77", "Gi1/0/5")
    roll, _ = call(campus, kept, answers)
    assert roll.wrong == {}


def test_the_wrong_servers_whole_net_is_asked():
    campus, kept = case()
    asked: list[str] = []
    rollcall.call(kept, look(campus), campus.network().snapshots, asked.extend)
    assert {"192.168.0.1", "192.168.0.254"} <= set(asked)


def test_no_sensor_is_unknown_not_proven():
    campus, kept = case()
    roll, _ = call(campus, kept, None)
    assert roll is None
    assert [c.verdict for c in rollcall.checks(roll)] == [Verdict.UNKNOWN]


def test_nobody_known_from_before_is_unknown():
    campus, kept = case()
    roll = rollcall.call(kept, look(campus), (), lambda _: [])
    assert verdicts(roll)["the stations that worked before answer again"] is Verdict.UNKNOWN


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


def test_a_closed_uplink_that_closed_itself_again_is_not_over():
    campus = Campus.default().usual().remember()
    campus.err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL).unreachable("acc-2")
    seen = look(campus)
    assert seen.causes[0].kind is Kind.ERR_DISABLED_PORT
    said = Diagnosis(at=AT, took_s=1.0, causes=seen.causes, findings=seen.findings)
    kept = ticket.diagnosed(ticket.open("T-2", AT), said, AT)
    assert "closed itself again" in (verify.cause_persists(kept, seen) or "")


def test_a_source_behind_a_closed_uplink_is_planned_without_a_port():
    campus = Campus.default().usual().remember()
    campus.err_disable("core-1", "Gi1/0/2", ErrDisableCause.STORM_CONTROL).unreachable("acc-2")
    said = diagnose.answer(look(campus), {}, at=AT)
    opening = next(s for s in said.plan if s.action == "supervised-reopen")
    expect = dict(opening.expect)
    assert (opening.device, opening.interface) == ("core-1", "GigabitEthernet1/0/2")
    assert expect["edge_device"] == "acc-2"
    # The uplink's own number must never become a desk to shut on the switch behind it.
    assert "edge_ports" not in expect
    assert "edge_lines" not in expect
