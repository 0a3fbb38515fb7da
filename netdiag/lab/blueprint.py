"""What a practice network is made of, as its YAML file says it: read strictly, every error with a line.

The shape of the file is the models below; what spans several keys (a cable into a socket that is
taken, a switch that does not exist) is checked by `load`. Ports are written `core-1 Gi1/0/3`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import as_file, files
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from netdiag.errors import FileFormatError, UsageError
from netdiag.files import strict
from netdiag.names import long_name

MAX_SWITCHES = 200
_INTERFACE = "GigabitEthernet1/0/"


def _interface(text: str) -> str:
    try:
        found = IPv4Interface(text)
    except ValueError:
        raise ValueError("should be an address with its prefix such as 10.10.0.1/16") from None
    if "/" not in text:
        raise ValueError("should carry its prefix length, such as 10.10.0.1/16")
    return str(found)


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise ValueError("should be an IPv4 address such as 10.10.0.1") from None


def _place(text: str) -> str:
    switch, _, port = text.strip().rpartition(" ")
    name = long_name(port)
    if not switch or not name.startswith(_INTERFACE):
        raise ValueError("should be a switch and a port such as 'core-1 GigabitEthernet1/0/3'")
    return f"{switch.strip()} {name}"


def _label(text: str) -> str:
    try:
        text.format(port="01", desk="x")
    except (KeyError, IndexError, ValueError):
        raise ValueError("may hold {port} or {desk} and no other braces") from None
    return text


Vlan = Annotated[int, Field(ge=1, le=4094)]
Ip = Annotated[str, AfterValidator(_address)]
IpWithPrefix = Annotated[str, AfterValidator(_interface)]
Place = Annotated[str, AfterValidator(_place)]
Label = Annotated[str, AfterValidator(_label), Field(min_length=1, max_length=60)]
Mac = Annotated[str, Field(pattern=r"^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$")]
PortNumber = Annotated[int, Field(ge=1, le=48)]
PortRange = Annotated[list[PortNumber], Field(min_length=2, max_length=2)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, populate_by_name=True, hide_input_in_errors=True
    )


class Speeds(_Strict):
    """Bit rates; bounded, because a storm fills them and a simulator must keep up."""

    desk: Annotated[int, Field(ge=64_000, le=10_000_000)] = 1_000_000
    trunk: Annotated[int, Field(ge=64_000, le=40_000_000)] = 4_000_000


class Management(_Strict):
    """In-band management: its VLAN, and the station at whose port the operations centre sits."""

    vlan: Vlan
    start: Name = Field(alias="from")


class Desks(_Strict):
    """The wall sockets of a switch."""

    ports: PortRange
    vlan: Vlan
    label: Label
    """`{port}` is the port's number in two digits."""
    bpdu: Literal["on", "filter", "guard"] = "on"


class Stations(_Strict):
    """The PCs at some of them."""

    ports: PortRange
    name: Label
    """`{desk}` is the desk's label in lower case, `{port}` the port's number."""


class SwitchPlan(_Strict):
    """One switch."""

    role: Literal["core", "distribution", "access"]
    area: str | None = None
    platform: Literal["ios"] = "ios"
    mac: Mac | None = None
    ports: PortNumber = 24
    management_ip: IpWithPrefix
    gateway: Ip | None = None
    stp_priority: Annotated[int, Field(ge=0, le=61440, multiple_of=4096)] = 32768
    lldp: bool = True
    addresses: dict[Vlan, IpWithPrefix] = {}
    """VLAN -> the switch's own address there."""
    desks: Desks | None = None
    stations: Stations | None = None


class Trunk(_Strict):
    """A cable between two switches."""

    between: Annotated[list[Place], Field(min_length=2, max_length=2)]
    vlans: Annotated[list[Vlan], Field(min_length=1)]
    storm_control_pps: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Switch -> level on its end."""


class Attached(_Strict):
    """A station in a server room."""

    at: Place
    vlan: Vlan
    mac: Mac | None = None


class DhcpPlan(Attached):
    """The company's DHCP server."""

    ip: IpWithPrefix
    gateway: Ip
    pool: Annotated[list[Ip], Field(min_length=2, max_length=2)]
    dns: list[Ip] = []
    lease_s: Annotated[int, Field(ge=60, le=604_800)] = 3600


