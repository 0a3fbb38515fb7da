"""The inventory: Nornir's inheritance, strict keys, secrets that fail alone and never show."""

import contextlib
import textwrap
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdiag.access import Secret
from netdiag.errors import FileFormatError, NetdiagError, SecretMissing, UsageError
from netdiag.files import codec, inventory, secrets, strict
from netdiag.model import (
    AuthorizedDhcp6Server,
    AuthorizedDhcpServer,
    AuthorizedRouter,
    Device,
    ErrDisableCause,
    ErrDisabled,
    Role,
)

SENTINEL = "s3ntinel-Zq9"

HOSTS = """
core-1:
  hostname: 10.0.0.1
  groups: [hq]
  data:
    netdiag: {area: HQ/1F, role: core, never_touch: [Gi1/0/1]}
acc-3f-1:
  hostname: 10.0.3.1
  port: 2222
  groups: [third, hq]
  data:
    netdiag:
      role: access
      snmp: {port: 1161}
      desks: {Gi1/0/7: "3F-107"}
      ssh: {accept_new: true}
lone:
  platform: generic
"""
GROUPS = """
hq:
  platform: cisco_ios
  username: netops
  password: "env:PW"
  data:
    netdiag:
      area: HQ
      requests_per_s: 20
      snmp: {version: 2c, community: "env:COMM"}
third:
  data: {netdiag: {area: HQ/3F, out_of_band: {hostname: 192.0.2.17, port: 8022}}}
"""
DEFAULTS = """
data:
  netdiag:
    dhcp_servers: [{ip: 10.10.0.2, mac: "00-11-22-33-44-55", vlans: [10]}]
    sensors: ["lab:noc"]
    syslog_files: [noc.log, /var/log/net.log]
    ssh: {known_hosts: known_hosts}
"""


@pytest.fixture
def write(tmp_path):
    def _write(hosts=HOSTS, groups=GROUPS, defaults=DEFAULTS):
        for name, text in (("hosts", hosts), ("groups", groups), ("defaults", defaults)):
            if text is not None:
                (tmp_path / f"{name}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return _write


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setenv("PW", "pw")
    monkeypatch.setenv("COMM", "comm")


def test_the_nearest_key_wins_one_by_one(write, environment):
    inv = inventory.load(write())
    assert [d.name for d in inv.devices] == ["core-1", "acc-3f-1", "lone"]
    core, acc, lone = inv.devices
    assert core == Device(
        name="core-1",
        address="10.0.0.1",
        platform="cisco_ios",
        area="HQ/1F",
        role=Role.CORE,
        groups=("hq",),
        never_touch=("GigabitEthernet1/0/1",),
    )
    assert acc.area == "HQ/3F"
    assert acc.desk("GigabitEthernet1/0/7") == "3F-107"
    assert (lone.address, lone.platform) == ("lone", "generic")
    target = inv.targets(["acc-3f-1"])[0]
    assert target.snmp is not None
    assert target.ssh is not None
    assert target.out_of_band is not None
    assert (target.snmp.port, target.snmp.community) == (1161, Secret("comm"))
    assert (target.ssh.port, target.ssh.username, target.ssh.password) == (
        2222,
        "netops",
        Secret("pw"),
    )
    assert target.ssh.accept_new
    assert target.ssh.known_hosts == str(inv.folder / "known_hosts")
    assert (target.out_of_band_address, target.out_of_band.port) == ("192.0.2.17", 8022)
    assert target.requests_per_s == 20
    assert inv.targets(["lone"])[0].snmp is None
    assert inv.targets(["lone"])[0].ssh is None


def test_what_holds_for_the_site(write):
    inv = inventory.load(write())
    assert inv.site.dhcp_servers == (AuthorizedDhcpServer("10.10.0.2", "00:11:22:33:44:55", (10,)),)
    assert inv.site.sensors == ("lab:noc",)
    assert inv.site.syslog_files == (str(inv.folder / "noc.log"), "/var/log/net.log")


def test_who_may_serve_ipv6_and_what_a_server_may_hand_out(write):
    text = """
    data:
      netdiag:
        dhcp_servers: [{ip: 10.10.0.2, routers: [10.10.0.1], dns: [10.10.0.53]}]
        dhcp6_servers: [{duid: "00:03:00:01:00:11", vlans: [10]}]
        routers: [{mac: "00-11-22-33-44-55", prefixes: ["2001:DB8:10::/64"]}]
    """
    site = inventory.load(write(defaults=text)).site
    assert site.dhcp_servers == (
        AuthorizedDhcpServer("10.10.0.2", routers=("10.10.0.1",), dns=("10.10.0.53",)),
    )
    assert site.dhcp6_servers == (AuthorizedDhcp6Server("000300010011", vlans=(10,)),)
    assert site.routers == (
        AuthorizedRouter(mac="00:11:22:33:44:55", prefixes=("2001:db8:10::/64",)),
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("dhcp6_servers: [{vlans: [10]}]", "should have a duid or a mac"),
        ("dhcp6_servers: [{duid: '0xzz'}]", "should be a DUID"),
        ("routers: [{prefixes: ['2001:db8::/64']}]", "should have an ip or a mac"),
        ("routers: [{ip: 'fe80::1', prefixes: ['2001:db8::1/64']}]", "should be an IPv6 prefix"),
    ],
)
def test_a_list_that_names_nobody_is_refused(write, keys, said):
    with pytest.raises(FileFormatError, match=said):
        inventory.load(write(defaults=f"data: {{netdiag: {{{keys}}}}}"))


