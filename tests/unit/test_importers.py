"""Other people's inventories become files that load, with no secret copied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.errors import CollectError, FileFormatError, UsageError
from netdiag.files import importers, inventory
from netdiag.files.importers import Host, Imported

# As in Ansible's own documentation of network inventories.
ANSIBLE = """\
all:
  vars:
    ansible_user: netops
    ansible_password: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      6133
  children:
    switches:
      children:
        access:
          vars:
            ansible_network_os: cisco.ios.ios
          hosts:
            acc-[01:03]:
            acc-3f-1:
              ansible_host: 10.0.3.1
              ansible_port: 2222
              ansible_password: plaintext-secret
        core:
          hosts:
            core-1: {ansible_host: 10.0.0.1, ansible_network_os: arista.eos.eos, ansible_user: "{{ vaulted }}"}
            nowhere: {ansible_host: "{{ lookup('dns') }}"}
"""


def loaded(folder: Path, imported: Imported, *notes: str) -> inventory.Inventory:
    importers.add_to(folder, imported, notes)
    return inventory.load(folder)


def test_ansibles_yaml(tmp_path: Path) -> None:
    file = tmp_path / "hosts.yml"
    file.write_text(ANSIBLE)
    found = importers.read(file)
    by_name = {h.name: h for h in found.hosts}
    assert sorted(by_name) == ["acc-01", "acc-02", "acc-03", "acc-3f-1", "core-1"]
    assert by_name["acc-3f-1"] == Host(
        "acc-3f-1", "10.0.3.1", "cisco_ios", ("access", "switches"), 2222, "netops", None, "access"
    )
    assert (by_name["core-1"].platform, by_name["core-1"].username) == ("arista_eos", None)
    assert by_name["acc-02"].hostname == "acc-02"
    assert len(found.left_out) == 1
    assert "nowhere" in found.left_out[0]
    devices = loaded(tmp_path / "inventory", found).devices
    assert {d.name: d.role for d in devices}["acc-3f-1"] == "access"
    assert "plaintext-secret" not in (tmp_path / "inventory" / "hosts.yaml").read_text()


def test_what_ansible_itself_lists_is_what_its_yaml_says(tmp_path: Path) -> None:
    """Ansible's own programs read the same inventory: groups, inheritance, ranges, vaulted values."""
    program = Path(sys.executable).with_name("ansible-inventory")
    if not program.exists():
        pytest.skip("ansible-core is not installed")
    (tmp_path / "pw").write_text("the vault's password\n")
    environ = {
        **os.environ,
        "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "pw"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "LC_ALL": "C.UTF-8",
    }

    def run(*command: str) -> str:
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return ran.stdout

    vaulted = run(str(program.with_name("ansible-vault")), "encrypt_string", "s3cret-Zq9", "--name", "ansible_password")  # fmt: skip
    source = ANSIBLE.split("    ansible_password", maxsplit=1)[0] + "    " + vaulted.replace("\n", "\n    ").rstrip() + "\n  children:" + ANSIBLE.split("  children:", 1)[1]  # fmt: skip
    file = tmp_path / "hosts.yml"
    file.write_text(source)
    listed = tmp_path / "listed.json"
    listed.write_text(run(str(program), "-i", str(file), "--list"))
    ours, theirs = importers.read(file), importers.read(listed)
    assert {h.name: h for h in ours.hosts} == {h.name: h for h in theirs.hosts}
    assert len(theirs.hosts) == 5
    text = "".join(importers.hosts_yaml(i.hosts) for i in (ours, theirs))
    assert "s3cret" not in text
    assert "ANSIBLE_VAULT" not in text


