"""Who may ask the HTTP API, and how often: a key in the header `Authorization`, with a scope and a bucket of tokens."""

from ipaddress import IPv6Address, ip_address

from django.http import HttpRequest
from ninja.security import HttpBearer

from gamify_site.api import keys
from gamify_site.api.keys import ApiKey, Scope
from gamify_site.api.problems import Refused
from gamify_site.players import throttle, traces
from gamify_site.store import catalog, shard_count

MOST = 2000  # requests at once
RATE = 1000  # requests a second that a key may go on with


class Bearer(HttpBearer):
    """Lets in whoever shows a key of the scope; `write` may read too."""

    openapi_description = "A key that staff make on /manage/keys/ or with `manage.py api_key create`."

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiKey:
        """The key; what follows knows the definitions of now. Raises `Refused`: 401 without one, 403 for its scope, 429
        over its rate."""
        kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
        secret = secret.strip() if kind.lower() == "bearer" else ""
        found = keys.admit(secret, most=MOST, rate=RATE) if secret else None
        if found is None:
            if secret:
                traces.key_refused("", "unknown key", throttle.address_of(request))
            detail = "There is no such key, or it is revoked." if secret else "Show a key: Authorization: Bearer gk_…"
            raise Refused(401, detail, headers={"WWW-Authenticate": "Bearer"})
        request.rate_limit = {  # type: ignore[attr-defined]
            "X-RateLimit-Limit": str(MOST),
            "X-RateLimit-Remaining": str(found.left),
            "X-RateLimit-Reset": str(-(-(MOST - found.left) // RATE)),
        }
        if found.wait:
            raise Refused(
                429,
                f"This key has sent more than {RATE} requests a second. Wait, then go on.",
                headers={"Retry-After": str(-(-found.wait // 1000))},
            )
        if self.scope == "write" and found.key.scope != "write":
            traces.key_refused(found.key.name, "scope read", throttle.address_of(request))
            raise Refused(403, "This key may only read. Make one with the scope write.")
        shard_count.insist()
        catalog.follow_to(found.version)
        return found.key

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """Not used: `__call__` tells apart what is wrong."""
        raise NotImplementedError


READ = Bearer("read")
WRITE = Bearer("write")

OF_PROXIES = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def check_local_or_reader(request: HttpRequest) -> None:
    """Lets in this machine itself, and others with a key. Raises `Refused`. One round trip for a key, else none."""
    if not is_local(request):
        READ(request)


def is_local(request: HttpRequest) -> bool:
    """Whether a program on this machine asks for itself, and not a proxy for somebody else."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback and not any(name in request.headers for name in OF_PROXIES)
