"""Messages of real devices become events, and no line raises."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.collect import logs
from netdiag.decode import syslog, syslog_header
from netdiag.errors import CollectError
from netdiag.model import LogEvent
from netdiag.names import long_name
from tests import conformance

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def event(
    message: str, header: str = "Nov 22 07:59:00: ", clock: datetime | None = None
) -> LogEvent:
    found = syslog.parse_line(header + message, at=AT, clock=clock)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "%PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2, putting Gi1/0/2 in err-disable state",
            ("err-disabled", "GigabitEthernet1/0/2", None, None, None, "storm-control"),
        ),
        (
            "%PM-SP-4-ERR_DISABLE: bpduguard error detected on Gi4/1, putting Gi4/1 in err-disable state",
            ("err-disabled", "GigabitEthernet4/1", None, None, None, "bpdu-guard"),
        ),
        (
            "%PM-4-ERR_DISABLE_VP: bpduguard error detected on Gi1/0/1, vlan 10. Putting Gi1/0/1 in err-disable state.",
            ("err-disabled", "GigabitEthernet1/0/1", None, 10, None, "bpdu-guard"),
        ),
        (
            "%PM-4-ERR_RECOVER: Attempting to recover from psecure-violation err-disable state on Fa0/3",
            ("err-recover", "FastEthernet0/3", None, None, None, "port-security"),
        ),
        (
            "%STORM_CONTROL-3-SHUTDOWN: A packet storm was detected on Gi0/24. The interface has been disabled.",
            ("storm", "GigabitEthernet0/24", None, None, None, "storm-control"),
        ),
        (
            "%STORM_CONTROL-3-FILTERED: A Broadcast storm detected on Te1/0/3. A packet filter action has been applied on the interface",
            ("storm", "TenGigabitEthernet1/0/3", None, None, None, None),
        ),
        (
            "%ETHCNTR-3-LOOP_BACK_DETECTED: Keepalive packet loop-back detected on GigabitEthernet0/1.",
            ("loop", "GigabitEthernet0/1", None, None, None, None),
        ),
        (
            "%SW_MATM-4-MACFLAP_NOTIF: Host 0017.0e82.0850 in vlan 254 is flapping between port Gi0/24 and port Gi0/25",
            ("mac-flap", "GigabitEthernet0/24", "GigabitEthernet0/25", 254, "00:17:0e:82:08:50", None),
        ),
        (
            "%SW_MATM-4-MACFLAP_NOTIF: Host 0017.0e82.0850 in vlan 254 is flapping between port Gi0/24 and port",
            ("mac-flap", "GigabitEthernet0/24", None, 254, "00:17:0e:82:08:50", None),
        ),
        (
            "%SW_MATM-4-MACFLAP_NOTIF: Host 0017.0e82.0850 in vlan 254 is flapping between port and port Gi0/25",
            ("mac-flap", None, "GigabitEthernet0/25", 254, "00:17:0e:82:08:50", None),
        ),
        (
            "%C4K_EBM-4-HOSTFLAPPING: Host 00:17:0E:82:08:50 in vlan 254 is moving from port Gi3/4 to port Po12",
            ("mac-flap", "GigabitEthernet3/4", "Port-channel12", 254, "00:17:0e:82:08:50", None),
        ),
        (
            "%MAC_MOVE-SP-4-NOTIF: Host 0017.0e82.0850 in vlan 7 is flapping between port Gi1/1 efp_id 3 and port Gi1/2",
            ("mac-flap", "GigabitEthernet1/1", "GigabitEthernet1/2", 7, "00:17:0e:82:08:50", None),
        ),
        (
            "%LINK-3-UPDOWN: Interface GigabitEthernet1/0/5, changed state to up",
            ("link-up", "GigabitEthernet1/0/5", None, None, None, None),
        ),
        (
            "%LINK-5-CHANGED: Interface FastEthernet0/1, changed state to administratively down",
            ("link-down", "FastEthernet0/1", None, None, None, None),
        ),
        (
            "%LINEPROTO-5-UPDOWN: Line protocol on Interface Vlan10, changed state to down",
            ("link-down", "Vlan10", None, None, None, None),
        ),
        (
            "%PORT_SECURITY-2-PSECURE_VIOLATION:Security violation occurred caused by MAC 0011.2233.4455 on port Gi0/7.",
            ("port-security", "GigabitEthernet0/7", None, None, "00:11:22:33:44:55", None),
        ),
        (
            "%SPANTREE-2-BLOCK_BPDUGUARD: Received BPDU on port GigabitEthernet4/1 with BPDU Guard enabled. Disabling port.",
            ("bpdu-guard", "GigabitEthernet4/1", None, None, None, "bpdu-guard"),
        ),
        (
            "%DHCP_SNOOPING-5-DHCP_SNOOPING_UNTRUSTED_PORT: DHCP_SNOOPING drop message on untrusted port, message type: DHCPOFFER, MAC sa: 0011.2233.4455",
            ("dhcp-snooping", None, None, None, "00:11:22:33:44:55", None),
        ),
        (
            "%SPANTREE-2-LOOPGUARD_BLOCK: Loop guard blocking port GigabitEthernet0/39 on VLAN0252.",
            ("other", "GigabitEthernet0/39", None, 252, None, None),
        ),
        ("%SYS-5-CONFIG_I: Configured from console", ("other", None, None, None, None, None)),
        ("%PM-4-ERR_DISABLE: something new", ("err-disabled", None, None, None, None, None)),
    ],
)  # fmt: skip
def test_a_message_is_understood(message, expected):
    e = event(message)
    assert (e.event, e.interface, e.other_interface, e.vlan, e.mac, e.cause) == expected
    assert e.mnemonic == message[1:].split(":")[0]
    assert e.raw.endswith(message)


@pytest.mark.parametrize(
    ("header", "at", "host"),
    [
        ("<189>1234: core-1: 6340004: Nov 22 06:01:02: ", "2026-11-22T06:01:02+00:00", "core-1"),
        ("<189>core-1: 2025 Nov 22 06:01:02.123 CET: ", "2025-11-22T05:01:02.123000+00:00", "core-1"),
        (".Nov 22 06:01:02.5: ", "2026-11-22T06:01:02.500000+00:00", None),
        ("*Nov 22 06:01:02: ", None, None),
        ("000123: 1d02h: ", None, None),
        ("00:01:01: ", None, None),
        ("Nov 22 06:01:02.123 IST: ", None, None),
        # Without a year: the last such day before it was read.
        ("Dec 31 23:59:59: ", "2025-12-31T23:59:59+00:00", None),
        ("Feb 30 00:00:00: ", None, None),
        # The syslog server's time and host, then the device's own.
        ("Nov 22 06:01:02 core-1 123: *Mar  1 00:01:02.123: ", "2026-11-22T06:01:02+00:00", "core-1"),
        ("<189>Nov 22 06:01:02 10.0.0.1 123: *Mar  1 00:01:02.123: ", "2026-11-22T06:01:02+00:00", "10.0.0.1"),
        ("2026-11-22T08:01:02.5+02:00 2001:db8::1 77: ", "2026-11-22T06:01:02.500000+00:00", "2001:db8::1"),
        ("RP/0/RP0/CPU0:Nov 22 06:01:02: config[65539]: ", "2026-11-22T06:01:02+00:00", None),
    ],
)  # fmt: skip
def test_every_form_of_header(header, at, host):
    e = event("%LINK-3-UPDOWN: Interface Gi1/0/5, changed state to up", header)
    assert (e.at and e.at.isoformat(), e.device) == (at, host)
    assert e.interface == "GigabitEthernet1/0/5"


def test_times_without_a_zone_are_in_the_readers_zone():
    local = AT.astimezone(timezone(timedelta(hours=8)))
    e = syslog.parse_line("Nov 22 15:00:00 core-1 1: %SYS-5-RESTART: x", at=local)
    assert e is not None
    assert e.at == datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def test_a_clock_that_nobody_set_is_corrected_by_what_it_shows_now():
    clock = syslog_header.device_clock("*00:41:26.251 UTC Mon Mar 1 1993")
    assert clock == datetime(1993, 3, 1, 0, 41, 26, 251000, tzinfo=UTC)
    e = event("%SYS-5-RESTART: x", "*Mar  1 00:40:26.251: ", clock=clock)
    assert e.at == AT - timedelta(minutes=1)
    assert syslog_header.device_clock("15:33:03.949 CET Tue Oct 22 2013") is None
    assert syslog_header.device_clock("% Invalid input") is None


def test_show_logging_with_wrapped_lines():
    text = (
        "Syslog logging: enabled (0 messages dropped)\n\nLog Buffer (10000 bytes):\n\n"
        "Nov 22 07:00:00.123: %PM-4-ERR_DISABLE: storm-control error detected on Gi1/0/2,\n"
        "putting Gi1/0/2 in err-disable state\n"
        "022702: Nov 22 07:00:01: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/2, changed state to down\n"
        "\ncore-1#"
    )
    first, second = syslog.parse(text, at=AT)
    assert (first.event, first.interface) == ("err-disabled", "GigabitEthernet1/0/2")
    assert first.raw.endswith("in err-disable state")
    assert (second.event, second.at) == ("link-down", AT.replace(hour=7, second=1))


@given(st.text(max_size=300))
def test_no_line_raises(text):
    syslog.parse(text, at=AT)
    syslog.parse_line(text, at=AT)


_PREFIX = st.sampled_from(
    ["<189>1: h: Nov 22 01:02:03: %", "*Feb 30 99:99:99.1 XX: %PM-4-ERR_DISABLE: ", "%SW_MATM-4-MACFLAP_NOTIF: Host ",
     "2026-13-45T00:00:00Z %LINK-3-UPDOWN: Interface ", "%PM-4-ERR_DISABLE: x error detected on Gi",
     "0001 Jan  1 00:00:00 CEST: %LINK-3-UPDOWN: ", "9999 Dec 31 23:59:59 PST: %LINK-3-UPDOWN: "]
)  # fmt: skip


_CLOCKS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(_PREFIX, st.text(max_size=120), st.none() | _CLOCKS)
def test_no_message_raises(prefix, text, clock):
    syslog.parse_line(prefix + text, at=AT, clock=clock)
    syslog.parse((prefix + text + "\n") * 2, at=AT, clock=clock)
    syslog_header.device_clock(prefix + text)


def test_files_of_a_syslog_server(tmp_path):
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    now = datetime.now(UTC)

    def line(minutes: int, text: str) -> str:
        stamp = (now - timedelta(minutes=minutes)).isoformat()
        return f"{stamp} core-1 1: %LINK-3-UPDOWN: Interface Gi1/0/{text}, changed state to up\n"

    first.write_text(line(1, "3") + line(90, "1") + "Nov 22 cron[1]: something else\n")
    second.write_text(line(5, "2"))
    found = logs.read_syslog_files([first, second], now - timedelta(hours=1))
    assert [e.interface for e in found] == ["GigabitEthernet1/0/2", "GigabitEthernet1/0/3"]
    with pytest.raises(CollectError, match="No such file"):
        logs.read_syslog_files([tmp_path / "none"], now)


# --- held against other projects' reading of real messages ----------------------------------------

_EVENT_OF = {
    "Network | MAC | MAC Flap": "mac-flap",
    "Network | Link | Link Up": "link-up",
    "Network | Link | Link Down": "link-down",
    "Network | STP | BPDU Guard Violation": "err-disabled",
    "Network | LBD | Loop Detected": "err-disabled",
    "Network | Storm Control | Storm Detected": "err-disabled",
    "Network | Storm Control | Storm Cleared": "err-recover",
    "Chassis | Hardware | Hardware Port Error": "err-disabled",
    "Chassis | Hardware | Hardware Port Error Recover": "err-recover",
    "Security | Attack | Attack": "port-security",
    "Network | Port Security | Port Security Violation": "port-security",
    "Network | Port Security | Port Security Recovery": "err-recover",
}
_UNDERSTOOD = re.compile(r"PM-(SP-)?4|LINK-3|LINEPROTO|MACFLAP|MAC_MOVE|HOSTFLAP|PSECURE")


@pytest.mark.data
def test_nocs_cases(shared_data):
    checked = held = 0
    for line in (shared_data / "syslog" / "noc_syslog_cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        wanted = _EVENT_OF.get(case["event_class"])
        ios = "Cisco.IOS" in (case["profiles"] or [])
        if not (ios and wanted and _UNDERSTOOD.search(case["message"])):
            continue
        found = syslog.parse_line(case["message"], at=AT)
        assert found is not None
        said = case["vars"]
        first = said.get("interface") or said.get("from_interface")
        facts: dict[str, tuple[object, object]] = {
            "event": (found.event, wanted),
            "interface": (found.interface, long_name(first) if first else None),
        }
        if "to_interface" in said:
            facts["other"] = (found.other_interface, long_name(said["to_interface"]))
        if "vlan" in said:
            facts["vlan"] = (found.vlan, int(said["vlan"]))
        if "mac" in said:
            facts["mac"] = (re.sub("[:.]", "", found.mac or ""), re.sub("[:.]", "", said["mac"]))
        checked += len(facts)
        for name, (ours, theirs) in facts.items():
            if ours == theirs:
                held += 1
            else:
                print(f"{name}: {ours!r} != {theirs!r}: {case['message']}")
    assert checked > 25
    assert held == checked


@pytest.mark.data
def test_napalm_logs_cases(shared_data):
    checked = 0
    for path in sorted((shared_data / "syslog" / "napalm-logs").glob("ios/*/*/syslog.msg")):
        truth = json.loads((path.parent / "yang.json").read_text())["message_details"]
        found = syslog.parse_line(path.read_text(), at=AT)
        assert found is not None
        assert (found.mnemonic, found.device) == (truth["tag"], truth["host"])
        if not re.search(r"[*]\w{3} ", path.read_text()):
            zone = {None: 0, "MEST": 2}[truth["timeZone"]]
            local = f"2026 {truth['date']} {truth['time']}.{truth['milliseconds']}000"
            stamp = datetime.strptime(local + " +0000", "%Y %b %d %H:%M:%S.%f %z")
            assert found.at == stamp - timedelta(hours=zone)
        checked += 1
    conformance.record("cisco_ios", "log", held=2 * checked, checked=2 * checked)
    assert checked >= 6


@pytest.mark.data
def test_every_header_of_splunk_connect(shared_data):
    lines = (shared_data / "syslog" / "sc4s" / "cisco_ios.log").read_text().splitlines()
    found = [syslog.parse_line(line, at=AT) for line in lines]
    assert all(found)
    for line, e in zip(lines, found, strict=True):
        assert e is not None
        before = line.split("%")[0]
        assert e.device == ("sw-acc-01" if "sw-acc-01" in before else None)
        trusted = "06:01:02" in before and not re.search(r"\*Nov|DST| ET:| IST", before)
        assert (e.at is not None) == trusted, line
