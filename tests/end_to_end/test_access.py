"""Wrong credentials against switches that answer: said as such, and the other channel goes on."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest

pytestmark = pytest.mark.lab


def errors(done) -> str:
    return " ".join(e["message"] for d in done.json["devices"] for e in d["errors"])


def test_a_wrong_password_is_said_and_snmp_goes_on(campus):
    secrets = Path(campus.env["NETDIAG_INVENTORY"]) / "secrets"
    right = (secrets / "password").read_text()
    (secrets / "password").write_text("Sentinel-7f3a-wrong")
    done = campus("poll", "acc-1", "--json")
    assert done.status == 3
    assert "wrong password" in errors(done)
    assert done.json["devices"][0]["interfaces"], "what SNMP read is kept"
    assert "Sentinel-7f3a" not in done.out + done.err

    (secrets / "password").write_text(right)
    (secrets / "community").write_text("Sentinel-9c1b-wrong")
    done = campus("poll", "acc-1", "--json")
    assert done.status == 3
    assert "wrong community" in errors(done)
    assert done.json["devices"][0]["interfaces"], "what SSH read is kept"
    assert "Sentinel-9c1b" not in done.out + done.err


def test_a_changed_host_key_is_not_a_dead_device(campus):
    known = Path(campus.env["NETDIAG_INVENTORY"]) / "known_hosts"
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    names = [line.split(" ", 1)[0] for line in known.read_text().splitlines()]
    known.write_text("".join(f"{name} {other}\n" for name in names))
    done = campus("poll", "acc-1", "--via", "ssh", "--json")
    assert done.status == 3
    assert "key" in errors(done)
    assert "changed" in errors(done)
    assert done.json["devices"][0]["reachable"] is True
