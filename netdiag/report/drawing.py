"""The topology as one inline SVG: the faulty port red, the cut-off area shaded, closed links crossed.

Layers from the core down; only so many devices as fit a page, those that matter first. No text in
it is trusted: the template that draws it escapes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from netdiag.model import (
    AdminStatus,
    Device,
    Diagnosis,
    Network,
    OperStatus,
    Role,
    WiredDevice,
    WiredLink,
    Wiring,
)
from netdiag.names import short_name
from netdiag.topology import Topology

MAX_DEVICES = 24
PER_ROW = 6
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 168, 58, 34, 96, 28
_BESIDE = 92
_RANK = {Role.ROUTER: 0, Role.CORE: 1, Role.DISTRIBUTION: 2, Role.ACCESS: 3, None: 3}


@dataclass(frozen=True, slots=True)
class Box:
    """A device's place: its upper left corner."""

    device: WiredDevice
    x: float
    y: float
    cut_off: bool
    is_source: bool

    @property
    def middle(self) -> float:
        """x of its middle."""
        return self.x + _WIDTH / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A link's place; labels near its ends."""

    x1: float
    y1: float
    x2: float
    y2: float
    label1: str
    label2: str
    closed: str | None
    on_way: bool = False
    """On the way from the top of the network to the cause."""

    def at(self, share: float) -> tuple[float, float]:
        """The point at that share of the way."""
        return self.x1 + (self.x2 - self.x1) * share, self.y1 + (self.y2 - self.y1) * share


@dataclass(frozen=True, slots=True)
class Plug:
    """One faulty port: a red dot at the switch's edge and a line to what hangs there."""

    name: str
    x: float
    y: float
    x2: float
    y2: float
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Source:
    """What hangs at the faulty ports: a red box below its switch, beside it where others are below."""

    x: float
    y: float
    plugs: tuple[Plug, ...]
    label: str
    detail: str
    width: int = _WIDTH + 12
    height: int = 46


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that the SVG template draws."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    source: Source | None
    shade: tuple[float, float, float, float] | None
    """x, y, width, height of the cut-off area."""
    cut_off: int | None
    """Stations."""
    left_out: int
    """Devices that did not fit."""
    box_width: int = _WIDTH
    box_height: int = _HEIGHT


def wiring(network: Network, topology: Topology) -> Wiring:
    """The picture's facts, to be kept with the diagnosis."""
    devices = tuple(_wired(d, network) for d in network.devices)
    links = tuple(
        WiredLink(
            link.a.device,
            link.a.interface,
            link.b.device,
            link.b.interface,
            _closed(network, link.a.device, link.a.interface)
            or _closed(network, link.b.device, link.b.interface),
        )
        for link in topology.links
    )
    return Wiring(devices, links)


def _wired(device: Device, network: Network) -> WiredDevice:
    now, known = network.snapshot(device.name), network.last_good(device.name)
    return WiredDevice(
        name=device.name,
        role=device.role,
        area=device.area,
        reachable=now is not None and now.reachable,
        platform=device.platform or (known.platform if known else None),
    )


def draw(diagnosis: Diagnosis) -> Picture | None:
    """The picture of a diagnosis; `None` where its wiring was not kept."""
    if not diagnosis.wiring.devices:
        return None
    kept = _kept(diagnosis)
    rows = _rows(kept, diagnosis.wiring)
    boxes = _place(rows, diagnosis)
    by_name = {b.device.name: b for b in boxes}
    widest = max(len(row) for row in rows)
    right: float = _MARGIN + widest * (_WIDTH + _GAP_X) - _GAP_X
    bottom = max(b.y for b in boxes) + _HEIGHT
    source = _source(diagnosis, by_name, right)
    shade = _shade([b for b in boxes if b.cut_off], source)
    if source is not None:
        right, bottom = max(right, source.x + source.width), max(bottom, source.y + source.height)
    if shade is not None:
        right, bottom = max(right, shade[0] + shade[2]), max(bottom, shade[1] + shade[3])
    return Picture(
        width=right + _MARGIN,
        height=bottom + _MARGIN,
        boxes=boxes,
        lines=tuple(_lines(diagnosis.wiring.links, by_name, _way(diagnosis, boxes))),
        source=source,
        shade=shade,
        cut_off=_cut_off(diagnosis),
        left_out=len(diagnosis.wiring.devices) - len(boxes),
    )