def test_inheritance_is_what_nornir_itself_makes_of_the_files(write):
    from nornir.plugins.inventory.simple import SimpleInventory

    folder = write()
    theirs = SimpleInventory(
        *(str(folder / f"{n}.yaml") for n in ("hosts", "groups", "defaults"))
    ).load()
    for device in inventory.load(folder).devices:
        host = theirs.hosts[device.name]
        assert device.address == (host.hostname or host.name)
        assert device.platform == host.platform
        assert device.groups == tuple(g.name for g in host.extended_groups())


def test_targets_by_name_and_group(write, environment):
    inv = inventory.load(write())
    assert len(inv.targets()) == 3
    assert [t.device.name for t in inv.targets(["hq"])] == ["core-1", "acc-3f-1"]
    assert [t.device.name for t in inv.targets(["third", "lone"])] == ["acc-3f-1", "lone"]
    with pytest.raises(UsageError, match="did you mean 'core-1'"):
        inv.targets(["core1"])


def test_a_missing_secret_fails_that_way_in_alone(write, monkeypatch):
    monkeypatch.delenv("PW", raising=False)
    monkeypatch.setenv("COMM", "comm")
    target = inventory.load(write()).targets(["core-1"])[0]
    assert target.ssh is None
    assert target.snmp is not None
    (error,) = target.errors
    assert (error.source, error.what) == ("ssh", "credentials")
    assert "PW is not set" in error.message


