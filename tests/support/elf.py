"""What a shared library says of itself: its processor, and the libraries it asks for."""

import struct
from dataclasses import dataclass

MACHINES = {62: "x86_64", 183: "arm64"}
DYNAMIC = 6  # a type of section
NEEDED = 1


@dataclass(frozen=True)
class Library:
    machine: str
    needed: tuple


def read_library(data):
    """A 64-bit little-endian ELF file; None if *data* is no such."""
    if data[:6] != b"\x7fELF\x02\x01":
        return None
    (machine,) = struct.unpack_from("<H", data, 18)
    (table,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQII", data, table + size * number) for number in range(count)]
    needed = []
    for _, kind, _, _, start, length, link, _ in sections:
        if kind == DYNAMIC:
            names = sections[link][4]
            entries = struct.iter_unpack("<qQ", data[start : start + length])
            needed += [
                data[names + at : data.index(b"\0", names + at)].decode() for tag, at in entries if tag == NEEDED
            ]
    return Library(MACHINES.get(machine, machine), tuple(needed))
