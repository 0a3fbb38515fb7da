"""Lines of the capture process to a Capture: storms and their makers, conflicts, servers, silence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdiag.decode import frames
from netdiag.model import Capture

A, B, C = "02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0c"
VRRP = "00:00:5e:00:01:07"
TOTAL = {"type": "total", "packets": 1, "octets": 60, "first": 0.0, "last": 1.0, "malformed": 0}


def capture(*lines: dict[str, Any]) -> Capture:
    return frames.capture([json.dumps(line) for line in (*lines, TOTAL)], "test")


def flood(**values: Any) -> dict[str, Any]:
    frames_ = values.get("frames", 1000)
    base = {
        "frames": frames_, "octets": frames_ * 64, "repeats": 0, "arp": 0, "arp_targets": 0, "dhcp": 0,
        "vlans": [10], "sources": [[A, frames_, 0]], "repeating": 0, "talking": 1,
    }  # fmt: skip
    return base | values


def second(t: int, cast: str = "broadcast", **values: Any) -> dict[str, Any]:
    return {
        "type": "second",
        "t": t,
        "rates": [[10, 0, 1000, 0, 64000]],
        "floods": {cast: flood(**values)},
    }


_serial = iter(range(1, 1_000_000))


def arp(t: float, mac: str, ip: str = "10.0.0.1", *, op: int = 1, tpa: str = "10.0.0.9", vlans: tuple[int, ...] = ()) -> dict[str, Any]:  # fmt: skip
    return {
        "type": "arp", "id": next(_serial), "t": t, "vlans": vlans, "src": mac, "session": None, "op": op,
        "sha": mac, "spa": ip, "tha": "00:00:00:00:00:00", "tpa": tpa,
    }  # fmt: skip


# --- storms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"repeats": 990, "repeating": 3, "sources": [[A, 400, 398], [B, 300, 298]]}, "loop"),
        ({"repeats": 0, "sources": [[A, 1000, 0]]}, "single-source"),
        ({"repeats": 999, "repeating": 1, "sources": [[A, 1000, 999]]}, "single-source"),
        ({"arp": 1000, "arp_targets": 254}, "arp-scan"),
        ({"dhcp": 950, "sources": [[A, 1000, 0]]}, "dhcp-flood"),
        ({"dhcp": 950, "repeats": 900, "repeating": 4}, "loop"),
        ({"sources": [[A, 100, 0], [B, 100, 0]], "talking": 200}, "unknown"),
    ],
)
def test_what_makes_a_storm(values: dict[str, Any], cause: str) -> None:
    (storm,) = capture(second(100, **values)).storms
    assert (storm.cause, storm.peak_pps, storm.vlans) == (cause, 1000, (10,))


def test_a_day_of_storm_is_one_storm_in_bounded_memory() -> None:
    """Of 40,000 seconds a few thousand are kept; the sums are those of all of them."""
    from netdiag.decode.frames_line import Line
    from netdiag.decode.frames_storm import _REMEMBERED, Storms

    storms = Storms()
    for t in range(40_000):
        calm = 20_000 <= t < 20_100
        values: dict[str, Any] = (
            {"frames": 30} if calm else {"frames": 2000 if t == 7 else 1000, "repeats": 990}
        )
        storms.second(t, Line(second(t, **values)))
    assert sum(len(kept) for kept in storms._seconds.values()) <= _REMEMBERED + 1
    one, other = storms.storms(frozenset())
    assert (one.start.timestamp(), one.end.timestamp(), one.peak_pps) == (0, 20_000, 2000)
    assert (other.start.timestamp(), other.end.timestamp(), other.peak_pps) == (
        20_100,
        40_000,
        1000,
    )
    assert other.repeat_ratio == 0.99
    assert other.top_sources == ((A, 1.0),)


def test_the_sensors_own_question_coming_back_is_a_loop() -> None:
    probe = {
        "type": "probe",
        "t": 1.0,
        "what": "dhcp",
        "vlan": None,
        "xid": 1,
        "target": None,
        "mac": C,
    }
    echo = second(1, repeats=999, repeating=1, sources=[[C, 1000, 999]])
    assert capture(echo).storms[0].cause == "single-source"
    assert capture(probe, echo).storms[0].cause == "loop"


def test_a_slow_loop_is_a_storm_and_a_busy_network_is_none() -> None:
    """Links of one Mbit/s carry fewer copies than storm-control's bound; nothing else repeats so."""
    slow = second(1, frames=150, repeats=145, repeating=3)
    busy = second(1, frames=400, repeats=150, repeating=2)
    assert [s.cause for s in capture(slow).storms] == ["loop"]
    assert capture(busy).storms == ()


