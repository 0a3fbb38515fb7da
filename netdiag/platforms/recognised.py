"""Platforms that netdiag names and reads through standard MIBs, and does not speak the command line of yet.

The name is netmiko's device type. sysObjectID prefixes are the vendors' IANA enterprise numbers.
"""

from __future__ import annotations

from netdiag.platforms.base import Platform

_WHY = "netdiag does not speak this platform's command line yet; SNMP is read"
_NO_TABLE = "closed ports show in vendors' own MIBs only, and none of this platform's is known"
_E = "1.3.6.1.4.1."
_BY_SNMP = {
    "mikrotik_swos": "SwOS has no SNMP object for closed ports",
    "zte_zxros": "no SNMP object of ZTE for closed ports is public; nothing beyond the interface's state is known",
}


def _named(
    name: str, title: str, oids: tuple[str, ...], descr: str | None = None, *aliases: str
) -> Platform:
    return Platform(
        name=name,
        title=title,
        aliases=aliases,
        sys_object_ids=tuple(_E + oid for oid in oids),
        sys_descr=descr,
        not_offered={
            **dict.fromkeys(("err-disabled", "log", "shut", "reopen", "hardening"), _WHY),
            "err-disabled-snmp": _BY_SNMP.get(name, _NO_TABLE),
        },
    )


RECOGNISED: tuple[Platform, ...] = (
    _named("cisco_xr", "Cisco IOS-XR", ("9.1",), r"\bIOS XR\b", "iosxr"),
    _named("cisco_asa", "Cisco ASA", ("9.1",), r"Adaptive Security Appliance"),
    _named("cisco_ie1000", "Cisco IE1000", ("9.1",), r"\bIE1000\b"),
    _named("dell_sonic", "SONiC", ("4413",), r"\bSONiC\b", "sonic"),
    _named("dell_powerconnect", "Dell PowerConnect", ("674.10895",), r"PowerConnect"),
    _named("mikrotik_swos", "MikroTik SwOS", ("14988.2",), r"\bSwOS\b"),
    _named("zte_zxros", "ZTE ZXROS", ("3902",), r"\bZXR10\b|\bZTE\b"),
    _named("zyxel_os", "Zyxel", ("890",), r"Zyxel"),
    _named("alcatel_aos", "Alcatel-Lucent OmniSwitch", ("6486",), r"OmniS(witch|tack)|Alcatel"),
    _named("allied_telesis_awplus", "Allied Telesis AW+", ("207",), r"Allied Tele|AlliedWare"),
    _named("bdcom", "BDCOM", ("3320",), r"BDCOM"),
    _named("dcn", "DCN", ("6339",), r"\b(?:DCRS|DCS)-\d|Digital China"),
    _named("eltex", "Eltex MES", ("35265",), r"\bMES\d{4}"),
    _named("fs", "FS", ("27975", "52642"), r"FSOS"),
    _named("supermicro_smis", "Supermicro", ("10876",), r"SuperSwitch|Supermicro"),
    _named("ubiquiti_edgeswitch", "Ubiquiti", ("41112", "4413"), r"EdgeSwitch|UniFi|USW-"),
    _named("netgear_prosafe", "NETGEAR", ("4526",), r"NETGEAR|ProSAFE"),
    _named("fortinet", "Fortinet", ("12356",), r"Forti"),
)
