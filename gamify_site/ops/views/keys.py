"""The staff's page for the keys of the HTTP API."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from gamify_site.api import keys
from gamify_site.ops.forms import KeyForm
from gamify_site.players.access import staff_only

form_methods = require_http_methods(["GET", "HEAD", "POST"])


@staff_only
@form_methods
@never_cache
def api_keys(request: HttpRequest) -> HttpResponse:
    """Lists all keys and makes one, whose secret stands in this answer and nowhere else."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    made = form.create(by=request.user.get_username()) if form.is_bound else None
    status = 422 if form.errors else 200
    if made:
        form = KeyForm()
    context = {"form": form, "made": made, "keys": keys.all()}
    return render(request, "manage/keys/list.html", context, status=status)


@staff_only
@form_methods
@never_cache
def revoke_key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Asks, and then removes a key for good."""
    try:
        if request.method != "POST":
            return render(request, "manage/keys/revoke.html", {"key": keys.get(key_id)})
        key = keys.revoke(key_id, by=request.user.get_username())
    except keys.UnknownKey as error:
        raise Http404 from error
    messages.success(request, _("The key “%(name)s” is revoked.") % {"name": key.name})
    return redirect("manage_keys")
