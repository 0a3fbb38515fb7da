"""What may stand in the inventory's files: Nornir's own keys, and ours under `data.netdiag`.

Strict: a number is not a text, an unknown key is an error. Imported only when an inventory is read.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_Port = Annotated[int, Field(ge=1, le=65535)]
_Vlan = Annotated[int, Field(ge=1, le=4094)]


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("should be an IP address such as 10.10.0.1") from None


def _mac(text: str) -> str:
    digits = re.sub(r"[:.-]", "", text.lower())
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError("should be a MAC address such as 00:11:22:33:44:55")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _duid(text: str) -> str:
    digits = re.sub(r"[:.-]", "", text.lower())
    if not re.fullmatch(r"([0-9a-f]{2}){3,130}", digits):
        raise ValueError("should be a DUID in hexadecimal, such as 00:03:00:01:00:11:22:33:44:55")
    return digits


def _prefix(text: str) -> str:
    try:
        return str(ipaddress.IPv6Network(text))
    except ValueError:
        raise ValueError("should be an IPv6 prefix such as 2001:db8:10::/64") from None


class _Strict(BaseModel):
    # Input is hidden from every message of the library: it may be a password.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class SnmpCandidateKeys(_Strict):
    """What one device may take: v2c with a community, or v3 with a user."""

    version: Literal["2c", "3", 3, None] = None
    community: str | None = None
    port: _Port | None = None
    user: str | None = None
    auth: Literal["md5", "sha", "sha224", "sha256", "sha384", "sha512", None] = None
    auth_key: str | None = None
    priv: Literal["des", "aes128", "aes192", "aes256", None] = None
    priv_key: str | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600)] | None = None
    retries: Annotated[int, Field(ge=0, le=20)] | None = None


class SnmpKeys(SnmpCandidateKeys):
    """`snmp`: the credential, and others that are tried in their order where nothing answers to it."""

    candidates: list[SnmpCandidateKeys] | None = None


class LoginKeys(_Strict):
    """Another login of a device: what is missing is as in the first one."""

    username: str | None = None
    password: str
    enable_secret: str | None = None


class SshKeys(_Strict):
    """`ssh`: what Nornir's own keys do not say of the login."""

    known_hosts: str | None = None
    accept_new: bool | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600)] | None = None
    enable_secret: str | None = None
    legacy_algorithms: list[str] | None = None
    """Old SSH algorithms that one device needs, by name."""
    key_file: str | None = None
    candidates: list[LoginKeys] | None = None
    """Tried in this order where the login is refused, each password once."""


class OutOfBandKeys(_Strict):
    """`out_of_band`: a second management address; the login is that of `ssh`."""

    hostname: str
    port: _Port = 22


class DhcpServerKeys(_Strict):
    """One server that may answer DHCP."""

    ip: Annotated[str, AfterValidator(_ip)]
    mac: Annotated[str, AfterValidator(_mac)] | None = None
    vlans: list[_Vlan] = []
    routers: list[Annotated[str, AfterValidator(_ip)]] = []
    dns: list[Annotated[str, AfterValidator(_ip)]] = []


class Dhcp6ServerKeys(_Strict):
    """One server that may answer DHCPv6, known by its DUID or its card."""

    duid: Annotated[str, AfterValidator(_duid)] | None = None
    mac: Annotated[str, AfterValidator(_mac)] | None = None
    vlans: list[_Vlan] = []

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.duid is None and self.mac is None:
            raise ValueError("should have a duid or a mac")
        return self


class RouterKeys(_Strict):
    """One IPv6 router that may advertise itself, and the prefixes that it may advertise."""

    ip: Annotated[str, AfterValidator(_ip)] | None = None
    mac: Annotated[str, AfterValidator(_mac)] | None = None
    vlans: list[_Vlan] = []
    prefixes: list[Annotated[str, AfterValidator(_prefix)]] = []

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.ip is None and self.mac is None:
            raise ValueError("should have an ip or a mac")
        return self


class CheckKeys(_Strict):
    """One service that users need: a TCP port, a name in DNS, or both."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,253}$")] | None = None
    port: _Port | None = None
    dns: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,253}$")] | None = None
    server: Annotated[str, AfterValidator(_ip)] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.host is None) != (self.port is None):
            raise ValueError("should have a host and a port together")
        if self.host is None and self.dns is None:
            raise ValueError("should have host and port, or dns")
        return self


class NetdiagKeys(_Strict):
    """`data.netdiag` of a host or a group."""

    area: str | None = None
    role: Literal["core", "distribution", "access", "router", None] = None
    snmp: SnmpKeys | None = None
    ssh: SshKeys | None = None
    out_of_band: OutOfBandKeys | None = None
    requests_per_s: Annotated[float, Field(gt=0)] | None = None
    never_touch: list[str] | None = None
    max_stations: Annotated[int, Field(ge=1)] | None = None
    max_view_age_s: Annotated[float, Field(gt=0, le=86400)] | None = None
    changes_per_minute: Annotated[int, Field(ge=1, le=1000)] | None = None
    desks: dict[str, str] | None = None
    dhcp_servers: list[DhcpServerKeys] | None = None
    dhcp6_servers: list[Dhcp6ServerKeys] | None = None
    routers: list[RouterKeys] | None = None


class DefaultNetdiagKeys(NetdiagKeys):
    """`data.netdiag` of defaults.yaml: also what holds for the whole site."""

    sensors: list[str] | None = None
    syslog_files: list[str] | None = None
    two_person: list[str] | None = None
    """Roles, groups and devices whose changes two different people have to approve."""
    changes_per_minute_total: Annotated[int, Field(ge=1, le=10000)] | None = None
    checks: list[CheckKeys] | None = None


class DataKeys(BaseModel):
    """`data`: the rest of it is the users' own."""

    model_config = ConfigDict(extra="allow", strict=True, hide_input_in_errors=True)
    netdiag: NetdiagKeys | None = None


class DefaultDataKeys(BaseModel):
    """`data` of defaults.yaml."""

    model_config = ConfigDict(extra="allow", strict=True, hide_input_in_errors=True)
    netdiag: DefaultNetdiagKeys | None = None


class ConnectionKeys(_Strict):
    """Nornir's `connection_options` of one plugin."""

    hostname: str | None = None
    port: _Port | None = None
    username: str | None = None
    password: str | None = None
    platform: str | None = None
    extras: dict[str, Any] | None = None


class _Attributes(_Strict):
    hostname: str | None = None
    port: _Port | None = None
    username: str | None = None
    password: str | None = None
    platform: str | None = None
    connection_options: dict[str, ConnectionKeys] | None = None


class HostKeys(_Attributes):
    """One entry of hosts.yaml or groups.yaml."""

    name: str | None = None
    groups: list[str] | None = None
    data: DataKeys | None = None


class DefaultsKeys(_Attributes):
    """defaults.yaml."""

    data: DefaultDataKeys | None = None