def test_a_scan_below_a_storms_pace_is_kept_by_its_card() -> None:
    scan: dict[str, Any] = {
        "frames": 150,
        "arp": 140,
        "arp_targets": 130,
        "sources": [[A, 145, 0], [B, 5, 0]],
    }
    assert capture(second(1, **scan), second(2, **scan | {"frames": 140})).arp_scans == ((A, 145),)
    assert capture(second(1, **scan)).storms == ()
    others: list[dict[str, Any]] = [
        {"arp": 20},
        {"arp_targets": 5},
        {"sources": [[A, 60, 0], [B, 60, 0]]},
    ]
    for other in others:
        assert capture(second(1, **scan | other)).arp_scans == ()
    repeated: dict[str, Any] = scan | {"sources": [[A, 145, 140]]}
    assert capture(second(1, **repeated)).arp_scans == ()


def test_multicast_video_is_no_storm_and_looping_multicast_is() -> None:
    assert capture(second(1, "multicast", frames=5000)).storms == ()
    assert capture(second(1, "unknown-unicast", frames=9000)).storms == ()
    looping = second(1, "multicast", frames=5000, repeats=4990, repeating=4)
    (storm,) = capture(looping).storms
    assert (storm.kind, storm.cause, storm.repeat_ratio) == ("multicast", "loop", 0.998)


def test_a_storm_lasts_over_a_quiet_second_and_ends_after_more() -> None:
    one, other = capture(second(10), second(12), second(20)).storms
    assert (one.start, one.end) == (_at(10), _at(13))
    assert (other.start, other.end) == (_at(20), _at(21))


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# --- ARP -----------------------------------------------------------------------------------------


def conflicts(*lines: dict[str, Any]) -> list[tuple[str, tuple[str, ...], int | None]]:
    return [(c.ip, c.macs, c.vlan) for c in capture(*lines).arp_conflicts]


def test_two_that_keep_claiming_conflict() -> None:
    found = conflicts(arp(1, A, vlans=(10,)), arp(2, B, vlans=(10,)), arp(3, A, vlans=(10,)))
    assert found == [("10.0.0.1", (A, B), 10)]


def test_two_answers_to_one_question_conflict() -> None:
    assert conflicts(arp(1, A, op=2), arp(1.1, B, op=2)) == [("10.0.0.1", (A, B), None)]


@pytest.mark.parametrize(
    "lines",
    [
        [arp(1, A), arp(2, B), arp(3, B)],  # a new card, for good
        [arp(1, A, op=2), arp(60, B, op=2)],
        [arp(1, A), arp(2, B, tpa="10.0.0.1"), arp(3, A, tpa="10.0.0.1")],  # failover and back
        [arp(1, A), arp(2, B, ip="0.0.0.0", tpa="10.0.0.1"), arp(3, A)],  # a probe claims nothing
        [arp(1, A), arp(2, B, vlans=(20,)), arp(3, A)],  # another VLAN
        [arp(1, A), arp(2, B), arp(4000, A)],  # reassigned, and back an hour later
        [
            arp(1, VRRP, op=2),
            arp(1.5, A),
            arp(2, VRRP, op=2),
        ],  # a router beside its group's address
        [arp(1, "00:07:b4:00:01:01", op=2), arp(2, "00:07:b4:00:01:02", op=2)],  # GLBP
    ],
)
def test_no_conflict(lines: list[dict[str, Any]]) -> None:
    assert conflicts(*lines) == []


def test_a_station_that_answers_for_the_virtual_gateway_conflicts() -> None:
    assert conflicts(arp(1, VRRP, op=2), arp(1.2, A, op=2)) == [("10.0.0.1", (VRRP, A), None)]


# --- DHCP ----------------------------------------------------------------------------------------


