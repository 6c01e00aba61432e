"""The demo's own pages; they exist where the demo tools are on."""

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from gamify_site import clock, travel, work
from gamify_site.asking import wants
from gamify_site.ops import ticking
from gamify_site.ops.clocks import WrongClock
from gamify_site.ops.demo import accounts, reset
from gamify_site.ops.forms import DemoForm, LoginAsForm
from gamify_site.players import throttle, traces
from gamify_site.players.access import staff_only
from gamify_site.players.models import Account
from leaderboards.services import seasons

STEPS = {"day": 1, "week": 7}  # days that the clock goes ahead


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def demo(request: HttpRequest) -> HttpResponse:
    """Staff choose sample data, confirm what it replaces, and see how far it is; the demo's other tools."""
    if wants(request, "work"):
        return render(request, "manage/_work.html", _context(DemoForm(), LoginAsForm()))
    form = DemoForm(request.POST or None)
    if request.method != "POST":
        return render(request, "manage/demo.html", _context(form, LoginAsForm()))
    if not form.is_valid():
        return render(request, "manage/demo.html", _context(form, LoginAsForm()), status=422)
    chosen = form.cleaned_data
    if request.POST.get("confirmed") != "yes":
        return render(request, "manage/demo.html", {"chosen": chosen})
    scenario, players = chosen["scenario"], chosen["players"]
    try:
        work.start(reset.WORK, lambda progress: reset.reset(scenario, players, reset.latest_anchor(), progress))
    except work.AlreadyRunning:
        messages.warning(request, _("Sample data is being made already."))
    return redirect("manage_demo")


def _context(form: DemoForm, login_form: LoginAsForm) -> dict[str, object]:
    return {
        "form": form,
        "login_form": login_form,
        "work": work.find(reset.WORK),
        "here": reverse("manage_demo"),
        "next": reverse("home"),
        "now": clock.now(),
        "ahead": travel.follow().days,
    }


@staff_only
@require_POST
@never_cache
def demo_clock(request: HttpRequest) -> HttpResponse:
    """Moves the clock of the whole program: a day or a week ahead, or back to now."""
    by, step = request.user.get_username(), request.POST.get("step", "")
    try:
        if step == "back":
            travel.back(by=by)
            seasons.close_due()  # opens what was closed by the clock that was ahead, so that events count again
        elif step in STEPS:
            travel.go(STEPS[step], by=by)
        else:
            raise Http404
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("manage_demo")


@staff_only
@require_POST
@never_cache
def demo_tick(request: HttpRequest) -> HttpResponse:
    """Does now what `manage.py tick` does now and then."""
    try:
        done = ticking.run_once(by=request.user.get_username())
    except WrongClock as error:
        messages.error(request, str(error))
        return redirect("manage_demo")
    text = ngettext("%(n)s period has been closed.", "%(n)s periods have been closed.", done.closed)
    messages.success(request, text % {"n": done.closed})
    if done.left:
        text = ngettext("%(n)s player has left the boards.", "%(n)s players have left the boards.", done.left)
        messages.success(request, text % {"n": done.left})
    if done.counted:
        text = ngettext(
            "The active players of %(n)s day have been counted.",
            "The active players of %(n)s days have been counted.",
            done.counted,
        )
        messages.success(request, text % {"n": done.counted})
    return redirect("manage_demo")


@staff_only
@require_POST
@never_cache
def demo_login_as(request: HttpRequest) -> HttpResponse:
    """Staff go on as any player, who gets an account without a password for that."""
    form = LoginAsForm(request.POST)
    if not form.is_valid():
        return render(request, "manage/demo.html", _context(DemoForm(), form), status=422)
    account, by = accounts.open_for(form.cleaned_data["player"]), request.user.get_username()
    login(request, account)
    traces.logged_in(account, throttle.address_of(request), by=by)
    return redirect("home")


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
    traces.logged_in(account, throttle.address_of(request))
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if safe else "home")
