"""What a DHCP server is, as far as its answers and what its device says elsewhere give it away.

Rules: two signs at least, of different kinds, each named; no fingerprint database does better than the
OFFER itself. What a device says of itself may be a lie: it is a hint for who goes and looks, no verdict.
"""

from __future__ import annotations

from netdiag.model import DhcpServer
from netdiag.text import clean

_HOME_NETS = tuple(f"192.168.{n}." for n in (0, 1, 2, 3, 8, 10, 11, 15, 16, 18, 31, 50, 68, 88, 100, 123, 178))  # fmt: skip
_BRANDS = {
    "tp-link": "TP-Link", "tplink": "TP-Link", "d-link": "D-Link", "dlink": "D-Link", "netgear": "NETGEAR",
    "asus": "ASUS", "linksys": "Linksys", "belkin": "Belkin", "tenda": "Tenda", "mercury": "Mercury",
    "mercusys": "MERCUSYS", "xiaomi": "Xiaomi", "miwifi": "Xiaomi", "avm ": "AVM", "fritz!box": "AVM FRITZ!Box",
    "buffalo": "Buffalo", "fast ": "FAST", "totolink": "TOTOLINK", "edimax": "Edimax", "trendnet": "TRENDnet",
    "gl technologies": "GL.iNet", "gl-inet": "GL.iNet", "routerboard": "MikroTik", "mikrotik": "MikroTik",
    "phicomm": "PHICOMM", "huawei device": "Huawei", "hiwifi": "HiWiFi", "openwrt": "OpenWrt",
    "speedport": "Speedport", "zyxel": "Zyxel",
}  # fmt: skip
_ROUTER_WORDS = ("router", "gateway", "wrt", "archer", "tl-w", "tl-r", "dir-", "internetgateway", "udhcp")  # fmt: skip
_HOME_DOMAINS = ("lan", "home", "router", "fritz.box", "localdomain", "domain.name", "tplinkwifi.net")  # fmt: skip
_VIRTUAL_NETS = {
    "192.168.122.": "libvirt's",
    "192.168.56.": "VirtualBox'",
    "192.168.99.": "Docker's",
}
_VIRTUAL_MAKERS = ("vmware", "qemu", "pcs systemtechnik", "parallels", "xensource")
_VIRTUAL_CARDS = ("52:54:00:", "0a:00:27:", "08:00:27:", "00:50:56:", "00:0c:29:")


def looks_like(server: DhcpServer) -> str | None:
    """`a TP-Link home router: ` and why; `None` where nothing gives it away."""
    for what in (_home_router, _windows, _phone, _virtual):
        found = what(server)
        if found is not None:
            return found
    return None


def _own(server: DhcpServer) -> str:
    return server.server_id or server.ip or ""


def _names_itself(server: DhcpServer) -> bool:
    own = _own(server)
    return bool(own) and server.routers[:1] == (own,) and server.dns[:1] == (own,)


def _brand(text: str | None) -> str | None:
    words = f"{text or ''} ".lower()
    return next((brand for sign, brand in _BRANDS.items() if sign in words), None)


def _home_router(server: DhcpServer) -> str | None:
    own = _own(server)
    signs = []
    if _names_itself(server):
        signs.append("it names itself as server, gateway and DNS")
    if own.startswith(_HOME_NETS):
        signs.append(f"{own} is such a device's factory address")
    brand = _brand(server.vendor)
    if brand is not None:
        signs.append(f"the card is of {clean(server.vendor or '', 60)}")
    domain = (server.domain or "").rstrip("\0").lower()
    if domain in _HOME_DOMAINS:
        signs.append(f"it gives the domain {clean(domain, 40)}")
    said = [s for s in server.says if _brand(s) or any(w in s.lower() for w in _ROUTER_WORDS)]
    if said:
        signs.append(f"it says of itself: {clean(said[0], 80)}")
        brand = brand or _brand(said[0])
    if len(signs) < 2:
        return None
    whose = f"{'an' if brand[0] in 'AEIOU' else 'a'} {brand}" if brand else "a"
    return f"{whose} home router: {', '.join(signs)}"


def _windows(server: DhcpServer) -> str | None:
    """Internet Connection Sharing: its net is fixed, and Windows counts down from 128."""
    if not _own(server).startswith("192.168.137.") or server.ttl != 128:
        return None
    return (
        "a Windows machine that shares its connection: "
        "192.168.137.1 is what it takes, and its packets live for 128 hops"
    )


def _phone(server: DhcpServer) -> str | None:
    own = _own(server)
    if own.startswith("172.20.10.") and server.subnet_mask == "255.255.255.240":
        return "an iPhone's hotspot: 172.20.10.0/28 is what it takes"
    if own.startswith(("192.168.43.", "192.168.49.")) and _names_itself(server):
        return f"an Android phone's hotspot: {own} is what it takes, and it names itself as gateway and DNS"
    return None


def _virtual(server: DhcpServer) -> str | None:
    own = _own(server)
    net = next((whose for net, whose in _VIRTUAL_NETS.items() if own.startswith(net)), None)
    maker = (server.vendor or "").lower()
    card = any(m in maker for m in _VIRTUAL_MAKERS) or server.mac.startswith(_VIRTUAL_CARDS)
    if net is None or not card:
        return None
    return f"the network of virtual machines on somebody's computer: {own} is {net}, and so is the card"
