"""HyperLogLogs as texts. One from a file is checked as a whole: servers have crashed on made-up ones (CVE-2025-32023).

The format is that of Redis, `hyperloglog.c`: a header of 16 bytes, then 16,384 registers, dense as 6 bits each, or
sparse as runs. The estimate that is kept in the header is left out, so that a server reckons it again.
"""

from base64 import b64decode, b64encode
from binascii import Error

from gamify_site.ops.transfer.checks import wrong

MAGIC = b"HYLL"
HEADER = 16  # bytes
REGISTERS = 16_384
DENSE_BYTES = REGISTERS * 6 // 8
NOT_RECKONED = bytes(7) + b"\x80"


def write(sketch: bytes) -> str:
    """A sketch as text."""
    return b64encode(sketch[:8] + NOT_RECKONED + sketch[HEADER:]).decode()


def read(text: object) -> bytes:
    """The sketch that a text says. Raises `Wrong` for what is none."""
    try:
        sketch = b64decode(text.encode("ascii"), validate=True) if isinstance(text, str) else b""
    except (Error, UnicodeEncodeError):
        sketch = b""
    if not is_sound(sketch):
        raise wrong("sketch", text, "is no HyperLogLog")
    return sketch


def is_sound(sketch: bytes) -> bool:
    """Whether it is a HyperLogLog with all registers, and nothing else."""
    if len(sketch) < HEADER or sketch[:4] != MAGIC or sketch[5:8] != bytes(3):
        return False
    body = sketch[HEADER:]
    if sketch[4] == 0:
        return len(body) == DENSE_BYTES
    return sketch[4] == 1 and _registers_of_runs(body) == REGISTERS


def _registers_of_runs(body: bytes) -> int:
    """How many registers a sparse body has; -1 where its last run is cut."""
    registers, place = 0, 0
    while place < len(body):
        first = body[place]
        if first & 0x80:  # a value, 1 to 4 times
            registers += (first & 0x3) + 1
        elif first & 0x40:  # up to 16,384 zeros, in two bytes
            place += 1
            if place == len(body):
                return -1
            registers += ((first & 0x3F) << 8 | body[place]) + 1
        else:  # up to 64 zeros
            registers += (first & 0x3F) + 1
        place += 1
    return registers