@pytest.mark.parametrize(
    ("hosts", "line", "key", "says"),
    [
        ("a:\n  data:\n    netdiag:\n      aera: x\n", 4, "a.data.netdiag.aera", "did you mean 'area'"),
        ("a:\n  hostnam: x\n", 2, "a.hostnam", "did you mean 'hostname'"),
        ("a:\n  port: '22'\n", 2, "a.port", "integer"),
        ("a:\n  port: 99999\n", 2, "a.port", "65535, not 99999"),
        ("a:\n  groups: [nope]\n", 2, "a.groups", "no group 'nope'"),
        ("a:\n  data:\n    netdiag:\n      sensors: [x]\n", 4, "a.data.netdiag.sensors", "unknown key"),
        ("a:\n  data:\n    netdiag:\n      role: boss\n", 4, "a.data.netdiag.role", "not 'boss'"),
        ("a:\n  data:\n    netdiag:\n      snmp: {version: 3}\n", 4, "a.data.netdiag.snmp", "needs a user"),
        ("a:\n  data:\n    netdiag:\n      snmp: {port: 1}\n", 4, "a.data.netdiag.snmp", "community"),
        ("a: {port: 1}\na: {port: 2}\n", 2, None, "twice"),
        ("a:\n  x: [\n", 3, None, "not valid YAML"),
        ("- a\n", 1, None, "dictionary"),
        ("1001: {port: 1}\n", 1, "1001", "string"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_and_key(write, hosts, line, key, says):
    folder = write(hosts=hosts)
    with pytest.raises(FileFormatError, match=says) as caught:
        inventory.load(folder)
    assert caught.value.file == str(folder / "hosts.yaml")
    assert (caught.value.line, caught.value.key) == (line, key)


def test_a_group_that_is_its_own_ancestor(write):
    with pytest.raises(FileFormatError, match="member of itself"):
        inventory.load(write("a: {}\n", "g: {groups: [h]}\nh: {groups: [g]}\n", None))


def test_an_empty_and_an_absent_inventory(write, tmp_path):
    assert inventory.load(write("", None, None)).devices == ()
    with pytest.raises(UsageError, match="netdiag init"):
        inventory.load(tmp_path / "nowhere")


def test_aliases_that_grow_without_bound_are_refused(tmp_path):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 8)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(FileFormatError, match="bounds"):
        strict.read_yaml(path)
    path.write_text("a: &a [*a]\n")
    with pytest.raises(FileFormatError):
        strict.read_yaml(path)
    path.write_text("[" * 3000)
    with pytest.raises(FileFormatError):
        strict.read_yaml(path)
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(FileFormatError, match="UTF-8"):
        strict.read_yaml(path)


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_file_raises_anything_else(tmp_path_factory, blob):
    path = tmp_path_factory.mktemp("yaml") / "hosts.yaml"
    path.write_bytes(blob if isinstance(blob, bytes) else blob.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(FileFormatError):
        inventory.load(path.parent)


def test_the_starter_loads_and_asks_for_nothing(tmp_path):
    for name, text in inventory.starter().items():
        (tmp_path / name).write_text(text)
    assert inventory.load(tmp_path).devices == ()
    # With the comments taken off its examples are valid too.
    lines = inventory.starter()["hosts.yaml"].splitlines()
    hosts = "\n".join(line[2:] for line in lines[lines.index("# core-1:") :])
    (tmp_path / "hosts.yaml").write_text(hosts)
    assert [d.name for d in inventory.load(tmp_path).devices] == ["core-1", "acc-3f-1"]


def test_doctor_is_told_of_plain_secrets(write):
    folder = write(
        hosts="a:\n  password: plain\n  data:\n    netdiag:\n      snmp: {community: public}\n"
        "b:\n  password: env:X\n"
    )
    told = inventory.load(folder).plain_secrets()
    assert told == (
        f"{folder / 'hosts.yaml'}:2: a.password",
        f"{folder / 'hosts.yaml'}:5: a.data.netdiag.snmp.community",
    )


@pytest.mark.parametrize(
    "hosts",
    [
        f"a:\n  password: {SENTINEL}\n  data:\n    netdiag:\n      snmp: {{community: {SENTINEL}}}\n",
        f"a:\n  passwrd: {SENTINEL}\n",
        f"a:\n  password: [{SENTINEL}]\n",
        f"a:\n  password: {{x: {SENTINEL}}}\n",
        f"a:\n  password: '{SENTINEL}\n",
        f"a:\n  password: {SENTINEL}\n  password: {SENTINEL}2\n",
        f"a:\n  password: {SENTINEL}: x\n",
        f"a:\n  data:\n    netdiag:\n      snmp: {SENTINEL}\n",
        f"a:\n  data:\n    netdiag:\n      snmp: {{community: {SENTINEL}, version: 4}}\n",
        f"a:\n  data:\n    netdiag:\n      snmp: {{version: 3, auth_key: {SENTINEL}}}\n",
        f"a:\n  data:\n    netdiag:\n      ssh: [{SENTINEL}]\n",
    ],
)
def test_a_secret_shows_in_no_error_and_no_repr(write, hosts):
    folder = write(hosts=hosts)
    try:
        inv = inventory.load(folder)
        shown = f"{inv!r} {inv} {inv.targets()!r} {inv.plain_secrets()} {inv._logins!r}"
    except NetdiagError as exc:
        shown = "".join(traceback.format_exception(exc))
    assert SENTINEL not in shown.replace(str(folder), "")


# --- secrets --------------------------------------------------------------------------------------


def test_references(tmp_path):
    (tmp_path / "pw").write_text("from file\n")
    (tmp_path / "empty").write_text("\n")
    assert secrets.resolve("env:X", environ={"X": "1"}) == Secret("1")
    assert secrets.resolve("file:pw", base=tmp_path) == Secret("from file")
    assert secrets.resolve(f"file:{tmp_path}/pw") == Secret("from file")
    assert secrets.resolve("just this") == Secret("just this")
    for reference in ("env:X", "env:", "file:none", "file:empty", "vault:a#b"):
        with pytest.raises(SecretMissing) as caught:
            secrets.resolve(reference, base=tmp_path, environ={"X": ""})
        assert reference.split(":")[0] in str(caught.value)
        assert caught.value.exit_status == 3


def test_the_keyring_is_asked_and_its_absence_explained(monkeypatch):
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring as FailingKeyring

    before = keyring.get_keyring()
    keyring.set_keyring(FailingKeyring())
    try:
        with pytest.raises(SecretMissing, match="no keyring can be opened"):
            secrets.resolve("keyring:netops")
    finally:
        keyring.set_keyring(before)
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(SecretMissing, match=r"netdiag\[secrets\]"):
        secrets.resolve("keyring:netops")


# --- codec ----------------------------------------------------------------------------------------


def test_json_of_the_model_is_the_same_again():
    fact = ErrDisabled(ErrDisableCause.STORM_CONTROL, "storm-control", recovers_in_s=3)
    assert codec.load(ErrDisabled, codec.dump(fact)) == fact
    assert '"recovers_in_s":3' in codec.dump(fact)
    with pytest.raises(FileFormatError, match="row 7"):
        codec.load(ErrDisabled, '{"cause": "storm-control"}', file="row 7")
    with pytest.raises(FileFormatError):
        codec.load(ErrDisabled, "{")


def test_old_algorithms_are_named_for_one_device(write, environment):
    hosts = HOSTS.replace("{accept_new: true}", "{legacy_algorithms: [ssh-rsa]}")
    inv = inventory.load(write(hosts=hosts))
    core, acc = inv.targets(["core-1", "acc-3f-1"])
    assert core.ssh is not None
    assert acc.ssh is not None
    assert (core.ssh.legacy_algorithms, acc.ssh.legacy_algorithms) == ((), ("ssh-rsa",))


@pytest.mark.parametrize("file", ["groups", "defaults"])
def test_old_algorithms_are_refused_for_a_group_and_for_all(write, environment, file):
    old = "ssh: {legacy_algorithms: [ssh-rsa]}"
    given = {
        "groups": {"groups": GROUPS.replace("requests_per_s: 20", old)},
        "defaults": {"defaults": f"data:\n  netdiag:\n    {old}\n"},
    }[file]
    with pytest.raises(FileFormatError, match="name them under that host") as caught:
        inventory.load(write(**given))
    assert f"{file}.yaml:" in str(caught.value)
    assert "legacy_algorithms" in str(caught.value)


CANDIDATES = """
acc-1:
  hostname: 10.0.3.1
  username: ops
  password: "env:PW"
  data:
    netdiag:
      ssh:
        enable_secret: "env:PW"
        candidates:
          - {password: "env:NONE"}
          - {username: admin, password: "env:COMM", enable_secret: plain-enable}
      snmp:
        community: "env:COMM"
        port: 1161
        candidates:
          - {version: 3, user: ops, auth: sha512, auth_key: "env:PW", priv: aes256, priv_key: "env:PW"}
          - {community: "env:NONE"}
          - {community: "env:PW", port: 161}
"""


def test_candidates_stand_in_their_order_and_a_missing_secret_costs_its_own(write, environment):
    inv = inventory.load(write(hosts=CANDIDATES, groups="", defaults=""))
    (target,) = inv.targets()
    assert target.ssh is not None
    assert target.snmp is not None
    (other,) = target.ssh.others
    assert (target.ssh.username, other.username) == ("ops", "admin")
    assert other.enable_secret == Secret("plain-enable")
    assert other.known_hosts == target.ssh.known_hosts
    v3, v2 = target.snmp.others
    assert (v3.version, v3.auth, v3.priv, v3.port) == ("3", "sha512", "aes256", 1161)
    assert (v2.community, v2.port) == (target.ssh.password, 161)
    assert sorted((e.source, e.what) for e in target.errors) == [
        ("snmp", "credentials"),
        ("ssh", "credentials"),
    ]
    (plain,) = inv.plain_secrets()
    assert plain.endswith("hosts.yaml:12: acc-1.data.netdiag.ssh.candidates.1.enable_secret")
    assert "plain-enable" not in repr(target)


def test_a_candidate_that_is_no_login_is_an_error_with_its_place(write, environment):
    for wrong in ("{user: ops}", "{version: 3}", "{version: 3, user: u, auth: sha256}", "{}"):
        hosts = f"a: {{data: {{netdiag: {{snmp: {{community: x, candidates: [{wrong}]}}}}}}}}\n"
        with pytest.raises(FileFormatError, match="needs"):
            inventory.load(write(hosts=hosts, groups="", defaults=""))
    hosts = "a: {username: u, data: {netdiag: {ssh: {candidates: [{username: b}]}}}}\n"
    with pytest.raises(FileFormatError, match="password"):
        inventory.load(write(hosts=hosts, groups="", defaults=""))


def test_what_changes_are_bound_to_comes_from_the_nearest_file(tmp_path):
    (tmp_path / "hosts.yaml").write_text(
        "core-1: {hostname: 10.0.0.1, data: {netdiag: {role: core, max_view_age_s: 30}}}\n"
        "acc-1: {hostname: 10.0.0.2, data: {netdiag: {role: access, max_stations: 3}}}\n"
    )
    (tmp_path / "defaults.yaml").write_text(
        "data:\n  netdiag:\n    two_person: [core]\n    max_stations: 8\n"
        "    changes_per_minute: 5\n    changes_per_minute_total: 9\n"
        "    checks:\n    - {name: intranet, host: web.example, port: 443, dns: web.example}\n"
    )
    loaded = inventory.load(tmp_path)
    core, acc = loaded.devices
    assert (core.two_person, core.max_stations, core.max_view_age_s) == (True, 8, 30)
    assert (acc.two_person, acc.max_stations, acc.changes_per_minute) == (False, 3, 5)
    assert loaded.site.changes_per_minute_total == 9
    assert [(c.name, c.host, c.port) for c in loaded.site.checks] == [
        ("intranet", "web.example", 443)
    ]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("two_person: [kore]", "'kore' is no role, group or device"),
        ("checks: [{name: x}]", "host and port, or dns"),
        ("checks: [{name: x, host: a}]", "a port together"),
        ("max_stations: 0", "max_stations"),
        ("changes_per_minute: 0", "changes_per_minute"),
    ],
)
def test_a_rule_for_changes_that_cannot_hold_is_named(tmp_path, keys, words):
    (tmp_path / "hosts.yaml").write_text("core-1: {hostname: 10.0.0.1}\n")
    (tmp_path / "defaults.yaml").write_text(f"data:\n  netdiag:\n    {keys}\n")
    with pytest.raises(FileFormatError, match=words) as wrong:
        inventory.load(tmp_path)
    assert wrong.value.line == 3
