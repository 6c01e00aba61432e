"""What holds for every request.

A page when the data store is away, what replicas may answer, visitors counted, well-formed input, the
Content-Security-Policy.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

import django
from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django_htmx.http import HttpResponseClientRedirect

from gamify_site import error_pages, visitors
from gamify_site.players.throttle import address_of
from gamify_site.store import catalog, shard_count
from gamify_site.store.connection import UNANSWERED, old_answers_will_do
from gamify_site.store.errors import StoreUnavailable, WrongShards

FOR_MACHINES = {"healthz", "readyz", "metrics"}  # names of views that ask nobody, or see to it themselves
JUST_CHANGED = "just_changed"  # a cookie
JUST_CHANGED_FOR = 5  # seconds; replicas are far less behind, or the staff's page about them warns

# Views that people with a temporary password can use, and those that do not ask who somebody is.
WITH_ANY_PASSWORD = {"password_change", "logout", "set_language"}
WITH_ANY_PASSWORD |= {"healthz", "readyz", "metrics", "badge_sprite", "share_picture"}

GetResponse = Callable[[HttpRequest], HttpResponse]


def site_context(request: HttpRequest) -> dict[str, Any]:
    """For every template: its scripts' nonce, the demo tools, the product's name, where streams are, the languages."""
    return {
        "csp_nonce": getattr(request, "_csp_nonce", None),
        "demo": settings.GAMIFY_DEMO,
        "product": settings.PRODUCT,
        "live_url": SimpleLazyObject(lambda: live_url(request)),
        "languages": settings.LANGUAGES,
    }


def live_url(request: HttpRequest) -> str:
    """Where browsers find the streams; a setting that begins with a port is that port of the page's own host."""
    url: str = settings.GAMIFY_LIVE_URL
    if not url.startswith(":"):
        return f"{url}stream"
    host, _colon, port = request.get_host().rpartition(":")
    return f"//{host if port.isdecimal() and host else request.get_host()}{url}stream"


def check_host(request: HttpRequest) -> None:
    """Raise `DisallowedHost`, with the name of our setting, if the site does not answer to the host of the request."""
    try:
        request.get_host()
    except DisallowedHost as error:
        raise DisallowedHost(str(error).replace(" ALLOWED_HOSTS", " GAMIFY_ALLOWED_HOSTS")) from None


class HostMiddleware:
    """Refuse hosts that the site does not answer to, before Django does so with the name of its own setting."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        check_host(request)
        return self.get_response(request)


class StoreUnavailableMiddleware:
    """A friendly page when a view does not reach the data store; `error_pages.server_error` does it for middleware."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return error_pages.unavailable(request, exception) if isinstance(exception, UNANSWERED) else None


class ShardCountMiddleware:
    """Answer 503 if the data lies on another number of shards: players would be looked for elsewhere, and not found."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        match = request.resolver_match
        if match is not None and match.url_name in FOR_MACHINES:
            return
        try:
            shard_count.insist()
        except WrongShards:
            raise
        except StoreUnavailable:  # the view says so, unless it asks nobody
            return


class OldAnswersMiddleware:
    """Pages may be a moment old, and their reads then go to replicas; not the staff's, and not just after a change.

    Who has sent something sees what became of it: for some seconds their pages come from the primary.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            response = self.get_response(request)
            response.set_cookie(
                JUST_CHANGED, "1", JUST_CHANGED_FOR, secure=request.is_secure(), httponly=True, samesite="Lax"
            )
            return response
        if JUST_CHANGED in request.COOKIES or request.path_info.startswith(("/manage/", "/api/")):
            return self.get_response(request)
        with old_answers_will_do():
            return self.get_response(request)


class DefinitionsMiddleware:
    """Shows and applies the definitions as they are when the request comes, whichever process has changed them last."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with catalog.as_of_now():
            return self.get_response(request)


class TemporaryPasswordMiddleware:
    """Who has logged in with a temporary password chooses another one before anything else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Redirect to the password page; 503 if it is not known who asks."""
        match = request.resolver_match
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or (match and match.url_name in WITH_ANY_PASSWORD):
            return None
        try:
            is_temporary = getattr(request.user, "password_is_temporary", False)
        except UNANSWERED as error:
            return error_pages.unavailable(request, error)
        if not is_temporary:
            return None
        if "HX-Request" in request.headers:
            return HttpResponseClientRedirect(reverse("password_change"))
        return redirect("password_change")


class VisitorMiddleware:
    """Counts who sees a page, once a day; parts of pages, which browsers ask for by themselves, do not count."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and request.method == "GET" and "HX-Request" not in request.headers:
            with suppress(*UNANSWERED):  # the page is there: it is shown, counted or not
                visitors.count(_visitor(request))
        return response


def _visitor(request: HttpRequest) -> str:
    """Who asks; without a session nobody looks for one, so that the page stays as cacheable as it was."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return visitors.player(request.user.player_id)
    return visitors.guest(address_of(request), request.headers.get("User-Agent", ""))


class WellFormedMiddleware:
    """Answers 400 to a query or a form that is not UTF-8 or holds NUL, so that no page has to think of them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "%" in query or not query.isascii():
            check_well_formed(query.encode("latin-1", "replace"))
        if request.method == "POST" and request.content_type == "application/x-www-form-urlencoded":
            check_well_formed(request.body)
        return self.get_response(request)


def check_well_formed(encoded: bytes) -> None:
    """Raises `BadRequest` where percent-encoded text is not UTF-8 or holds NUL."""
    text = unquote_to_bytes(encoded)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("Input must be UTF-8.") from error
    if b"\0" in text:
        raise BadRequest("Input must not hold NUL.")


class PermissionsPolicyMiddleware:
    """Deny pages the features of browsers that the site does not use."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = ", ".join(f"{feature}=()" for feature in settings.UNUSED_FEATURES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = self.policy
        return response


class Nonce:
    """A secret for one page, made when the page first writes it."""

    value = ""

    def __str__(self) -> str:
        self.value = self.value or secrets.token_urlsafe(16)
        return self.value


class OwnContentSecurityPolicyMiddleware:
    """What Django 6 brings, for Django 5.2: sends the policy in SECURE_CSP, with the nonce where the page uses one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{directive} {' '.join(values)}" for directive, values in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = request._csp_nonce = Nonce()  # type: ignore[attr-defined]
        response = self.get_response(request)
        source = f"'nonce-{nonce.value}'" if nonce.value else ""
        policy = self.policy.replace(settings.CSP_NONCE, source)
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


ContentSecurityPolicyMiddleware = (
    import_string("django.middleware.csp.ContentSecurityPolicyMiddleware")
    if django.VERSION >= (6,)
    else OwnContentSecurityPolicyMiddleware
)
