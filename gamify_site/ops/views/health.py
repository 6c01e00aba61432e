"""Whether this process and its data store work, for machines that ask."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gamify_site.store import health
from gamify_site.store.errors import StoreUnavailable


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers; nobody else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 where Redis answers and takes writes, and the data is not being replaced; else 503 with the reason."""
    try:
        health.check_writable()
        health.check_open()
    except StoreUnavailable as error:
        return JsonResponse({"status": "unavailable", "reason": str(error)}, status=503)
    return JsonResponse({"status": "ok"})
