"""The forms of an account: sign-up, password, profile; and the one by which staff reset a password."""

from typing import Any, cast

from django import forms
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from gamify_site.forms import LongSelect
from gamify_site.players import choices, registration, services, throttle
from gamify_site.players.models import Account

Choices = list[tuple[str, Any]]

PASSWORD_RULES = lazy(lambda: " ".join(password_validators_help_texts()), str)()


class SignUpForm(auth_forms.SetPasswordMixin, forms.Form):  # type: ignore[type-arg]
    """A free name and a password. Counts against the address's limit as soon as a password would be hashed."""

    username = auth_forms.UsernameField(
        label=_("Username"),
        max_length=64,
        help_text=_("1 to 64 letters, digits, “_”, “.” or “-”. It is also your player id and cannot be changed."),
    )
    password1, password2 = auth_forms.SetPasswordMixin.create_password_fields()
    password1.help_text = PASSWORD_RULES

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        try:
            registration.check_free(username)
        except ValidationError as error:
            raise ValidationError(error.error_dict["username"]) from error
        return username

    def clean(self) -> dict[str, Any]:
        self.validate_passwords()
        self.validate_password_for_user(Account(username=self.cleaned_data.get("username", "")))
        if not self.errors:
            throttle.count(throttle.sign_up(self.address))
        return self.cleaned_data


class PasswordForm(auth_forms.PasswordChangeForm):
    """Django's, with a limit on guesses of the old password."""

    new_password1, new_password2 = auth_forms.SetPasswordMixin.create_password_fields(
        label1=_("New password"), label2=_("New password confirmation")
    )
    new_password1.help_text = PASSWORD_RULES

    def clean_old_password(self) -> str:
        limits = throttle.change_password(self.user.username)
        throttle.count(limits)
        password = super().clean_old_password()
        throttle.forgive(limits)
        return password

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("new_password1") and cleaned["new_password1"] == cleaned.get("old_password"):
            self.add_error("new_password1", _("This is the old password. Choose another one."))
        return cleaned

    def save(self, commit: bool = True) -> Account:
        self.user.password_is_temporary, self.user.password_expires, self.user.is_public = False, None, False
        return super().save(commit)


class ProfileForm(forms.Form):
    """What a player says about themselves; values that a game has set stay legal although they are not offered."""

    name = forms.CharField(label=_("Shown name"))
    about = forms.CharField(
        label=_("About you"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    avatar = forms.ChoiceField(label=_("Avatar colour"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False, widget=LongSelect)
    region = forms.CharField(label=_("Region"), required=False)
    team = forms.CharField(label=_("Team"), required=False)
    timezone = forms.ChoiceField(
        label=_("Timezone"),
        help_text=_("Days and streaks reset at midnight in this time zone. You can change it once a day."),
        widget=LongSelect,
    )

    def __init__(self, *args: Any, player: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.player = player
        self._offer("avatar", choices.AVATARS)
        self._offer("country", choices.countries())
        self._offer("timezone", choices.timezones())

    def _offer(self, name: str, offered: Choices) -> None:
        current = self.initial.get(name) or ""
        missing = [(current, current)] if current and current not in dict(offered) else []
        cast("forms.ChoiceField", self.fields[name]).choices = [*missing, *offered]

    def clean(self) -> dict[str, Any]:
        for name, value in list(self.cleaned_data.items()):
            try:
                services.check_field(name, value)
            except ValidationError as error:
                self.add_error(None, error)
        if not self.errors:
            throttle.count(throttle.save_profile(self.player))
        return self.cleaned_data


class ResetPasswordForm(forms.Form):
    """The name of a player who has forgotten the password; staff reset each other's by the command only."""

    username = auth_forms.UsernameField(label=_("Username"), max_length=64)

    def clean_username(self) -> str:
        try:
            self.account = Account.objects.get_by_natural_key(self.cleaned_data["username"])
        except Account.DoesNotExist as error:
            raise ValidationError(_("There is no account with this name."), code="unknown") from error
        if self.account.is_staff:
            reason = _("This is a staff account. Its password is reset with the command “reset_password”.")
            raise ValidationError(reason, code="staff")
        return self.account.username
