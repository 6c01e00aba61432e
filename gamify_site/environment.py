"""Reads the environment: each value is typed and checked at the start, with one clear line when it cannot be used."""

import os
import secrets
import stat
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

Network = IPv4Network | IPv6Network

REDIS_SCHEMES = {
    "redis": "redis://localhost:6379/0",
    "rediss": "rediss://user:password@host:6380/0",
    "unix": "unix:///run/redis/redis.sock",
    "redis+sentinel": "redis+sentinel://one:26379,two:26379/NAME/0",
    "redis+cluster": "redis+cluster://one:7000,two:7000",
    "rediss+sentinel": "rediss+sentinel://one:26379,two:26379/NAME/0",
    "rediss+cluster": "rediss+cluster://one:7000,two:7000",
}


class BadEnvironment(SystemExit):
    """Ends the program with one line that names the variable and what it may hold."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} cannot be used: {problem}")


def text(name: str, default: str) -> str:
    """The variable as it is, without surrounding blanks; `default` where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    """A switch: 1/0, true/false, yes/no, on/off."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadEnvironment(name, f"{value!r} is neither 1 nor 0")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within `least` and `most`."""
    value = text(name, str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        raise BadEnvironment(name, f"{value!r} is not a whole number from {least} to {most}")
    return int(value)


def items(name: str, default: str) -> list[str]:
    """A comma list, blanks dropped."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def networks(name: str, default: str) -> tuple[Network, ...]:
    """A comma list of addresses and networks, such as `10.0.0.0/8`; empty for `none`."""
    if text(name, default) == "none":
        return ()
    try:
        return tuple(ip_network(item) for item in items(name, default))
    except ValueError as error:
        raise BadEnvironment(name, f"{error}; an example is 10.0.0.0/8,::1") from None


def prefix(name: str, default: str) -> str:
    """A key prefix: letters, digits, dash, underscore and dot; no braces, they would break the hash tags."""
    value = text(name, default)
    if not all(character.isalnum() or character in "-_." for character in value) or not value.isascii():
        raise BadEnvironment(name, f"{value!r} may hold letters, digits, '-', '_' and '.' only")
    return value


def redis_url(name: str) -> str:
    """An address of a Redis server that can be connected to; empty where the embedded server is to be used."""
    value = text(name, "")
    scheme = value.partition("://")[0] if "://" in value else ""
    if value and scheme not in REDIS_SCHEMES:
        raise BadEnvironment(name, f"it must begin with one of {', '.join(each + '://' for each in REDIS_SCHEMES)}")
    if value and not _is_address(value):
        raise BadEnvironment(name, f"an example of {scheme}:// is {REDIS_SCHEMES[scheme]}")
    return value


def read_replicas(name: str, redis_url: str) -> bool:
    """Whether replicas may be asked; only Sentinel and a cluster tell which there are."""
    value = flag(name)
    if value and "+" not in urlsplit(redis_url).scheme:
        raise BadEnvironment(name, "replicas are found by Sentinel or in a cluster only; see GAMIFY_REDIS_URL")
    return value


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        if parts.scheme == "unix":
            return len(parts.path) > 1
        kind = parts.scheme.partition("+")[2]
        *service, database = parts.path.strip("/").split("/") if kind != "sentinel" else _service(parts)
        hosts = parts.netloc.rpartition("@")[2].split(",")
        has_hosts = all(urlsplit(f"//{host}").hostname and urlsplit(f"//{host}").port != 0 for host in hosts)
        if kind == "cluster":  # which has no databases
            return has_hosts and not parts.path.strip("/")
        return has_hosts and all(service) and (not database or database.isdecimal())
    except ValueError:  # a port that is none, brackets that do not match
        return False


def _service(parts: SplitResult) -> tuple[str, str]:
    """The name that Sentinel knows the primary by, and the database."""
    name, _, database = parts.path.strip("/").partition("/")
    return name, database


def origin(url: str) -> list[str]:
    """Scheme, host and port of an address elsewhere; nothing for a path on this host, any host for `:port/path`."""
    if url.startswith(":"):
        return ["*" + url.partition("/")[0]]
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []


def private_folder(name: str, folder: Path) -> None:
    """Make the folder that a variable names so that only its owner opens it; close one that exists to other users."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & stat.S_ISVTX:
            raise BadEnvironment(name, f"{folder} is shared by all users; name a folder in it")
        if mode & 0o077:
            folder.chmod(mode & 0o700)
    except FileExistsError:
        raise BadEnvironment(name, f"{folder} is a file; name a folder") from None
    except OSError as error:
        raise BadEnvironment(name, f"{folder}: {error.strerror}; name a folder that this user owns") from None


def secret_key(name: str, data_dir: Path | None) -> str:
    """The secret; with a data folder (in the demo) one is made there once, so that sessions outlive a restart."""
    value = text(name, "")
    if value or data_dir is None:
        return value
    file = data_dir / "secret_key"
    if not file.exists():
        private_folder("GAMIFY_DATA_DIR", data_dir)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()
