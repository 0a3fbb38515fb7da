"""Secrets in vaults: Ansible's files as its own program made them, HashiCorp's over its documented API."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from netdiag.errors import SecretMissing
from netdiag.files import secrets

# Made by ansible-core 2.19's `ansible-vault`, with the password "vault pw".
INLINE = """\
password: !vault |
          $ANSIBLE_VAULT;1.2;AES256;site
          34343330356637363738303537336163616666393165313166626333656564306630313139383962
          6237663835313466663539323930383139623737663931380a623262343633613263356466653234
          66343535353465656136646639333936666364633161396161356432316661656530616333623564
          3630646230636538360a303937376663333864316434343636623166333765653537636436613531
          6665
plain: not-hidden
"""


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pw").write_text("vault pw\n")
    (tmp_path / "inline.yml").write_text(INLINE)
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "pw"))
    return tmp_path


def test_a_value_that_ansibles_own_program_hid(vault: Path) -> None:
    found = secrets.resolve("ansible-vault:inline.yml#password", base=vault)
    assert found.reveal() == "inline-secret"
    assert secrets.resolve("ansible-vault:inline.yml#plain", base=vault).reveal() == "not-hidden"
    assert secrets.is_reference("ansible-vault:inline.yml#password")


def test_a_whole_file_that_ansibles_own_program_hid(vault: Path) -> None:
    program = Path(sys.executable).with_name("ansible-vault")
    if not program.exists():
        pytest.skip("ansible-core is not installed")
    file = vault / "all.yml"
    file.write_text('switches:\n  password: "Zq9 geheim 密码"\n')
    subprocess.run(
        [program, "encrypt", file, "--vault-password-file", vault / "pw"],
        check=True,
        capture_output=True,
        env={"LC_ALL": "C.UTF-8", "HOME": str(vault), "PATH": "/usr/bin:/bin"},
    )
    assert file.read_text().startswith("$ANSIBLE_VAULT;1.1;AES256")
    found = secrets.resolve(f"ansible-vault:{file}#switches.password")
    assert found.reveal() == "Zq9 geheim 密码"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("ansible-vault:inline.yml#none", "no text stands there"),
        ("ansible-vault:inline.yml", "names no entry"),
        ("ansible-vault:none.yml#x", "cannot be read: No such file"),
        ("ansible-vault:bad.yml#password", "does not open with this password"),
        ("ansible-vault:cut.yml#password", "the vault is damaged"),
        ("ansible-vault:old.yml#password", "no vault of format"),
        ("ansible-vault:list.yml#password", "no text stands there"),
    ],
)
def test_what_is_wrong_is_said(vault: Path, reference: str, why: str) -> None:
    (vault / "bad.yml").write_text(INLINE.replace("34343330", "34343331"))
    (vault / "cut.yml").write_text(INLINE.replace("6665\n", "666\n"))
    (vault / "old.yml").write_text(INLINE.replace(";1.2;", ";1.0;"))
    (vault / "list.yml").write_text("- a\n- b\n")
    with pytest.raises(SecretMissing, match=why) as caught:
        secrets.resolve(reference, base=vault)
    assert "vault pw" not in "".join(traceback.format_exception(caught.value))


def test_without_the_password_it_says_which_variable(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(vault / "nowhere"))
    with pytest.raises(SecretMissing, match="No such file"):
        secrets.resolve("ansible-vault:inline.yml#password", base=vault)
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE")
    with pytest.raises(SecretMissing, match="ANSIBLE_VAULT_PASSWORD_FILE is not set"):
        secrets.resolve("ansible-vault:inline.yml#password", base=vault)


# --- HashiCorp Vault ------------------------------------------------------------------------------


class Kv(BaseHTTPRequestHandler):
    """KV version 2 as its API documentation has it: GET /v1/MOUNT/data/PATH with X-Vault-Token."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.headers.get("X-Vault-Token") != "the-token-Zq9":
            return self._answer(403, {"errors": ["permission denied"]})
        if self.path.split("?")[0] == "/v1/secret/data/switches/acc":
            values = {"password": "hidden-Zq9", "empty": "", "number": 7}
            metadata = {"created_time": "2026-11-22T08:00:00Z", "destroyed": False, "version": 3}
            return self._answer(200, {"data": {"data": values, "metadata": metadata}})
        return self._answer(404, {"errors": []})

    def _answer(self, status: int, body: object) -> None:
        octets = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def kv(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    pytest.importorskip("hvac")
    asked: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Asked", (Kv,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VAULT_TOKEN", "the-token-Zq9")
    secrets._vault_entry.cache_clear()
    yield asked
    secrets._vault_entry.cache_clear()
    server.shutdown()
    server.server_close()


def test_hashicorps_vault_is_asked_once_for_all_devices(kv: list[str]) -> None:
    for _ in range(3):
        found = secrets.resolve("vault:secret/switches/acc#password")
        assert found.reveal() == "hidden-Zq9"
        assert str(found) == "<secret>"
    assert len(kv) == 1


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("vault:secret/switches/acc#none", "no text under 'none'"),
        ("vault:secret/switches/acc#empty", "no text under 'empty'"),
        ("vault:secret/switches/acc#number", "no text under 'number'"),
        ("vault:secret/switches/nobody#password", "gives no such entry"),
        ("vault:secret/switches/acc", "names no entry"),
        ("vault:#password", "names no entry"),
    ],
)
def test_what_the_vault_does_not_give(kv: list[str], reference: str, why: str) -> None:
    with pytest.raises(SecretMissing, match=why):
        secrets.resolve(reference)


def test_a_refused_token_and_a_silent_vault_name_no_secret(
    kv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "another-Zq9")
    with pytest.raises(SecretMissing, match=r"gives no such entry \(Forbidden\)") as caught:
        secrets.resolve("vault:secret/switches/acc#password")
    assert "Zq9" not in "".join(traceback.format_exception(caught.value))
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    secrets._vault_entry.cache_clear()
    with pytest.raises(SecretMissing, match="ConnectionError"):
        secrets.resolve("vault:secret/switches/acc#password")
    monkeypatch.delenv("VAULT_ADDR")
    secrets._vault_entry.cache_clear()
    with pytest.raises(SecretMissing, match="VAULT_ADDR is not set"):
        secrets.resolve("vault:secret/switches/acc#password")
