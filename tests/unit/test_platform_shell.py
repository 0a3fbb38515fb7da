"""Prompts, pagers, questions and commits of every make, against a device that is a script.

A scripted channel answers each line that is sent; what is sent is kept, so that a test can say what must
never be sent: no Y to a question that would save, no line after a refusal.
"""

import re

import pytest

from netdiag import platforms
from netdiag.access import Secret, SshAccess, Target
from netdiag.collect import ssh
from netdiag.collect.shell import Shell
from netdiag.errors import AccessDenied, CollectError, DecodeError, Unreachable
from netdiag.model import Device


class Script:
    """A channel: greets, then answers each thing sent by the first pattern that matches it."""

    def __init__(self, greeting, *answers, chunk=7):
        self._out = [greeting]
        self._answers = [(re.compile(pattern), reply) for pattern, reply in answers]
        self._chunk = chunk
        self.sent = []

    def settimeout(self, timeout):
        self.timeout = timeout

    def recv_ready(self):
        return False

    def recv(self, nbytes):
        if not self._out:
            raise TimeoutError
        head = self._out.pop(0)
        octets = head if isinstance(head, bytes) else head.encode()
        if len(octets) > self._chunk:  # a slow device: a prompt arrives in pieces
            self._out.insert(0, octets[self._chunk :])
        return octets[: self._chunk]

    def sendall(self, s):
        said = s.decode()
        self.sent.append(said)
        for n, (pattern, reply) in enumerate(self._answers):
            if pattern.fullmatch(said.strip("\r\n")):
                if isinstance(reply, list):
                    self._out.append(reply.pop(0) if len(reply) > 1 else reply[0])
                else:
                    self._out.append(reply)
                del n
                return


def platform(name):
    found = platforms.get(name)
    assert found is not None
    return found


def session(name, script, **access):
    target = Target(
        device=Device("sw", "192.0.2.1", platform=name),
        ssh=SshAccess(username="netops", password=Secret("pass-word"), **access),
    )
    assert target.ssh is not None
    opened = ssh.Session(target)
    p = platform(name)
    opened._shell = Shell(
        "sw", script, silence_s=1, prompt=p.prompt,
        questions=ssh._questions(p, target.ssh), newline=p.newline,
    )  # fmt: skip
    opened._shell.learn_prompt()
    return opened


PROMPTS = [
    ("cisco_ios", "acc-1#", "acc-1(config-if)#"),
    ("cisco_nxos", "leaf-1# ", "leaf-1(config-if)# "),
    ("arista_eos", "sw.lab>", "sw.lab(config)#"),
    ("juniper_junos", "ops@ex-1> ", "ops@ex-1# "),
    ("huawei", "<acc-1>", "[acc-1-GigabitEthernet0/0/1]"),
    ("huawei_vrpv8", "<ce-1>", "[~ce-1]"),
    ("huawei_vrpv8", "<ce-1>", "[*ce-1-10GE1/0/1]"),
    ("hp_comware", "<H3C>", "[H3C-GigabitEthernet1/0/1]"),
    ("ruijie_os", "Ruijie#", "Ruijie(config-if-GigabitEthernet 0/7)#"),
    ("hp_procurve", "HP-2530# ", "HP-2530(eth-7)# "),
    ("aruba_aoscx", "6300# ", "6300(config-if)# "),
    ("ruckus_fastiron", "SSH@ICX7150#", "SSH@ICX7150(config-if-e1000-1/1/7)#"),
    ("mikrotik_routeros", "[admin@MikroTik] > ", "[admin@MikroTik] /interface> "),
    ("tplink_jetstream", "T2600G#", "T2600G(config-if)#"),
    ("linux", "root@br-1:~# ", "root@br-1:~# "),
    ("huawei", "<三楼接入>", "[三楼接入]"),
]


@pytest.mark.parametrize(("name", "look", "configure"), PROMPTS)
def test_prompts_of_every_make(name, look, configure):
    script = Script(
        f"*** only > authorized # users ***\r\n\r\n{look}",
        ("one", f"one\r\nfirst line\r\n{configure}"),
        ("two", f"two\r\nend\r\n{look}"),
    )
    shell = session(name, script)._shell
    assert shell.ask("one") == "first line\n"
    assert re.search(platform(name).config_prompt, shell.prompt.rstrip())
    assert shell.ask("two") == "end\n"
    # What looks was not what configures.
    if platform(name).config_prompt:
        assert not re.search(platform(name).config_prompt, shell.prompt.rstrip())