def _closed(network: Network, device: str, interface: str | None) -> str | None:
    snapshot = network.snapshot(device)
    port = snapshot.interface(interface) if snapshot and snapshot.reachable else None
    if port is None:
        return None
    if port.err_disabled is not None:
        return str(port.err_disabled.cause)
    if port.admin_status is AdminStatus.DOWN:
        return "shut"
    return "down" if port.oper_status is OperStatus.DOWN else None


def _kept(diagnosis: Diagnosis) -> tuple[WiredDevice, ...]:
    """What matters first: the source, what is cut off, the ends of closed links, their neighbours."""
    links = diagnosis.wiring.links
    closed = {name for li in links if li.closed for name in (li.a, li.b)}
    cause = diagnosis.causes[0].resource.device if diagnosis.causes else None
    near = {li.b if li.a == cause else li.a for li in links if cause in (li.a, li.b)}
    wanted: list[set[str | None]] = [{cause}, {*diagnosis.blast_radius.devices}, {*closed}, {*near}]

    def weight(device: WiredDevice) -> tuple[int, int, str]:
        place = next((n for n, names in enumerate(wanted) if device.name in names), len(wanted))
        return place, _RANK[device.role], device.name

    return tuple(sorted(diagnosis.wiring.devices, key=weight)[:MAX_DEVICES])


def _rows(kept: tuple[WiredDevice, ...], wired: Wiring) -> list[list[WiredDevice]]:
    """Layers by distance from the top, wide ones broken into several rows."""
    depth = _depths(kept, wired)
    layers: dict[int, list[WiredDevice]] = defaultdict(list)
    for device in sorted(kept, key=lambda d: d.name):
        layers[depth[device.name]].append(device)
    rows: list[list[WiredDevice]] = []
    for _, layer in sorted(layers.items()):
        rows += [layer[i : i + PER_ROW] for i in range(0, len(layer), PER_ROW)]
    return rows


def _depths(kept: tuple[WiredDevice, ...], wired: Wiring) -> dict[str, int]:
    names = {d.name for d in kept}
    near: dict[str, set[str]] = defaultdict(set)
    for link in wired.links:
        if {link.a, link.b} <= names:
            near[link.a].add(link.b)
            near[link.b].add(link.a)
    depth: dict[str, int] = {}
    for top in sorted(kept, key=lambda d: (_RANK[d.role], -len(near[d.name]), d.name)):
        if top.name in depth:
            continue
        # A part of the network without links to the rest stands beside its own layer.
        depth[top.name] = 0 if not depth or _RANK[top.role] < 2 else min(2, _RANK[top.role]) - 1
        todo = [top.name]
        while todo:
            at = todo.pop(0)
            for other in sorted(near[at] - depth.keys()):
                depth[other] = depth[at] + 1
                todo.append(other)
    return depth


def _place(rows: list[list[WiredDevice]], diagnosis: Diagnosis) -> tuple[Box, ...]:
    widest = max(len(row) for row in rows)
    cut = set(diagnosis.blast_radius.devices)
    source = diagnosis.causes[0].resource.device if diagnosis.causes else None
    boxes: list[Box] = []
    for number, row in enumerate(rows):
        left = _MARGIN + (widest - len(row)) * (_WIDTH + _GAP_X) / 2
        y = _MARGIN + number * (_HEIGHT + _GAP_Y)
        boxes += [
            Box(d, left + i * (_WIDTH + _GAP_X), y, d.name in cut, d.name == source)
            for i, d in enumerate(row)
        ]
    return tuple(boxes)