class SensorPlan(Attached):
    """A card without an address that listens and probes."""

    tagged: list[Vlan] = []
    """VLANs that reach it tagged beside its untagged one."""


class Topology(_Strict):
    """A whole practice network."""

    speeds_bps: Speeds = Speeds()
    vlans: Annotated[list[Vlan], Field(min_length=1)]
    management: Management
    storm_interval_s: Annotated[float, Field(ge=0.1, le=60.0)] = 1.0
    err_disable_recovery_s: Annotated[float, Field(ge=1.0, le=86_400.0)] | None = None
    switches: Annotated[dict[Name, SwitchPlan], Field(min_length=1, max_length=MAX_SWITCHES)]
    trunks: list[Trunk] = []
    dhcp_servers: dict[Name, DhcpPlan] = {}
    sensors: dict[Name, SensorPlan] = {}


Complain = Callable[[str, Sequence[str | int]], FileFormatError]
Key = tuple[str | int, ...]


def load(path: str | None) -> Topology:
    """The network of that file or packaged name, or the campus for `None`.

    `FileFormatError` for a file that is wrong, `UsageError` for a name that is none.
    """
    if path is not None and (Path(path).suffix or Path(path).exists()):
        return _load(Path(path))
    found = files("netdiag.lab")
    packaged = found / "topologies" / f"{path}.yaml"
    if path in (None, "campus"):
        packaged = found / "campus.yaml"
    if not packaged.is_file():
        raise UsageError(
            f"no packaged network is called {path!r}: {', '.join(packaged_names())}; a file ends in .yaml"
        )
    with as_file(packaged) as name:
        return _load(name)


