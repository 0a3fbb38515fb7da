"""Alertmanager's webhook over HTTP: what it opens, joins and notes, and what it turns away."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag import alerts, ticket
from netdiag.access import Secret
from netdiag.errors import DecodeError
from netdiag.model import Device
from netdiag.outside import alertmanager
from netdiag.outside.alertmanager import Receiver, Webhook
from netdiag.store import Store
from tests.hostile import HOSTILE, obeyed

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def alert(name: str = "SwitchDown", status: str = "firing", **labels: str) -> dict[str, Any]:
    """As in https://prometheus.io/docs/alerting/latest/configuration/#webhook_config."""
    all_ = {"alertname": name, "severity": "critical", **labels}
    return {
        "status": status,
        "labels": all_,
        "annotations": {"summary": f"{name} somewhere"},
        "startsAt": "2026-03-02T09:29:00.123456789Z",
        "endsAt": "2026-03-02T10:00:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
        "fingerprint": f"{abs(hash(tuple(sorted(all_.items())))):016x}"[:16],
    }


def webhook(*alerts_: dict[str, Any], group: str = '{}:{alertname="SwitchDown"}') -> bytes:
    return json.dumps(
        {
            "version": "4",
            "groupKey": group,
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "netdiag",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example",
            "alerts": list(alerts_),
        }
    ).encode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "nd.db") as opened:
        yield opened


def take(store: Store, octets: bytes, at: datetime = AT, devices: tuple[Device, ...] = ()) -> None:
    alerts.take(store, alertmanager.parse(octets), at, devices)


def test_a_firing_alert_opens_a_ticket_and_sent_again_it_is_counted(store: Store) -> None:
    for minutes in range(4):
        take(store, webhook(alert(area="HQ/3楼")), AT + timedelta(minutes=5 * minutes))
    (t,) = store.tickets()
    assert t.area == "HQ/3F"
    assert t.summary == "SwitchDown somewhere"
    assert t.urgency == "high"
    assert [a.times for a in t.alerts] == [4]
    assert sum(e.what == "alert" for e in t.timeline) == 1
    assert t.kind is None, "an alert is no caller"


def test_alerts_of_one_group_and_of_one_place_join(store: Store) -> None:
    take(store, webhook(alert(instance="acc-1"), alert(instance="acc-2")))
    take(store, webhook(alert("Slow", area="HQ/3F"), group="other"), AT)
    take(store, webhook(alert("Lossy", area="HQ/third floor"), group="third"), AT)
    second, first = store.tickets()
    assert [a.name for a in first.alerts] == ["SwitchDown", "SwitchDown"]
    assert [a.name for a in second.alerts] == ["Slow", "Lossy"]


def test_an_alert_joins_the_calls_of_its_place(store: Store) -> None:
    call = ticket.Report(AT, "Wang", site="HQ", floor="3F", symptom="no network")
    known = store.save_ticket(ticket.open("T-1", AT, report=call))
    device = Device("acc-3", "10.0.3.1", area="HQ/3F")
    take(store, webhook(alert(instance="10.0.3.1:9116")), devices=(device,))
    (t,) = store.tickets()
    assert t.id == known.id
    assert t.alerts[0].summary.endswith("(10.0.3.1:9116)")


def test_resolved_is_noted_and_closes_nothing(store: Store) -> None:
    one, two = alert(instance="acc-1"), alert(instance="acc-2")
    take(store, webhook(one, two))
    take(store, webhook(one | {"status": "resolved", "endsAt": "2026-03-02T10:00:00Z"}))
    (t,) = store.tickets()
    assert [a.ends is not None for a in sorted(t.alerts, key=lambda a: a.summary)] == [True, False]
    assert t.urgency == "high"
    take(store, webhook(two | {"status": "resolved"}))
    (t,) = store.tickets()
    assert t.closed is None
    assert "every alert is over" in t.timeline[-1].text or t.timeline[-1].what == "priority"
    take(store, webhook(two | {"status": "resolved"}))
    assert store.tickets()[0].timeline == t.timeline, "said once"
    take(store, webhook(two))
    assert any("fires" in e.text for e in store.tickets()[0].timeline[len(t.timeline) :])


