"""Where requests come from: trusted proxies (GAMIFY_TRUSTED_PROXIES) say whom they pass on, to pages and to streams."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class TrustedProxiesMiddleware:
    """Takes the address and the scheme of a request from a trusted proxy; cookies stay within TLS where it came so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.META
        peer = told.get("REMOTE_ADDR", "")
        if _is_trusted(peer) and told.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip() == "https":
            told["wsgi.url_scheme"] = "https"  # which Django asks, and whatever has to do with TLS asks Django
        told["REMOTE_ADDR"] = client_of(peer, told.get("HTTP_X_FORWARDED_FOR", ""))
        response = self.get_response(request)
        if request.is_secure():
            for cookie in response.cookies.values():
                cookie["secure"] = True
        return response


def client_of(peer: str, forwarded: str) -> str:
    """The address that a request comes from: the peer's, or of those in X-Forwarded-For the last that is no proxy's."""
    found = peer
    for named in reversed(forwarded.split(",")):
        if not _is_trusted(found) or _address(named.strip()) is None:
            break
        found = named.strip()
    return found


def _is_trusted(text: str) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in settings.GAMIFY_TRUSTED_PROXIES)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
