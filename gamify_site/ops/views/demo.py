"""The demo's own pages; they exist where the demo tools are on."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from gamify_site.ops.demo import accounts, reset
from gamify_site.ops.forms import DemoForm
from gamify_site.players.access import staff_only
from gamify_site.players.models import Account


@staff_only
@never_cache
def demo(request: HttpRequest) -> HttpResponse:
    """Staff choose sample data, confirm what it replaces, and get it."""
    form = DemoForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "manage/demo.html", {"form": form})
    chosen = form.cleaned_data
    if request.POST.get("confirmed") != "yes":
        return render(request, "manage/demo.html", {"form": form, "chosen": chosen})
    reset.reset(chosen["scenario"], chosen["players"], reset.latest_anchor(), lambda _done, _total: None)
    messages.success(
        request,
        _("Reset to scenario %(scenario)s with %(players)d players.") % chosen,
    )
    return redirect("manage_demo")


@require_POST
@never_cache
def demo_login(request: HttpRequest) -> HttpResponse:
    """Logs in as one of the sample accounts, without a password."""
    username = request.POST.get("username", "")
    if username not in {sample.username for sample in accounts.SAMPLES}:
        raise Http404
    try:
        account = Account.objects.get_by_natural_key(username)
    except Account.DoesNotExist:
        messages.error(request, _("There is no sample data; make some with manage.py reset_demo."))
        return redirect("login")
    login(request, account)
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if safe else "home")
