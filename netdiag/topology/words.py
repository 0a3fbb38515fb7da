"""Places in the words of the people who have to walk there."""

from __future__ import annotations

from netdiag.model import Network
from netdiag.names import short_name
from netdiag.text import clean


def place(network: Network, device: str, interface: str | None) -> str:
    """`acc-2 Gi1/0/5 (desk 2F-105)`; the device alone where the port is not known."""
    if interface is None:
        return clean(device)
    known = network.device(device)
    desk = known.desk(interface) if known is not None else None
    text = f"{clean(device)} {clean(short_name(interface))}"
    return f"{text} (desk {clean(desk)})" if desk else text


def places(network: Network, device: str, interfaces: tuple[str, ...]) -> str:
    """Several ports of one device: `acc-2 Gi1/0/5 (desk 2F-105) and Gi1/0/6 (desk 2F-106)`."""
    texts = [place(network, device, name) for name in interfaces] or [clean(device)]
    first, rest = texts[0], [t.removeprefix(f"{clean(device)} ") for t in texts[1:]]
    return " and ".join([first, *rest])
