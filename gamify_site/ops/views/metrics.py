"""The numbers of the site, for Prometheus."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gamify_site.api.guard import check_local_or_reader
from gamify_site.api.problems import Refused
from gamify_site.ops.metrics import CONTENT_TYPE, exposition


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """All numbers, for this machine and for keys; 401 for others. One round trip with a key, else none."""
    try:
        check_local_or_reader(request)
    except Refused as refused:
        return refused.response()
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)