@pytest.mark.parametrize(
    "text", ["[]", "{", "{}", '{"_meta": 7}', '{"_meta": {"hostvars": {}}, "all": 3}']
)
def test_what_ansible_never_lists(text: str) -> None:
    with pytest.raises(FileFormatError, match="ansible-inventory --list"):
        importers.from_ansible_list(text, "x.json")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "switches.csv"
    rows = [
        ["Name", "Mgmt_IP", "OS", "Site", "Role", "Groups", "Serial"],
        ["acc 3f/1", "10.0.3.1/24", "ios", "HQ/3F", "access", "hq floor3", "X1"],
        ["acc-2", "10.0.3.2", "something-new", "总部/3楼", "", "", ""],
        ["", "", "", "", "", "", ""],
        ["acc-2", "10.0.3.9", "", "", "", "", ""],
    ]
    file.write_text("\ufeff" + "\n".join(delimiter.join(row) for row in rows), encoding="utf-8")
    found = importers.read(file)
    assert [(h.name, h.hostname, h.platform, h.area) for h in found.hosts] == [
        ("acc-3f-1", "10.0.3.1", "cisco_ios", "HQ/3F"),
        ("acc-2", "10.0.3.2", None, "总部/3楼"),
        ("acc-2-10.0.3.9", "10.0.3.9", None, None),
    ]
    assert found.left_out == (f"{file}:4: no name and no address",)
    devices = {d.name: d for d in loaded(tmp_path / "inventory", found).devices}
    assert devices["acc-2"].area == "总部/3楼"
    assert devices["acc-3f-1"].groups == ("hq", "floor3")


def test_what_is_no_inventory_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("serial,colour\n1,red\n")
    with pytest.raises(FileFormatError, match="no column names a device"):
        importers.read(file)
    other = tmp_path / "a.yaml"
    other.write_text("- acc-1\n")
    with pytest.raises(FileFormatError):
        importers.read(other)
    other.write_text("all: 7\n")
    with pytest.raises(FileFormatError, match="a group with"):
        importers.read(other)
    with pytest.raises(UsageError):
        importers.read(tmp_path / "a.docx")


# As NetBox 4 answers on /api/dcim/devices/, shortened to what is read.
NETBOX: list[dict[str, Any]] = json.loads("""[
 {"id": 1, "name": "acc-3f-1", "role": {"id": 2, "slug": "access-switch"}, "platform": {"slug": "cisco-ios"},
  "site": {"name": "HQ", "slug": "hq"}, "location": {"name": "3F"}, "status": {"value": "active", "label": "Active"},
  "primary_ip": {"address": "10.0.3.1/24"}},
 {"id": 2, "name": null, "device_role": {"slug": "core"}, "platform": null, "site": {"name": "HQ", "slug": "hq"},
  "location": null, "status": {"value": "active"}, "primary_ip": {"address": "2001:db8::2/64"}},
 {"id": 3, "name": "old", "status": {"value": "decommissioning"}, "primary_ip": {"address": "10.0.3.3/24"}},
 {"id": 4, "name": "bare", "status": {"value": "active"}, "primary_ip": null}
]""")


def test_netbox(tmp_path: Path) -> None:
    found = importers.from_netbox(NETBOX)
    assert found.hosts == (
        Host("acc-3f-1", "10.0.3.1", "cisco_ios", ("hq",), area="HQ/3F", role="access"),
        Host("device-2", "2001:db8::2", None, ("hq",), area="HQ", role="core"),
    )
    assert found.left_out == (
        "old: its status is decommissioning",
        "bare: it has no primary address",
    )
    assert len(loaded(tmp_path, found).devices) == 2