def dhcp(message: str | None, **values: Any) -> dict[str, Any]:
    answer = message in ("offer", "ack", "nak")
    base = {
        "type": "dhcp", "id": next(_serial), "t": 1.0, "vlans": (), "src": A if answer else C,
        "session": None, "op": 2 if answer else 1, "xid": 1, "client": C, "yiaddr": "0.0.0.0",
        "giaddr": "0.0.0.0", "message": message, "ip": "10.0.0.1" if answer else "0.0.0.0", "ttl": 64,
    }  # fmt: skip
    return base | ({"server_id": "10.0.0.1"} if answer else {}) | values


def test_a_copied_identity_on_another_card_is_another_server() -> None:
    found = capture(dhcp("offer"), dhcp("offer", src=B), dhcp("ack", yiaddr="10.0.0.50"))
    assert [(s.server_id, s.mac, s.offers, s.acks) for s in found.dhcp_servers] == [
        ("10.0.0.1", A, 1, 1),
        ("10.0.0.1", B, 1, 0),
    ]
    assert found.dhcp_servers[0].leases == ((C, "10.0.0.50"),)


def test_an_answer_without_identifier_joins_its_sender() -> None:
    cut = dhcp("offer") | {"message": None, "server_id": None, "op": 2}
    (server,) = capture(cut, dhcp("offer")).dhcp_servers
    assert (server.server_id, server.offers) == ("10.0.0.1", 1)


def test_relayed_answers_name_the_relay() -> None:
    (server,) = capture(dhcp("offer", giaddr="10.9.0.1", ip="10.9.0.1")).dhcp_servers
    assert (server.server_id, server.relay, server.ip) == ("10.0.0.1", "10.9.0.1", "10.9.0.1")


def test_copies_count_as_messages_but_not_as_a_flood() -> None:
    """A loop multiplies one client's DISCOVER: that is no starvation."""
    one = dhcp("discover")
    again = {"type": "again", "id": one["id"], "count": 5000, "t": 2.0}
    assert capture(one, again).dhcp_floods == ()
    distinct = [
        dhcp("discover", xid=n, t=n * 0.01, client=f"02:00:00:00:01:{n:02x}") for n in range(150)
    ]
    (found,) = capture(*distinct).dhcp_floods
    assert (found.mac, found.discovers, found.clients) == (C, 150, 150)
    assert capture(*[d | {"t": n * 1.0} for n, d in enumerate(distinct)]).dhcp_floods == ()


def test_unanswered_is_by_transaction() -> None:
    def probe(vlan: int | None, xid: int) -> dict[str, Any]:
        return {
            "type": "probe",
            "t": 1.0,
            "what": "dhcp",
            "vlan": vlan,
            "xid": xid,
            "target": None,
            "mac": B,
        }

    found = capture(probe(None, 1), probe(20, 2), probe(20, 2), dhcp("offer", xid=1, client=B))
    assert found.probed_vlans == (None, 20)
    assert found.unanswered_vlans == (20,)
    assert found.probes_sent == 3
    assert found.dhcp_servers[0].clients == ()  # the sensor is nobody's client


# --- hostile and broken --------------------------------------------------------------------------

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
_real = st.sampled_from([arp(1, A), dhcp("offer"), dhcp("discover"), second(1), TOTAL, {"type": "again", "id": 1, "count": 1, "t": 1}])  # fmt: skip


@given(line=_real, key=st.integers(0, 20), value=_json)
@settings(max_examples=300, deadline=None)
def test_a_field_of_a_wrong_type_is_recorded_or_ignored(
    line: dict[str, Any], key: int, value: Any
) -> None:
    changed = dict(line)
    changed[sorted(changed)[key % len(changed)]] = value
    found = frames.capture([json.dumps(changed)], "test")
    assert found.source == "test"


@given(text=st.text(max_size=60))
def test_any_text_is_a_line_that_makes_no_sense(text: str) -> None:
    found = frames.capture([text], "test")
    assert found.errors  # at least that the summary is missing


def test_an_early_end_is_said_and_the_rest_kept() -> None:
    found = frames.capture([json.dumps(dhcp("offer"))], "test")
    assert len(found.dhcp_servers) == 1
    assert "before its summary" in found.errors[0].message


def test_rates_are_given_when_wanted() -> None:
    lines = [json.dumps(second(5)), json.dumps(second(5)), json.dumps(TOTAL)]
    assert frames.capture(lines, "test").rates == ()
    (rate,) = frames.capture(lines, "test", rates=True).rates
    assert (rate.second, rate.vlan, rate.broadcast) == (_at(5), 10, 2000)
