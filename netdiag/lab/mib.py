"""A live switch as MIB views, and the one object that may be set.

A view shows one moment. It is built anew when asked for and older than `MAX_AGE_S`, so that a walk
costs one look at the switch, not one an object. Which community or context sees which VLAN's
bridge tables is Cisco's way: `community@10`, and context `vlan-10` in version 3.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from netdiag.lab import mib_bridge, mib_cisco, mib_interfaces, mib_lldp
from netdiag.lab.ber import Oid, integer
from netdiag.lab.dataplane import Switch
from netdiag.lab.models import Model
from netdiag.lab.state import DEFAULT_VLANS, look
from netdiag.lab.view import View

MAX_AGE_S = 0.25
_IF_ADMIN_STATUS = (*mib_interfaces.IF_TABLE, 7)
_UP, _DOWN = 1, 2


class LiveMib:
    """The views of one switch, and the one object that may be set."""

    def __init__(
        self,
        switch: Switch,
        model: Model,
        clock: Callable[[], float],
        *,
        community: str = "public",
        write_community: str = "private",
    ) -> None:
        self._switch, self._model, self._clock = switch, model, clock
        self._community, self._write_community = community, write_community
        self._views: dict[int | None, tuple[float, View]] = {}

    def by_community(self, community: str) -> View | None:
        """The view of `public`, `public@10`; `None` for a wrong one or a VLAN that is not there."""
        name, at, vlan = community.partition("@")
        if name not in (self._community, self._write_community):
            return None
        return self._of_vlan(vlan) if at else self._view(None)

    def by_context(self, context: str) -> View | None:
        """The view of context `` or `vlan-10`."""
        if not context:
            return self._view(None)
        vlan = context.removeprefix("vlan-")
        return None if vlan == context else self._of_vlan(vlan)

    def write(self, name: str, oid: Oid, value: bytes) -> int:
        """Sets ifAdminStatus with the write community; error-status (RFC 3416): 0 is done."""
        no_access, wrong_value, not_writable = 6, 10, 17
        if name != self._write_community:
            return no_access
        port = next(
            (p for p in self._switch.ports() if (*_IF_ADMIN_STATUS, p.if_index) == oid), None
        )
        if port is None:
            return not_writable
        if value not in (integer(_UP), integer(_DOWN)):
            return wrong_value
        self._switch.set_admin(port.name, value == integer(_UP))
        self._views.clear()
        return 0

    def _of_vlan(self, text: str) -> View | None:
        if not text.isdecimal() or len(text) > 4:
            return None
        vlan = int(text)
        known = vlan in (1, *DEFAULT_VLANS) or vlan in self._switch.vlans()
        return self._view(vlan) if known else None

    def _view(self, vlan: int | None) -> View:
        now = self._clock()
        built, view = self._views.get(vlan, (-1.0, None))
        if view is not None and 0 <= now - built < MAX_AGE_S:
            return view
        state = look(self._switch, self._model, now)
        view = View(
            chain(
                mib_interfaces.entries(state),
                mib_bridge.entries(state, vlan),
                mib_cisco.entries(state),
                mib_lldp.entries(state),
            )
        )
        self._views[vlan] = (now, view)
        return view
