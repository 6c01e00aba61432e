"""The staff's page about the data store."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gamify_site.ops import store_report
from gamify_site.players.access import staff_only


@staff_only
@require_safe
@never_cache
def data_store(request: HttpRequest) -> HttpResponse:
    """How the data store is doing right now; of a cluster the server `?server=`, counted from 0."""
    place = request.GET.get("server", "0")
    report = store_report.read(int(place) if place.isdecimal() and len(place) < 5 else 0)
    return render(request, "manage/redis.html", {"report": report})
