"""The file: JSON lines, the first of which says what it is, the last how many there are and what they add up to."""

import gzip
import io
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from gamify_site.ops.transfer import checks
from gamify_site.ops.transfer.checks import Wrong
from gamify_site.store import shards

VERSION = 1
LONGEST_LINE = 64 * 1024 * 1024  # bytes
LONGEST_TTL = 366 * 86_400
COMPRESSED = ".gz"
LEVEL = 6
BUFFER = 1 << 20  # bytes
END = "end"


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line says: the version of the form, when, and how the data lay where it comes from.

    `event_ttl`: for how many seconds ids of events were remembered there.
    """

    gamify_export: int
    at: str
    prefix: str
    shards: int
    event_ttl: int

    @classmethod
    def read(cls, line: bytes) -> "Header":
        """The header that a line says. Raises `Wrong`."""
        thing = parse(line)
        if not isinstance(thing, dict) or "gamify_export" not in thing:
            raise Wrong("this is no export: the first line must be an object with gamify_export")
        if thing["gamify_export"] != VERSION:
            raise checks.wrong("gamify_export", thing["gamify_export"], f"is another version than {VERSION}")
        checks.fields(thing, cls.__slots__)
        checks.moment("at", thing["at"])
        checks.text("prefix", thing["prefix"], 100)
        checks.whole("shards", thing["shards"], 1, shards.MOST)
        checks.whole("event_ttl", thing["event_ttl"], 1, LONGEST_TTL)
        return cls(**thing)

    def seconds(self) -> int:
        """When the file was made, since the epoch."""
        return int(checks.moment("at", self.at).timestamp())

    def digested(self) -> bytes:
        """What of it counts for the digest: all but the time, so that the same data has the same digest."""
        return write(asdict(self) | {"at": ""})


def write(thing: dict[str, Any]) -> bytes:
    """A line; the same thing is always the same bytes."""
    text = json.dumps(thing, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace") + b"\n"  # half a surrogate pair, which JSON alone can say


def parse(line: bytes) -> Any:
    """What a line says. Raises `Wrong`."""
    try:
        return _DECODER.decode(line.decode())
    except UnicodeDecodeError:
        raise Wrong("this is no UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise Wrong(f"this is no JSON ({error})") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class Writer:
    """Writes lines, and at last the one that says what they add up to."""

    def __init__(self, out: IO[bytes], header: Header) -> None:
        self.out = out
        self.lines = 1
        self.digest = sha256(header.digested())
        out.write(write(asdict(header)))

    def add(self, kind: str, thing: dict[str, Any]) -> None:
        """One thing."""
        line = write({kind: thing})
        self.lines += 1
        self.digest.update(line)
        self.out.write(line)

    def end(self) -> None:
        """The last line."""
        self.out.write(write({END: {"lines": self.lines, "sha256": self.digest.hexdigest()}}))


class Lines:
    """Reads lines; `header` is that of the file, `number` the line that was read last."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.number = 0
        self.header = Header.read(self._next())
        self._digest = sha256(self.header.digested())

    def __iter__(self) -> Iterator[bytes]:
        """All lines but the first and the last. Raises `Wrong` where the file does not end as it should."""
        while not (line := self._next()).startswith(b'{"end":'):
            yield line
            self._digest.update(line)
        self._check_end(line)

    def _next(self) -> bytes:
        self.number += 1
        line = self._read(LONGEST_LINE + 1)
        if not line.endswith(b"\n"):
            raise Wrong("the file is cut short" if len(line) <= LONGEST_LINE else "the line is too long")
        return line

    def _read(self, most: int) -> bytes:
        try:
            return self.source.readline(most)
        except (OSError, EOFError, zlib.error) as error:  # what gzip raises too
            raise Wrong(f"the file cannot be read on: {error}") from None

    def _check_end(self, line: bytes) -> None:
        end = checks.fields(parse(line)[END], ("lines", "sha256"))
        found = {"lines": self.number - 1, "sha256": self._digest.hexdigest()}
        if end != found:
            raise Wrong("the file has been changed: its lines do not add up to what the last one says")
        if self._read(1):
            raise Wrong("something comes after the last line")


# Files


@contextmanager
def created(name: str) -> Iterator[IO[bytes]]:
    """A file to write, that only its owner can read; it takes its name at the end, so that nobody finds half of it.

    What is there and is no regular file, a pipe or a device, is written to as it is.
    """
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name).resolve()  # of a link the file that it leads to
    is_special = path.exists() and not path.is_file()
    with path.open("wb") if is_special else _replacing(path) as raw:
        if name.endswith(COMPRESSED):
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=LEVEL, mtime=0)
            with packed, io.BufferedWriter(packed, BUFFER) as out:
                yield out
        else:
            yield raw


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as raw:
        half = Path(raw.name)
        try:
            yield cast("IO[bytes]", raw)
            raw.flush()
            os.fsync(raw.fileno())  # or a crash of the machine may leave the name with nothing behind it
        except BaseException:
            half.unlink()
            raise
    half.replace(path)


@contextmanager
def opened(name: str) -> Iterator[tuple[IO[bytes], Callable[[], tuple[int, int]]]]:
    """A file to read, and how many bytes of how many have been read; both 0 where nobody knows."""
    if name == "-":
        yield sys.stdin.buffer, lambda: (0, 0)
        return
    with Path(name).open("rb") as raw:
        size = Path(name).stat().st_size
        if name.endswith(COMPRESSED):
            with gzip.open(raw) as source:
                yield source, lambda: (min(raw.tell(), size), size)  # type: ignore[misc]
        else:
            yield raw, lambda: (min(raw.tell(), size), size)
