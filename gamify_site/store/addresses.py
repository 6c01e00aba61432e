"""From an address to connections: what django-redis is told about one server, Sentinel and a cluster."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django_redis.pool import ConnectionFactory
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.connection import parse_url
from redis.driver_info import DriverInfo
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool

from gamify_site.store.cluster import Cluster
from gamify_site.store.connection import patiently

CONNECT_TIMEOUT = 1.0  # seconds
ANSWER_TIMEOUT = 2.0  # seconds; a script is cut so that it needs 5 ms at most
SENTINEL_PORT, REDIS_PORT = 26379, 6379
DRIVER = DriverInfo()  # made once: redis-py looks for its own version in a file, for each connection unless told


class _PatientConnect:
    """Tries again to connect, never to send: a command that may have been applied is not repeated behind our back."""

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        return patiently(lambda: super(_PatientConnect, self).get_connection(*args, **kwargs))  # type: ignore[misc]


class PatientPool(_PatientConnect, ConnectionPool):
    """Connections to one server."""


class PatientSentinelPool(_PatientConnect, SentinelConnectionPool):
    """Connections to whichever server Sentinel calls the primary."""


class ClusterFactory(ConnectionFactory):  # type: ignore[misc]
    """Gives django-redis one client for a whole cluster, the same for each of its addresses in this process."""

    def connect(self, url: str) -> Any:
        """The client. Raises redis-py's errors where none of the nodes can be reached."""
        if url not in self._pools:
            self._pools[url] = patiently(self._make)
        return self._pools[url]

    def disconnect(self, connection: Any) -> None:
        """Closes the connections to all nodes."""
        connection.disconnect_connection_pools()

    def _make(self) -> Cluster:
        return Cluster(
            startup_nodes=[ClusterNode(host, port) for host, port in self.options["NODES"]],
            **self.options["CONNECTION_POOL_KWARGS"],
            asks_replicas=settings.GAMIFY_READ_REPLICAS,
            username=self.options.get("USERNAME") or None,
            password=self.options.get("PASSWORD") or None,
            socket_connect_timeout=self.options["SOCKET_CONNECT_TIMEOUT"],
            socket_timeout=self.options["SOCKET_TIMEOUT"],
        )


def redis_settings(url: str) -> dict[str, Any]:
    """The `LOCATION` and `OPTIONS` of a django-redis cache for one of our addresses.

    `redis+sentinel://host:port,host:port/NAME/DB` becomes Sentinel options, `redis+cluster://host:port,host:port` some
    nodes of a cluster that tell of the others; both with `rediss` through TLS, with redis-py's `?ssl_…` options. The
    other schemes are redis-py's own.
    """
    options: dict[str, Any] = {
        "SOCKET_CONNECT_TIMEOUT": CONNECT_TIMEOUT,
        "SOCKET_TIMEOUT": ANSWER_TIMEOUT,
        "CONNECTION_POOL_CLASS": "gamify_site.store.addresses.PatientPool",
        "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0), "health_check_interval": 30, "driver_info": DRIVER},
        "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
    }
    parts = urlsplit(url)
    scheme, _, kind = parts.scheme.partition("+")
    if not kind:
        return {"LOCATION": url, "OPTIONS": options}
    tls = _tls(parts.query) if scheme == "rediss" else {}
    options["CONNECTION_POOL_KWARGS"] |= tls
    credentials, _, hosts = parts.netloc.rpartition("@")
    if credentials:
        username, _, password = credentials.rpartition(":")
        options |= {"USERNAME": unquote(username), "PASSWORD": unquote(password)}
    if kind == "cluster":
        options |= {
            "NODES": [_host_and_port(item, REDIS_PORT) for item in hosts.split(",")],
            "CONNECTION_FACTORY": "gamify_site.store.addresses.ClusterFactory",
        }
        return {"LOCATION": url, "OPTIONS": options}
    name, _, database = parts.path.strip("/").partition("/")
    options |= {
        "SENTINELS": [_host_and_port(item, SENTINEL_PORT) for item in hosts.split(",")],
        "SENTINEL_KWARGS": {"socket_timeout": CONNECT_TIMEOUT, **_sentinel_password(parts.query), **tls},
        "CONNECTION_POOL_CLASS": "gamify_site.store.addresses.PatientSentinelPool",
        "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
    }
    return {"LOCATION": f"redis://{name}/{database or 0}", "OPTIONS": options}


def _host_and_port(item: str, default: int) -> tuple[str, int]:
    parts = urlsplit(f"//{item}")
    return parts.hostname or item, parts.port or default


def _sentinel_password(query: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(query).items() if key in {"username", "password"}}


def _tls(query: str) -> dict[str, Any]:
    """What a client is told to speak TLS; the options `ssl_…` are spelled as in redis-py's own addresses."""
    options = parse_url(f"rediss://?{query}")
    return {"ssl": True, **{name: value for name, value in options.items() if name.startswith("ssl_")}}