def test_another_names_prompt_in_the_output_ends_nothing():
    script = Script(
        "<acc-1>", ("display logbuffer", "display logbuffer\r\n<core-9>\r\nlast\r\n<acc-1>")
    )
    assert session("huawei", script)._shell.ask("display logbuffer") == "<core-9>\nlast\n"


PAGERS = [
    ("cisco_ios", "--More-- ", "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b"),
    ("huawei", "  ---- More ----", "\x1b[42D                                          \x1b[42D"),
    ("hp_comware", "---- More ----", "\x1b[16D                \x1b[16D"),
    ("juniper_junos", "---(more 45%)---", "\r                                        \r"),
    ("hp_procurve", "-- MORE --, next page: Space, next line: Enter, quit: Control-C",
     "\r                                                                 \r"),
    ("ruckus_fastiron", "--More--, next page: Space, next line: Return key, quit: Control-c",
     "\r                                                                 \r"),
    ("tplink_jetstream", "Press any key to continue (Q to quit)", "\r                           \r"),
    ("cisco_s300", "More: <space>,  Quit: q or CTRL+Z, One line: <return> ", "\r                  \r"),
]  # fmt: skip
LOOKS = {
    "huawei": "<sw>", "hp_comware": "<sw>", "juniper_junos": "ops@sw> ", "mikrotik_routeros": "[a@sw] > "
}  # fmt: skip


@pytest.mark.parametrize(("name", "pager", "wipe"), PAGERS, ids=[p[0] for p in PAGERS])
def test_a_pager_is_turned_and_leaves_no_trace(name, pager, wipe):
    look = LOOKS.get(name, "sw#")
    script = Script(
        look,
        ("show x", f"show x\r\nport 1\r\nport 2\r\n{pager}"),
        (" ", f"{wipe}port 3\r\nport 4\r\n{look}"),
    )
    assert session(name, script)._shell.ask("show x").split("\n")[:4] == [
        f"port {n}" for n in range(1, 5)
    ]
    assert script.sent[-1] == " "


def test_huaweis_login_saves_nothing():
    script = Script(
        "Warning: The initial password poses security risks.\r\n"
        "The password needs to be changed. Change now? [Y/N]:",
        ("N", ["\r\nWarning: There are security risks in the configuration file. Continue? [Y/N]:",
               "\r\n<acc-1>"]),
    )  # fmt: skip
    session("huawei", script)
    assert [s.strip() for s in script.sent] == ["N", "N"]


def test_five_logins_are_one_too_many():
    said = "\r\nAll user interfaces are used, please try later!\r\n"
    with pytest.raises(CollectError, match="no further login"):
        session("huawei", Script(said))
    assert platform("huawei").max_sessions == 4


def test_a_small_business_switch_asks_again_for_the_name():
    script = Script(
        "\r\nUser Name:", ("netops", "netops\r\nPassword:"), ("pass-word", "********\r\n\r\nsw1#")
    )
    session("cisco_s300", script)
    assert [s.strip() for s in script.sent] == ["netops", "pass-word"]


def test_a_device_that_asks_for_ever_is_left():
    script = Script("Press any key to continue", ("", "\r\nPress any key to continue"))
    with pytest.raises(Unreachable, match="asks without end"):
        session("hp_procurve", script)


def test_a_procurves_banner_wants_a_key():
    script = Script("Press any key to continue", ("", "\x1b[24;1HHP-2530# "))
    assert session("hp_procurve", script)._shell.prompt.strip() == "HP-2530#"


def test_a_procurve_draws_its_lines():
    look = "\x1b[24;1H\x1b[2K\x1b[24;1HHP-2530# \x1b[?25h\x1b[24;11H"
    script = Script(look, ("show x", f"\x1b[24;11Hshow x\x1b[24;0H\x1bE one\x1bE two\x1bE{look}"))
    assert session("hp_procurve", script)._shell.ask("show x").split() == ["one", "two"]


def test_vrp8_commits_what_waits_and_nothing_else():
    script = Script(
        "<ce-1>",
        (
            "system-view",
            "system-view\r\nEnter system view, return user view with return command.\r\n[~ce-1]",
        ),
        ("interface .*", "x\r\n[~ce-1-10GE1/0/1]"),
        ("shutdown", "shutdown\r\n[*ce-1-10GE1/0/1]"),
        ("commit", "commit\r\n[~ce-1-10GE1/0/1]"),
        ("return", "return\r\n<ce-1>"),
    )
    session("huawei_vrpv8", script).configure(["interface 10GE1/0/1", "shutdown"])
    sent = [s.strip() for s in script.sent]
    assert sent == ["system-view", "interface 10GE1/0/1", "shutdown", "commit", "return"]


