"""The staff's page about the data store."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gamify_site.ops import store_report
from gamify_site.players.access import staff_only


@staff_only
@require_safe
@never_cache
def data_store(request: HttpRequest) -> HttpResponse:
    """How the data store is doing right now; of a cluster the server `?server=`, from 0, else one that answers."""
    asked = request.GET.get("server")
    if asked is not None and not (asked.isascii() and asked.isdecimal() and len(asked) < 5):
        raise Http404
    try:
        report = store_report.read(None if asked is None else int(asked))
    except store_report.UnknownServer as error:
        raise Http404 from error
    return render(request, "manage/redis.html", {"report": report})