def packaged_names() -> tuple[str, ...]:
    """The networks that come with the program."""
    folder = files("netdiag.lab") / "topologies"
    others = (entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return ("campus", *sorted(name.removesuffix(".yaml") for name in others))


def split_place(place: str) -> tuple[str, str]:
    """`core-1 GigabitEthernet1/0/3` -> (switch, interface)."""
    switch, _, interface = place.rpartition(" ")
    return switch, interface


def interface_name(number: int) -> str:
    """The long name of a switch's port of that number."""
    return f"{_INTERFACE}{number}"


def desk_label(desks: Desks, number: int) -> str:
    """What stands on the wall socket of that port."""
    return desks.label.format(port=f"{number:02d}", desk="")


def station_name(plan: SwitchPlan, switch: str, number: int) -> str:
    """The name of the PC at that port."""
    label = desk_label(plan.desks, number) if plan.desks else f"{switch}-{number:02d}"
    assert plan.stations is not None
    return plan.stations.name.format(port=f"{number:02d}", desk=label.lower())


def _load(path: Path) -> Topology:
    loaded, locate = strict.read_yaml(path)
    topology = strict.check(Topology, loaded, file=str(path), locate=locate)

    def complain(message: str, key: Sequence[str | int]) -> FileFormatError:
        dotted = ".".join(str(part) for part in key)
        return FileFormatError(message, file=str(path), line=locate(key), key=dotted)

    _check_vlans(topology, complain)
    _check_places(topology, complain)
    _check_names(topology, complain)
    _check_ends(topology, complain)
    if topology.management.start not in {*topology.sensors, *topology.dhcp_servers}:
        raise complain(
            f"no station is called {topology.management.start!r}: name one of `sensors`",
            ("management", "from"),
        )
    return topology


def _check_vlans(topology: Topology, complain: Complain) -> None:
    for vlan, key in _vlans(topology):
        if vlan not in topology.vlans:
            raise complain(f"VLAN {vlan} is not one of `vlans` {topology.vlans}", key)


def _vlans(topology: Topology) -> Iterator[tuple[int, Key]]:
    yield topology.management.vlan, ("management", "vlan")
    for name, switch in topology.switches.items():
        for vlan in switch.addresses:
            yield vlan, ("switches", name, "addresses", vlan)
        if switch.desks is not None:
            yield switch.desks.vlan, ("switches", name, "desks", "vlan")
    for number, trunk in enumerate(topology.trunks):
        for vlan in trunk.vlans:
            yield vlan, ("trunks", number, "vlans")
    for name, server in topology.dhcp_servers.items():
        yield server.vlan, ("dhcp_servers", name, "vlan")
    for name, sensor in topology.sensors.items():
        yield sensor.vlan, ("sensors", name, "vlan")
        for vlan in sensor.tagged:
            yield vlan, ("sensors", name, "tagged")


def _check_places(topology: Topology, complain: Complain) -> None:
    """Every socket exists and has one cable; desks are not trunks."""
    taken: dict[tuple[str, int], str] = {}
    for switch, number, user, key in _places(topology):
        plan = topology.switches.get(switch)
        if plan is None:
            raise complain(f"there is no switch {switch!r}", key)
        if not 1 <= number <= plan.ports:
            raise complain(f"{switch} has ports 1 to {plan.ports}, not {number}", key)
        other = taken.setdefault((switch, number), user)
        if other != user:
            message = f"port {number} of {switch} is for {other} already, not for {user} too"
            raise complain(message, key)


def _places(topology: Topology) -> Iterator[tuple[str, int, str, Key]]:
    for name, switch in topology.switches.items():
        if switch.desks is not None:
            for number in _range(switch.desks.ports):
                yield name, number, f"desk port {number}", ("switches", name, "desks", "ports")
        if switch.stations is not None:
            for number in _range(switch.stations.ports):
                yield name, number, f"desk port {number}", ("switches", name, "stations", "ports")
    for index, trunk in enumerate(topology.trunks):
        for end, place in enumerate(trunk.between):
            key: Key = ("trunks", index, "between", end)
            yield *_socket(place), f"trunk {index + 1} end {end + 1}", key
    attached = {**topology.dhcp_servers, **topology.sensors}
    for name, plan in attached.items():
        section = "dhcp_servers" if name in topology.dhcp_servers else "sensors"
        yield *_socket(plan.at), name, (section, name, "at")


def _range(ports: Sequence[int]) -> range:
    return range(ports[0], ports[1] + 1)


def _socket(place: str) -> tuple[str, int]:
    switch, interface = split_place(place)
    digits = interface.removeprefix(_INTERFACE)
    return switch, int(digits) if digits.isdigit() else 0


def _check_ends(topology: Topology, complain: Complain) -> None:
    """Storm-control is for an end of the trunk; PCs sit at desks; management addresses differ."""
    for index, trunk in enumerate(topology.trunks):
        ends = [split_place(place)[0] for place in trunk.between]
        for switch in trunk.storm_control_pps:
            if switch not in ends:
                key: Key = ("trunks", index, "storm_control_pps", switch)
                raise complain(f"{switch!r} is not an end of this trunk: {' or '.join(ends)}", key)
    addresses: dict[str, str] = {}
    for name, plan in topology.switches.items():
        other = addresses.setdefault(plan.management_ip, name)
        if other != name:
            key = ("switches", name, "management_ip")
            raise complain(f"{plan.management_ip} is the address of {other} already", key)
        desks = _range(plan.desks.ports) if plan.desks else range(0)
        at = _range(plan.stations.ports) if plan.stations else range(0)
        if any(number not in desks for number in at):
            key = ("switches", name, "stations", "ports")
            raise complain("stations sit at desks: list those ports under `desks` too", key)


def _check_names(topology: Topology, complain: Complain) -> None:
    seen: dict[str, Key] = {}
    for name, key in _names(topology):
        if name in seen:
            where = ".".join(str(part) for part in seen[name])
            raise complain(f"the name {name!r} is taken already, by {where}", key)
        seen[name] = key


def _names(topology: Topology) -> Iterator[tuple[str, Key]]:
    for name, switch in topology.switches.items():
        yield name, ("switches", name)
        if switch.stations is not None:
            for number in _range(switch.stations.ports):
                key: Key = ("switches", name, "stations", "name")
                yield station_name(switch, name, number), key
    for name in topology.dhcp_servers:
        yield name, ("dhcp_servers", name)
    for name in topology.sensors:
        yield name, ("sensors", name)
