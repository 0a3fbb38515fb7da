"""SNMP, command line and messages about closed ports, end to end: they agree, or their difference is a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netdiag import checks
from netdiag.decode.merge import merge
from netdiag.model import (
    AdminStatus,
    Device,
    ErrDisableCause,
    ErrDisabled,
    Finding,
    Interface,
    Kind,
    LogEvent,
    Network,
    OperStatus,
    Severity,
    Snapshot,
)
from netdiag.topology import Topology
from tests.unit.test_syslog import AT

PORT = "GigabitEthernet1/0/2"
STORM = ErrDisabled(ErrDisableCause.STORM_CONTROL, "stormControl")
GUARD = ErrDisabled(ErrDisableCause.BPDU_GUARD, "bpduguard")
DOWN = Interface(PORT, admin_status=AdminStatus.UP, oper_status=OperStatus.DOWN)
UP = replace(DOWN, oper_status=OperStatus.UP)


def seen(source: str, port: Interface, **facts: object) -> Snapshot:
    return Snapshot(
        "sw-1",
        "192.0.2.1",
        AT,
        True,
        platform="cisco_ios",
        interfaces=(port,),
        sources=(source,),
        **facts,  # type: ignore[arg-type]
    )


def findings(snapshot: Snapshot, *log: LogEvent) -> tuple[Finding, ...]:
    whole = replace(snapshot, log=(*snapshot.log, *log))
    network = Network(at=AT, devices=(Device("sw-1", "192.0.2.1"),), snapshots=(whole,))
    return tuple(
        f for f in checks.run(network, Topology(network)) if f.kind is Kind.ERR_DISABLED_PORT
    )


def closed_by_message(cause: ErrDisableCause) -> LogEvent:
    return LogEvent(AT, "sw-1", "PM-4-ERR_DISABLE", "err-disabled", PORT, cause=cause, raw="…")


def test_three_channels_that_agree_are_one_finding_without_a_word_of_difference():
    both = merge(
        seen("snmp", replace(DOWN, err_disabled=STORM)),
        seen("ssh", replace(DOWN, err_disabled=replace(STORM, vendor_cause="storm-control"))),
    )
    (only,) = findings(both, closed_by_message(ErrDisableCause.STORM_CONTROL))
    assert "differs" not in only.summary
    assert {e.what for e in only.evidence} == {"err_disabled", "err-disabled"}


@pytest.mark.parametrize(
    ("snmp", "ssh", "said"),
    [
        (replace(DOWN, err_disabled=STORM), replace(DOWN, err_disabled=GUARD), "closed for stormControl by SNMP and for bpduguard by the command line"),
        (replace(DOWN, err_disabled=STORM), DOWN, "err-disabled (stormControl) by SNMP and not err-disabled by the command line"),
        (DOWN, replace(DOWN, err_disabled=GUARD), "err-disabled (bpduguard) by the command line and not err-disabled by SNMP"),
    ],
    ids=["two causes", "only SNMP", "only the command line"],
)  # fmt: skip
def test_where_snmp_and_the_command_line_differ_it_is_a_finding(snmp, ssh, said):
    (only,) = findings(merge(seen("snmp", snmp), seen("ssh", ssh)))
    told = [e for e in only.evidence if e.what == "contradiction"]
    assert said in told[0].value
    assert only.resource.interface == PORT


def test_where_its_own_message_names_another_cause_it_is_a_finding():
    snapshot = seen("snmp", replace(DOWN, err_disabled=STORM))
    (only,) = findings(snapshot, closed_by_message(ErrDisableCause.BPDU_GUARD))
    told = " ".join(e.value for e in only.evidence if e.what == "contradiction")
    assert told == "closed for storm-control by its tables and for bpdu-guard by its own message"
    assert "syslog" in {e.source for e in only.evidence}


@pytest.mark.parametrize("cause", [ErrDisableCause.OTHER, ErrDisableCause.STORM_CONTROL])
def test_a_message_without_a_clear_cause_contradicts_nobody(cause):
    (only,) = findings(seen("snmp", replace(DOWN, err_disabled=STORM)), closed_by_message(cause))
    assert "differs" not in only.summary


def test_a_table_that_calls_an_open_port_closed_is_a_warning():
    odd = f"{PORT}: cpscStatus is shutdown, and ifOperStatus is up"
    (only,) = findings(seen("snmp", UP, contradictions=(odd,)))
    assert only.severity is Severity.WARNING
    assert "what its channels say of it differs: cpscStatus is shutdown" in only.summary
    assert "drops in silence" in only.summary


def test_other_differences_are_no_closed_ports():
    sentences = (
        f"{PORT}: duplex is full by SNMP and half by the command line",
        "nowhere: closed for x",
    )
    assert findings(seen("snmp", UP, contradictions=sentences)) == ()