def test_an_inventory_that_is_there_is_added_to_and_keeps_its_comments(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("# mine\nacc-1:\n  hostname: 10.0.0.1   # the old one")
    new = importers.add_to(
        tmp_path,
        Imported((Host("acc-1", "10.9.9.9"), Host("acc-7", "10.0.0.1"), Host("acc-2", "10.0.0.2"))),
        ["not entered: evil\nacc-9: {hostname: 1.2.3.4}"],
    )
    assert [h.name for h in new] == ["acc-2"]
    text = (tmp_path / "hosts.yaml").read_text()
    assert text.startswith("# mine\nacc-1:\n  hostname: 10.0.0.1   # the old one\n")
    assert [d.name for d in inventory.load(tmp_path).devices] == ["acc-1", "acc-2"]


@given(
    st.lists(
        st.builds(
            Host,
            st.text(max_size=12).map(importers.clean_name),
            st.text(min_size=1, max_size=12).filter(lambda t: t.strip()),
            area=st.none() | st.text(min_size=1, max_size=12),
            comment=st.none() | st.text(max_size=30),
            groups=st.lists(st.text(max_size=6).map(importers.clean_name), max_size=2).map(tuple),
            snmp=st.sampled_from([{}, {"version": "2c", "community": "env:X", "port": 1161}]),
        ),
        max_size=4,
    ),
    st.lists(st.text(max_size=40), max_size=2),
)
def test_whatever_devices_call_themselves_the_files_load(
    tmp_path_factory: pytest.TempPathFactory, hosts: list[Host], notes: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("inventory")
    found = importers.distinct(hosts, ())
    new = importers.add_to(folder, found, notes)
    assert [d.name for d in inventory.load(folder).devices] == [h.name for h in new]


def test_netbox_over_http_by_its_own_client() -> None:
    pytest.importorskip("pynetbox")
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked: list[tuple[str, str | None]] = []

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            found = NETBOX if self.path.startswith("/api/dcim/devices/") else []
            answer = {"count": len(found), "next": None, "previous": None, "results": found}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("API-Version", "4.1")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        found = importers.from_netbox(importers.fetch_netbox(url, "0123456789abcdef"))
    finally:
        server.shutdown()
        server.server_close()
    assert found.hosts == importers.from_netbox(NETBOX).hosts
    assert any(key and "0123456789abcdef" in key for _, key in asked)
    with pytest.raises(CollectError, match="does not answer as it should"):
        importers.fetch_netbox(url, None)


def test_netbox_page_by_page_in_the_shape_of_its_own_answers() -> None:
    """As NetBox 4's API documents and public tests show them: nested briefs with url and display, `next`."""
    pytest.importorskip("pynetbox")
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    def brief(number: int, name: str, slug: str) -> dict[str, Any]:
        return {
            "id": number,
            "url": f"/api/x/{number}/",
            "display": name,
            "name": name,
            "slug": slug,
        }

    def device(number: int) -> dict[str, Any]:
        return {
            "id": number,
            "url": f"/api/dcim/devices/{number}/",
            "display_url": f"/dcim/devices/{number}/",
            "display": f"acc-{number}",
            "name": f"acc-{number}",
            "device_type": {**brief(9, "C9300-48P", "c9300-48p"), "manufacturer": brief(1, "Cisco", "cisco")},
            "role": {**brief(5, "Access Switch", "access-switch"), "_depth": 0},
            "tenant": None,
            "platform": brief(3, "Cisco IOS-XE", "cisco-ios-xe" if number == 2 else "cisco_ios"),
            "serial": "FCW0000A0AA",
            "site": brief(3, "Stockholm", "stockholm"),
            "location": {**brief(4, "3F", "3f"), "_depth": 1},
            "rack": None,
            "parent_device": None,
            "status": {"value": "active", "label": "Active"},
            "primary_ip": {"id": 81, "display": "10.0.0.1/24", "family": {"value": 4, "label": "IPv4"},
                           "address": f"10.0.3.{number}/24"},
            "primary_ip4": {"id": 81, "address": f"10.0.3.{number}/24"},
            "primary_ip6": None,
            "tags": [brief(1, "prod", "prod")],
            "custom_fields": {},
            "config_context": {},
            "last_updated": "2026-07-17T11:45:00Z",
        }  # fmt: skip

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = "offset=" not in self.path
            base = f"http://127.0.0.1:{self.connection.getsockname()[1]}/api/dcim/devices/"
            body = json.dumps(
                {
                    "count": 2,
                    "next": f"{base}?limit=1&offset=1" if first else None,
                    "previous": None,
                    "results": [device(1 if first else 2)],
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("API-Version", "4.1")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        found = importers.from_netbox(importers.fetch_netbox(url, None))
    finally:
        server.shutdown()
        server.server_close()
    assert {h.name: (h.hostname, h.platform, h.role, h.area) for h in found.hosts} == {
        "acc-1": ("10.0.3.1", "cisco_ios", "access", "Stockholm/3F"),
        "acc-2": ("10.0.3.2", "cisco_ios", "access", "Stockholm/3F"),
    }
