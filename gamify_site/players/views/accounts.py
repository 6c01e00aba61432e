"""The pages of an account, and the staff page that resets a forgotten password."""

from typing import TypeVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from gamify_site import audit
from gamify_site.players import activity, registration, services, throttle, traces
from gamify_site.players.access import staff_only
from gamify_site.players.forms import PasswordForm, ProfileForm, ResetPasswordForm, SignUpForm

Response = TypeVar("Response", bound=HttpResponse)


@sensitive_post_parameters("password1", "password2")
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    """Takes a name and a password and logs the new player in."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    form = SignUpForm(request.POST or None, address=throttle.address_of(request))
    if request.method == "POST" and form.is_valid():
        try:
            account = registration.sign_up(form.cleaned_data["username"], form.cleaned_data["password1"])
        except ValidationError as error:  # somebody was faster
            form.add_error(None, error)
        else:
            login(request, account)
            messages.success(request, _("Welcome! This is your place; tell the others who you are."))
            return redirect("account_settings")
    return _too_many(form, render(request, "accounts/signup.html", {"form": form}))


class LogIn(LoginView):
    """Django's log-in; who tries too often gets 429 and the time to wait."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        if getattr(self.request.user, "password_is_temporary", False):
            return resolve_url("password_change")
        return super().get_default_redirect_url()

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        traces.logged_in(form.get_user(), throttle.address_of(self.request))
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if any(form.has_error(NON_FIELD_ERRORS, code) for code in ("invalid_login", "expired")):
            traces.login_failed(form.cleaned_data["username"], throttle.address_of(self.request))
        return _too_many(form, super().form_invalid(form))


class ChangePassword(PasswordChangeView):
    """Django's password change: this session goes on, all others end."""

    template_name = "accounts/password.html"
    form_class = PasswordForm
    success_url = reverse_lazy("account_settings")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        account, changes = form.user, {"address": throttle.address_of(self.request)}
        entry = audit.Entry("password_changed", account.player_id, account.username, after=changes)
        audit.record(entry, owner=account.player_id)
        messages.success(self.request, _("Your password is changed. Everywhere else you are logged out."))
        return response

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        return _too_many(form, super().form_invalid(form))


@login_required
@never_cache
def account_settings(request: HttpRequest) -> HttpResponse:
    """The player's own profile, as the others see it."""
    player_id = request.user.player_id  # type: ignore[union-attr]  # nobody anonymous comes here
    try:
        profile = services.get(player_id)
    except services.UnknownPlayer:  # staff who do not play; saving makes the player
        profile = services.Player(player_id, name=player_id)
    initial = {field: getattr(profile, field) for field in services.LONGEST}
    form = ProfileForm(request.POST or None, initial=initial, player=player_id)
    if request.method == "POST" and form.is_valid():
        try:
            services.upsert(player_id, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Your profile is saved."))
            return redirect("account_settings")
    context = {"form": form, "activity": activity.recent(player_id)}
    return _too_many(form, render(request, "accounts/settings.html", context))


@staff_only
@never_cache
def manage_accounts(request: HttpRequest) -> HttpResponse:
    """Staff give a player who has forgotten the password a new one, shown once in the answer."""
    form = ResetPasswordForm(request.POST or None, initial={"username": request.GET.get("username", "")})
    shown = {}
    if request.method == "POST" and form.is_valid():
        password = registration.reset_password(form.account, by=request.user.get_username())
        shown = {"username": form.account.username, "password": password}
        form = ResetPasswordForm()
    return render(request, "manage/accounts.html", {"form": form, "reset": shown})


def _too_many(form: Form, response: Response) -> Response:
    """The response; with 429 and `Retry-After` where the form was refused for too many attempts."""
    for errors in form.errors.as_data().values():
        for error in errors:
            if isinstance(error, throttle.TooManyAttempts):
                response.status_code = 429
                response.headers["Retry-After"] = str(error.seconds)
    return response
