"""What devices say of themselves: SSDP (UPnP Device Architecture 2.0) and mDNS (RFC 6762).

Rules: only hints about who somebody is; what makes no sense is no hint and no error.
"""

from __future__ import annotations

from typing import Any

from netdiag.text import decode_octets

KINDS = frozenset({"ssdp", "mdns"})
PER_SECOND = 20
"""Decoded of each at most: the hundredth tells nothing new."""
_HEADERS = {"server": "server", "location": "location", "nt": "target", "st": "target"}
_NAMES = 8
_RECORDS = 40


def ssdp(payload: bytes) -> dict[str, Any]:
    """A NOTIFY, or the answer to a search: which software, and where its description is."""
    found: dict[str, Any] = {"type": "ssdp"}
    first, *lines = payload[:2048].split(b"\r\n")
    if not first.startswith((b"NOTIFY ", b"HTTP/1.1 200")):
        return found
    for line in lines[:30]:
        name, colon, value = line.partition(b":")
        key = _HEADERS.get(name.strip().lower().decode("latin-1"))
        if colon and key is not None:
            found[key] = decode_octets(value.strip()[:200]) or None
    return found


def mdns(payload: bytes) -> dict[str, Any]:
    """The names in an answer: host names, service instances, what HINFO and TXT say of a model."""
    from scapy.layers.dns import DNS

    found: dict[str, Any] = {"type": "mdns", "names": []}
    if len(payload) < 12 or not payload[2] & 0x80:  # a question
        return found
    message = DNS(payload)
    names: dict[str, None] = {}
    for record in [*(message.an or ()), *(message.ar or ())][:_RECORDS]:
        for octets in _texts(record):
            name = decode_octets(octets[:200]).rstrip(".")
            if name and not name.endswith((".arpa", "_udp.local", "_tcp.local")):
                names[name] = None
    found["names"] = list(names)[:_NAMES]
    return found


def _texts(record: Any) -> list[bytes]:
    """What in one record names a thing: A, PTR, TXT, AAAA, SRV (RFC 1035, 2782), HINFO."""
    kind = getattr(record, "type", None)
    if kind in (1, 28, 33):
        found = [record.rrname]
    elif kind == 12:
        found = [record.rdata]
    elif kind == 16:
        told = record.rdata if isinstance(record.rdata, list) else [record.rdata]
        found = [t for t in told if isinstance(t, bytes) and t.lower().startswith(_MODEL)]
    else:
        found = []
    return [octets for octets in found if isinstance(octets, bytes)]


_MODEL = (b"model=", b"md=", b"am=", b"ty=", b"manufacturer=", b"product=")
