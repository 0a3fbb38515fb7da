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
    _named("cisco_xr", "Cisco IOS-XR", ("9.1",), r"\bIOS XR\b", "iosxr"),
    _named("cisco_asa", "Cisco ASA", ("9.1",), r"Adaptive Security Appliance"),
    _named("cisco_ie1000", "Cisco IE1000", ("9.1",), r"\bIE1000\b"),
    _named("dell_sonic", "SONiC", ("4413",), r"\bSONiC\b", "sonic"),
    _named("dell_force10", "Dell OS9 / Force10", ("6027",), r"Force10", "dell_os9"),
    _named("dell_powerconnect", "Dell PowerConnect", ("674.10895",), r"PowerConnect"),
    _named("extreme_exos", "Extreme EXOS", ("1916",), r"\bExtremeXOS\b"),
    _named("mikrotik_swos", "MikroTik SwOS", ("14988.2",), r"\bSwOS\b"),
    _named("zte_zxros", "ZTE ZXROS", ("3902",), r"\bZXR10\b|\bZTE\b"),
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
)
