"""A sender at the kernel's own pace: sendmmsg(2), a thousand frames a call, so that Python is no brake.

`python -m tests.traffic IFACE COUNT [--rate N] [--mix broadcast|unicast|mixed] [--size N]`; prints one
JSON object: frames sent, seconds, and what the interface itself counted as sent and dropped.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import random
import socket
import time
from pathlib import Path

BATCH = 1024
_SOL_PACKET, _QDISC_BYPASS = 263, 20


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Iovec)), ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int), ("sent", ctypes.c_uint32),
    )  # fmt: skip


def frames(mix: str, size: int) -> list[bytes]:
    """A batch of distinct frames of 60 stations."""
    draw = random.Random(7)
    found = []
    for n in range(BATCH):
        dst = b"\xff" * 6
        if mix == "unicast" or (mix == "mixed" and n % 10):
            dst = bytes((2, 0, 0, 0, 1, (n * 7 + 1) % 60))
        elif mix == "mixed" and n % 20:
            dst = b"\x01\x00\x5e\x00\x00" + bytes((n % 100,))
        src = bytes((2, 0, 0, 0, 1, n % 60))
        found.append((dst + src + b"\x88\xb5" + draw.randbytes(46)).ljust(size, b"\0"))
    return found


def send(name: str, count: int, octets: list[bytes], rate: float | None = None) -> float:
    """Sends that many frames, over and over the same ones; gives the seconds it took."""
    libc = ctypes.CDLL(None, use_errno=True)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(_SOL_PACKET, _QDISC_BYPASS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    sock.bind((name, 0))
    vectors = (_Iovec * len(octets))()
    messages = (_Message * len(octets))()
    for n, frame in enumerate(octets):
        vectors[n] = _Iovec(ctypes.cast(ctypes.c_char_p(frame), ctypes.c_void_p), len(frame))
        messages[n].vectors = ctypes.pointer(vectors[n])
        messages[n].count = 1
    batch = len(octets) if rate is None else max(1, min(len(octets), int(rate / 200)))
    started, sent, at = time.monotonic(), 0, 0
    while sent < count:
        many = min(batch, count - sent, len(octets) - at)
        done = libc.sendmmsg(sock.fileno(), ctypes.byref(messages[at]), many, 0)
        if done < 0:
            raise OSError(ctypes.get_errno(), f"sendmmsg on {name}")
        sent += done
        at = (at + done) % len(octets)
        if rate is not None:
            time.sleep(max(0.0, sent / rate - (time.monotonic() - started)))
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("interface")
    parser.add_argument("count", type=int)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--mix", choices=("broadcast", "unicast", "mixed"), default="mixed")
    parser.add_argument("--size", type=int, default=60)
    options = parser.parse_args()
    took = send(options.interface, options.count, frames(options.mix, options.size), options.rate)
    row = next(
        line.split()
        for line in Path("/proc/self/net/dev").read_text("ascii").splitlines()
        if line.strip().startswith(f"{options.interface}:")
    )
    said = {"sent": options.count, "seconds": took, "tx_packets": int(row[10])}
    print(json.dumps(said | {"tx_dropped": int(row[12])}))


if __name__ == "__main__":
    main()
