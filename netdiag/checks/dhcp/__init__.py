"""Who hands out addresses, who may, and who should have: DHCP, DHCPv6 and router advertisements."""

from netdiag.checks.dhcp.fingerprint import looks_like
from netdiag.checks.dhcp.judge import authorized
from netdiag.checks.dhcp.rogue import rogue_dhcp_server
from netdiag.checks.dhcp.service import dhcp_pool_exhausted, dhcp_server_down, dhcp_starvation
from netdiag.checks.dhcp.six import rogue_dhcp6_server, rogue_router_advertisement

__all__ = [
    "authorized",
    "dhcp_pool_exhausted",
    "dhcp_server_down",
    "dhcp_starvation",
    "looks_like",
    "rogue_dhcp6_server",
    "rogue_dhcp_server",
    "rogue_router_advertisement",
]