def test_vrp5_has_nothing_to_commit():
    script = Script(
        "<s5720>",
        ("system-view", "system-view\r\n[s5720]"),
        ("interface .*", "x\r\n[s5720-GigabitEthernet0/0/1]"),
        ("shutdown", "shutdown\r\n[s5720-GigabitEthernet0/0/1]"),
        ("return", "return\r\n<s5720>"),
    )
    transcript = session("huawei", script).configure(["interface GE0/0/1", "shutdown"])
    assert [s.strip() for s in script.sent][-1] == "return"
    assert "commit" not in transcript


def test_vrp8_drops_what_it_refused():
    script = Script(
        "<ce-1>",
        ("system-view", "system-view\r\n[~ce-1]"),
        ("good", "good\r\n[*ce-1]"),
        ("bad", "bad\r\n      ^\r\nError: Unrecognized command found at '^' position.\r\n[*ce-1]"),
        ("return", "return\r\nWarning: Uncommitted configurations found. Are you sure to commit them before exiting? [Y(yes)/N(no)/C(cancel)]:"),
        ("N", "N\r\n<ce-1>"),
    )  # fmt: skip
    with pytest.raises(DecodeError, match="Unrecognized"):
        session("huawei_vrpv8", script).configure(["good", "bad", "never"])
    sent = [s.strip() for s in script.sent]
    assert "never" not in sent
    assert "commit" not in sent
    assert sent[-1] == "N"


def test_junos_commits_alone_and_rolls_back_after_a_refusal():
    def script():
        return Script(
            "ops@ex-1> ",
            (
                "configure exclusive",
                "configure exclusive\r\nEntering configuration mode\r\n\r\n[edit]\r\nops@ex-1# ",
            ),
            ("set .*", "x\r\n\r\n[edit]\r\nops@ex-1# "),
            ("bad", "bad\r\n    ^\r\nsyntax error.\r\n\r\n[edit]\r\nops@ex-1# "),
            ("rollback 0", "rollback 0\r\nload complete\r\n\r\n[edit]\r\nops@ex-1# "),
            ("commit", "commit\r\ncommit complete\r\n\r\n[edit]\r\nops@ex-1# "),
            ("exit .*", "x\r\nExiting configuration mode\r\n\r\nops@ex-1> "),
        )

    good, bad = script(), script()
    session("juniper_junos", good).configure(["set interfaces ge-0/0/3 disable"])
    assert [s.strip() for s in good.sent][-2:] == ["commit", "exit configuration-mode"]
    with pytest.raises(DecodeError):
        session("juniper_junos", bad).configure(["set interfaces ge-0/0/3 disable", "bad"])
    assert [s.strip() for s in bad.sent][-2:] == ["rollback 0", "exit configuration-mode"]


def test_routeros_acts_line_by_line_without_a_mode():
    script = Script("[admin@sw] > ", (".*", "x\r\n[admin@sw] > "))
    session("mikrotik_routeros", script).configure(["/interface ethernet disable ether5"])
    assert script.sent == ["/interface ethernet disable ether5\r\n"]


def test_enable_before_looking_only_where_it_is_wanted():
    def script():
        return Script("sw>", ("enable", "enable\r\nPassword:"), ("sesame", "\r\nsw#"))

    eos, ios = script(), script()
    session("arista_eos", eos, enable_secret=Secret("sesame")).enable_to_look()
    assert [s.strip() for s in eos.sent] == ["enable", "sesame"]
    session("cisco_ios", ios, enable_secret=Secret("sesame")).enable_to_look()
    assert ios.sent == []
    with pytest.raises(AccessDenied, match="enable_secret"):
        session("ruijie_os", script()).enable_to_look()


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("<acc-1>", {"huawei", "huawei_vrpv8", "hp_comware"}),
        ("ops@ex-1>", {"juniper_junos", "juniper_ex_legacy"}),
        ("[admin@MikroTik] >", {"mikrotik_routeros"}),
    ],
)
def test_a_prompt_narrows_down_the_make(prompt, names):
    assert {p.name for p in platforms.by_prompt(prompt)} >= names
    assert not names & {p.name for p in platforms.by_prompt("acc-1#")} or "juniper" in str(names)
    assert "cisco_ios" in {p.name for p in platforms.by_prompt("acc-1#")}