def _way(diagnosis: Diagnosis, boxes: tuple[Box, ...]) -> frozenset[frozenset[str]]:
    """The links, as pairs of devices, from the top of the network to the cause: the shortest way."""
    goal = diagnosis.causes[0].resource.device if diagnosis.causes else None
    top = min(boxes, key=lambda b: (b.y, _RANK[b.device.role], b.device.name)).device.name
    came: dict[str, str] = {top: top}
    todo = [top]
    while todo and goal not in came:
        at = todo.pop(0)
        for link in diagnosis.wiring.links:
            other = {link.a: link.b, link.b: link.a}.get(at)
            if other is not None and other not in came:
                came[other] = at
                todo.append(other)
    pairs: set[frozenset[str]] = set()
    while goal in came and came[goal] != goal:
        pairs.add(frozenset((goal, came[goal])))
        goal = came[goal]
    return frozenset(pairs)


def _lines(
    links: Iterable[WiredLink], boxes: dict[str, Box], way: frozenset[frozenset[str]]
) -> Iterable[Line]:
    for link in links:
        a, b = boxes.get(link.a), boxes.get(link.b)
        if a is None or b is None or a is b:
            continue
        ends = [(a, link.a_interface), (b, link.b_interface)]
        (upper, port1), (lower, port2) = sorted(ends, key=lambda e: (e[0].y, e[0].x))
        level = upper.y == lower.y
        yield Line(
            x1=upper.x + _WIDTH if level else _toward(upper, lower),
            y1=upper.y + _HEIGHT / 2 if level else upper.y + _HEIGHT,
            x2=lower.x if level else lower.middle,
            y2=lower.y + _HEIGHT / 2 if level else lower.y,
            label1=short_name(port1 or "?"),
            label2=short_name(port2 or "?"),
            closed=link.closed,
            on_way=frozenset((link.a, link.b)) in way,
        )


def _toward(upper: Box, lower: Box) -> float:
    """Where a link leaves the upper box: shifted toward its goal, so that labels do not collide."""
    shift = (lower.middle - upper.middle) / 4
    bound = _WIDTH / 2 - 16
    return upper.middle + max(-bound, min(bound, shift))


def _source(diagnosis: Diagnosis, boxes: dict[str, Box], right: float) -> Source | None:
    if not diagnosis.causes:
        return None
    cause = diagnosis.causes[0]
    box = boxes.get(cause.resource.device or "")
    named = cause.interfaces or ((cause.resource.interface,) if cause.resource.interface else ())
    if box is None or not named:
        return None
    ports = [short_name(p) for p in named[:3]]
    others_below = any(b.y > box.y for b in boxes.values())
    x, y = (right + _BESIDE, box.y + 6) if others_below else (box.x - 6, box.y + _HEIGHT + 62)
    plugs = _beside(box, x, ports) if others_below else _below(box, y, ports)
    detail = cause.resource.mac or cause.resource.ip or ""
    return Source(x, y, tuple(plugs), str(cause.kind), detail)


def _below(box: Box, y: float, ports: list[str]) -> Iterable[Plug]:
    top = box.y + _HEIGHT
    for number, name in enumerate(ports):
        x = box.middle + (number - (len(ports) - 1) / 2) * 56
        yield Plug(name, x, top, x, y, x, top + 34)


def _beside(box: Box, x: float, ports: list[str]) -> Iterable[Plug]:
    right = box.x + _WIDTH
    for number, name in enumerate(ports):
        y = box.y + _HEIGHT / 2 + (number - (len(ports) - 1) / 2) * 20
        yield Plug(name, right, y, x, y, right + 38, y + 4)


def _shade(boxes: list[Box], source: Source | None) -> tuple[float, float, float, float] | None:
    """Around everything that is cut off, with room for its label at the bottom."""
    if not boxes:
        return None
    pad = 14
    left, top = min(b.x for b in boxes) - pad, min(b.y for b in boxes) - pad
    right = max(b.x for b in boxes) + _WIDTH + pad
    bottom = max(b.y for b in boxes) + _HEIGHT
    if source is not None and any(b.is_source for b in boxes):
        bottom, right = (
            max(bottom, source.y + source.height),
            max(right, source.x + source.width + 8),
        )
    return left, top, right - left, bottom + 30 - top


def _cut_off(diagnosis: Diagnosis) -> int | None:
    radius = diagnosis.blast_radius
    return radius.stations if radius.devices else None
