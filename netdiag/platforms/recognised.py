"""Platforms that netdiag names and reads through standard MIBs, and does not speak the command line of yet.

The name is netmiko's device type. sysObjectID prefixes are the vendors' IANA enterprise numbers.
"""

from __future__ import annotations

from netdiag.platforms.base import Platform

_WHY = "netdiag does not speak this platform's command line yet; SNMP is read"
_E = "1.3.6.1.4.1."


def _named(
    name: str, title: str, oids: tuple[str, ...], descr: str | None = None, *aliases: str
) -> Platform:
    return Platform(
        name=name,
        title=title,
        aliases=aliases,
        sys_object_ids=tuple(_E + oid for oid in oids),
        sys_descr=descr,
        not_offered=dict.fromkeys(("err-disabled", "log", "shut", "reopen", "hardening"), _WHY),
    )


RECOGNISED: tuple[Platform, ...] = (
    _named("cisco_nxos", "Cisco NX-OS", ("9.12.3.1.3",), r"\bNX-OS", "nxos", "nxos_ssh"),
    _named("cisco_xr", "Cisco IOS-XR", ("9.1",), r"\bIOS XR\b", "iosxr"),
    _named("cisco_asa", "Cisco ASA", ("9.1",), r"Adaptive Security Appliance"),
    _named("cisco_ie1000", "Cisco IE1000", ("9.1",), r"\bIE1000\b"),
    _named("cisco_s300", "Cisco Small Business", ("9.6.1",), None, "cisco_sg300", "cisco_s200"),
    _named("arista_eos", "Arista EOS", ("30065",), r"\bArista Networks EOS", "eos"),
    _named("juniper_junos", "Juniper Junos", ("2636",), r"\bJUNOS\b|Juniper Networks", "junos"),
    _named("huawei", "Huawei VRP", ("2011",), r"Huawei|YunShan OS", "huawei_vrp", "huawei_vrpv8"),
    _named(
        "hp_comware",
        "H3C / HPE Comware",
        ("25506", "43.1.16", "43.45"),
        r"\bComware\b|^H3C|3Com SuperStack",
        "h3c_comware",
        "comware",
    ),
    _named("hp_procurve", "HPE / ArubaOS-Switch", ("11.2.3.7",), r"ProCurve|HP [JK]\d{4}"),
    _named("aruba_aoscx", "Aruba AOS-CX", ("47196.4.1.1",), r"^(HPE ANW|Aruba) J", "aoscx"),
    _named("ruijie_os", "Ruijie RGOS", ("4881",), r"\bRuijie\b"),
    _named("dell_os10", "Dell OS10", ("674.11000.5000.100",), r"Dell.*OS10|SmartFabric OS10"),
    _named("dell_sonic", "SONiC", ("4413",), r"\bSONiC\b", "sonic"),
    _named("dell_force10", "Dell OS9 / Force10", ("6027",), r"Force10", "dell_os9"),
    _named("dell_powerconnect", "Dell PowerConnect", ("674.10895",), r"PowerConnect"),
    _named("extreme_exos", "Extreme EXOS", ("1916",), r"\bExtremeXOS\b"),
    _named(
        "ruckus_fastiron", "Ruckus / Brocade ICX", ("1991",), r"ICX|FastIron", "brocade_fastiron"
    ),
    _named("mikrotik_routeros", "MikroTik RouterOS", ("14988.1",), r"^RouterOS"),
    _named("mikrotik_swos", "MikroTik SwOS", ("14988.2",), r"\bSwOS\b"),
    _named("zte_zxros", "ZTE ZXROS", ("3902",), r"\bZXR10\b|\bZTE\b"),
    _named("tplink_jetstream", "TP-Link JetStream", ("11863",), r"JetStream|TP-?Link"),
    _named("dlink_ds", "D-Link", ("171",), r"^D[EGX]S-\d|D-Link"),
    _named("zyxel_os", "Zyxel", ("890",), r"Zyxel"),
    _named("alcatel_aos", "Alcatel-Lucent OmniSwitch", ("6486",), r"OmniS(witch|tack)|Alcatel"),
    _named("allied_telesis_awplus", "Allied Telesis AW+", ("207",), r"Allied Tele|AlliedWare"),
    _named("eltex", "Eltex MES", ("35265",), r"\bMES\d{4}"),
    _named("fs", "FS", ("27975", "52642"), r"FSOS"),
    _named("supermicro_smis", "Supermicro", ("10876",), r"SuperSwitch|Supermicro"),
    _named("ubiquiti_edgeswitch", "Ubiquiti", ("41112", "4413"), r"EdgeSwitch|UniFi|USW-"),
    _named("netgear_prosafe", "NETGEAR", ("4526",), r"NETGEAR|ProSAFE"),
    _named("fortinet", "Fortinet", ("12356",), r"Forti"),
    _named("linux", "Linux", ("8072.3.2.10",), r"^Linux\b"),
)