def test_one_that_is_over_before_anybody_heard_opens_nothing(store: Store) -> None:
    take(store, webhook(alert(status="resolved")))
    assert store.tickets() == ()


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "the body"),
        (b"{", "the body"),
        (b"[]", "the body"),
        (b"\xff\xff", "the body"),
        (b'{"version": "3", "groupKey": "x", "alerts": []}', "version"),
        (b'{"version": "4", "alerts": []}', "groupKey"),
        (webhook({"status": "burning", "labels": {}, "startsAt": "2026-03-02T09:29:00Z"}), "alerts.0.status"),
        (webhook({"status": "firing", "labels": {"a": 1}, "startsAt": "2026-03-02T09:29:00Z"}), "alerts.0.labels.a"),
        (webhook({"status": "firing", "labels": {}, "startsAt": "yesterday"}), "alerts.0.startsAt"),
        (webhook(*[alert()] * 501), "alerts"),
        (webhook(alert(x="y" * 20_001)), "alerts.0.labels.x"),
        (b"[" * 200_000, "the body"),
    ],
)  # fmt: skip
def test_what_is_no_webhook_is_refused_and_the_field_named(octets: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        alertmanager.parse(octets)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: webhook(alert(t, area=t))))
def test_any_octets_are_a_webhook_or_refused(octets: bytes) -> None:
    said = ""
    try:
        alertmanager.parse(octets)
    except DecodeError as exc:
        said = str(exc)
    assert obeyed(said) == []


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_labels_become_words_on_a_ticket(store: Store, name: str) -> None:
    words = HOSTILE[name].encode("utf-8", "replace").decode()[:15_000]
    octets = webhook(alert(words, area=words, instance=words, severity=words, group=words))
    take(store, octets)
    (t,) = store.tickets()
    assert store.ticket(t.id) == t
    assert len(t.summary) <= 4000


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, list[Webhook]]]:
    taken: list[Webhook] = []
    with Receiver("127.0.0.1", 0, taken.append, token=Secret("Sentinel-3c")) as made:
        yield made, taken


def post(made: Receiver, body: bytes, **headers: str) -> tuple[int, str]:
    host, port = made.address
    connection = HTTPConnection(host, port, timeout=10)
    sent = {"Authorization": "Bearer Sentinel-3c", **headers}
    connection.request("POST", "/", body, {k: v for k, v in sent.items() if v})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_the_token_is_asked_for(receiver) -> None:
    made, taken = receiver
    assert post(made, webhook(alert()))[0] == 200
    assert post(made, webhook(alert()), Authorization="Bearer wrong")[0] == 401
    assert post(made, webhook(alert()), Authorization="")[0] == 401
    assert len(taken) == 1


def test_bodies_and_methods_have_bounds(receiver) -> None:
    made, taken = receiver
    assert post(made, b"x" * (alertmanager.MOST_OCTETS + 1))[0] == 413
    assert post(made, b"nonsense")[0] == 400
    connection = HTTPConnection(made.address[0], made.address[1], timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == 405
    with socket.create_connection(made.address, timeout=10) as raw:
        raw.sendall(
            b"POST / HTTP/1.1\r\nAuthorization: Bearer Sentinel-3c\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        assert b"411" in raw.recv(1000)
    with socket.create_connection(made.address, timeout=10) as raw:
        raw.sendall(b"\x16\x03\x01" + bytes(range(256)) + b"\r\n\r\n")
        raw.recv(1000)
    assert taken == []
    assert post(made, webhook(alert()))[0] == 200, "and it is still there"


def test_many_silent_connections_do_not_keep_others_out_for_good(receiver, monkeypatch) -> None:
    made, _ = receiver
    held = [socket.create_connection(made.address, timeout=10) for _ in range(64)]
    for one in held:
        one.close()
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while datetime.now(UTC) < deadline:
        try:
            if post(made, webhook(alert()))[0] == 200:
                return
        except (OSError, ValueError):
            continue
    pytest.fail("nobody got in again")


def test_what_cannot_be_taken_now_is_sent_again(tmp_path: Path) -> None:
    from netdiag.errors import Locked

    def busy(_: Webhook) -> None:
        raise Locked("another netdiag is writing")

    with Receiver("127.0.0.1", 0, busy, token=None) as made:
        assert post(made, webhook(alert()))[0] == 503
