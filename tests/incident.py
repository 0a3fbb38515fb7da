"""One whole incident on paper, for the tests of what is written: case one from call to closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from netdiag import playbook, report, ticket, topology
from netdiag.files import playbooks
from netdiag.model import (
    BlastRadius,
    Cause,
    Diagnosis,
    Evidence,
    Finding,
    Kind,
    NotChecked,
    Resource,
    Severity,
)
from netdiag.ticket import (
    Action,
    ActionState,
    Check,
    Report,
    Ticket,
    Verdict,
    Verification,
    WrongLease,
)
from tests.networks import ROUTER_MAC, home_router

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
GI = "GigabitEthernet1/0/"


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def finding(
    kind: Kind, severity: Severity, resource: Resource, summary: str, *evidence: Evidence, at: float
) -> Finding:
    return Finding(kind, severity, resource, summary, evidence, after(at), after(at + 30))


def findings() -> tuple[Finding, ...]:
    rogue = Resource("acc-2", GI + "5", 10, ROUTER_MAC)
    closed = Resource("core-1", GI + "2")
    return (
        finding(
            Kind.LAYER2_LOOP,
            Severity.CRITICAL,
            rogue,
            "frames circle between acc-2 Gi1/0/5 and Gi1/0/6",
            Evidence(
                "syslog",
                "mac-flap",
                "Gi1/0/5, Gi1/0/6",
                "acc-2",
                after(-62),
                "%SW_MATM-4-MACFLAP_NOTIF: Host 50c7.bf11.2233 in vlan 10 is flapping between port Gi1/0/5 and port Gi1/0/6",
            ),
            Evidence("capture", "repeat_ratio", "0.97", None, after(-50)),
            at=-62,
        ),
        finding(
            Kind.ROGUE_DHCP_SERVER,
            Severity.MAJOR,
            rogue,
            "50:c7:bf:11:22:33 (TP-Link) offers addresses of 192.168.0.0/24",
            Evidence("probe", "offer", "192.168.0.1", None, after(-600)),
            Evidence("history", "fdb", "acc-2 Gi1/0/5", "acc-2", after(-580)),
            at=-600,
        ),
        finding(
            Kind.ERR_DISABLED_PORT,
            Severity.CRITICAL,
            closed,
            "core-1 Gi1/0/2 was closed by storm-control",
            Evidence("snmp", "cErrDisableIfStatusCause", "stormControl", "core-1", after(5)),
            Evidence(
                "syslog",
                "err-disabled",
                "storm-control",
                "core-1",
                after(-60),
                "%PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2, putting Gi1/0/2 in err-disable state",
            ),
            at=-60,
        ),
        finding(
            Kind.DEVICE_UNREACHABLE,
            Severity.CRITICAL,
            Resource("acc-2"),
            "acc-2 does not answer",
            at=4,
        ),
    )


@cache
def diagnosis() -> Diagnosis:
    network = home_router().network()
    seen = topology.build(network)
    known = findings()
    cause = Cause(
        rank=1,
        kind=Kind.LAYER2_LOOP,
        resource=Resource("acc-2", GI + "5", 10, ROUTER_MAC),
        confidence=0.94,
        because=(known[0].id, known[1].id),
        explains=(known[2].id, known[3].id),
        summary="a home router (TP-Link) on two cables loops acc-2 Gi1/0/5 and Gi1/0/6 and hands out addresses",
        interfaces=(GI + "5", GI + "6"),
        also=(Kind.ROGUE_DHCP_SERVER,),
    )
    book = playbooks.for_kind(cause.kind, (cause,))
    return Diagnosis(
        at=after(8),
        took_s=7.6,
        area="HQ/3F",
        symptom="no network on the third floor",
        causes=(cause,),
        findings=known,
        blast_radius=BlastRadius(("acc-2",), 9, 8, (10,)),
        plan=playbook.plan(book, cause, network, seen),
        advice=playbook.advice(cause, network, seen),
        not_checked=(NotChecked("acc-2", "it does not answer; its last answer is 60 min old"),),
        wiring=report.picture(network, seen),
    )


def actions(ticket_id: str = "T-20260302-001") -> tuple[Action, ...]:
    opened = (f"interface {GI}2", "shutdown", "no shutdown")
    shut = (f"interface {GI}5", "shutdown", f"interface {GI}6", "shutdown")
    done = ActionState.DONE
    first = Action(
        1,
        ticket_id,
        2,
        "core-1",
        GI + "2",
        opened,
        "li.na",
        after(40),
        "supervised-reopen",
        done,
        "core-1(config)#interface GigabitEthernet1/0/2\ncore-1(config-if)#shutdown\ncore-1(config-if)#no shutdown\ncore-1(config-if)#end",
        after(41),
    )
    transcript = "acc-2(config)#interface GigabitEthernet1/0/5\nacc-2(config-if)#shutdown\nacc-2(config-if)#interface GigabitEthernet1/0/6\nacc-2(config-if)#shutdown\nacc-2(config-if)#end"
    second = replace(
        first,
        id=2,
        device="acc-2",
        interface=GI + "5",
        lines=shut,
        at=after(42),
        transcript=transcript,
        finished=after(43),
    )
    return first, second


def verification() -> Verification:
    proven = Verdict.PROVEN
    return Verification(
        at=after(70),
        checks=(
            Check("core-1 GigabitEthernet1/0/2 is up and stays up", proven, "up, for 24 s"),
            Check("broadcasts on acc-2 are back to normal", proven, "at most 2.1/s into any port"),
            Check(
                "only the legitimate DHCP server answers", proven, "10.10.0.2 answered, nobody else"
            ),
            Check("the stations that worked before answer again", proven, "8 of 8 answer"),
        ),
        wrong_leases=(
            WrongLease(
                "00:16:3e:01:00:0b", "192.168.0.102", "pc-2-3", "acc-2 Gi1/0/3, desk 2F-103"
            ),
        ),
    )


def calls() -> tuple[Report, ...]:
    return (
        Report(
            after(-40),
            "Wang Fang",
            "Accounting",
            "HQ",
            "3F",
            "2F-103",
            "no network at all",
            "DNS_PROBE_FINISHED_NO_INTERNET",
            after(-300),
            4,
            "restarted the computer",
        ),
        Report(
            after(-25),
            "陈伟",
            "销售部",
            "HQ",
            "3F",
            "2F-107",
            "网络断了，端口灯不亮",
            None,
            after(-60),
            None,
            None,
        ),
        Report(
            after(-10),
            "J. Ortiz",
            None,
            "HQ",
            "3F",
            None,
            "phone and laptop offline",
            None,
            None,
            2,
            None,
        ),
    )


@cache
def closed() -> Ticket:
    first, *others = calls()
    t = ticket.open("T-20260302-001", first.at, report=first)
    for call in others:
        t = ticket.join(t, call, call.at)
    t = ticket.diagnosed(t, diagnosis(), after(8))
    main = [s.step for s in diagnosis().plan if s.instead_of is None]
    t = ticket.approved(t, main, after(35), "li.na")
    for action in actions():
        t = ticket.acted(t, action, action.finished or action.at)
    t = ticket.verified(t, verification(), after(70))
    return ticket.close(t, after(90), "li.na")
