"""Which DHCPv6 servers and IPv6 routers the inventory allows.

Rules: as for DHCPv4: nobody named any, and the verdict is `None`; with a list, whoever is not on it is
refused. DUID and address can be copied: where the list has a card, the card must be that one.
"""

from __future__ import annotations

from netdiag.checks.dhcp.verdict import UNKNOWN, YES, Verdict, no
from netdiag.model import Dhcp6Server, RouterAdvertiser, Site
from netdiag.text import clean


def judge6(server: Dhcp6Server, site: Site) -> Verdict:
    """Whether this DHCPv6 server may answer where it was heard."""
    if not site.dhcp6_servers:
        return UNKNOWN
    named = [
        a
        for a in site.dhcp6_servers
        if (a.duid is not None and a.duid == server.duid)
        or (a.duid is None and a.mac == server.mac)
    ]
    if not named:
        return no("it is not an authorized DHCPv6 server")
    cards = {a.mac for a in named if a.mac}
    if cards and all(a.mac for a in named) and server.mac not in cards:
        return no(f"it copies the DUID of {', '.join(sorted(cards))}")
    return _in(server.vlans, [a.vlans for a in named])


def judge_router(router: RouterAdvertiser, site: Site) -> Verdict:
    """Whether this router may advertise itself, and these prefixes, where it was heard."""
    if not site.routers:
        return UNKNOWN
    named = [a for a in site.routers if a.ip in (None, router.ip) and a.mac in (None, router.mac)]
    if not named:
        return no("it is not an authorized router")
    allowed = {p for a in named for p in a.prefixes}
    strange = [p for p in router.prefixes if p not in allowed]
    if all(a.prefixes for a in named) and strange:
        return no(f"it may not advertise {clean(strange[0], 50)}")
    return _in(router.vlans, [a.vlans for a in named])


def _in(heard: tuple[int, ...], allowed: list[tuple[int, ...]]) -> Verdict:
    if not heard or any(not vlans or set(heard) <= set(vlans) for vlans in allowed):
        return YES
    return no(f"it is not authorized in VLAN {', '.join(map(str, heard))}")
