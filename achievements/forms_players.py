"""What support does with a player: each form does one thing, says why, and shows a refusal at its field."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from achievements.services import catalog, unlocks
from gamify_site.forms import PlainForm
from gamify_site.players import services as players
from leaderboards.services import moderation


class _SupportForm(PlainForm):
    """Something that staff do with a player, with a reason."""

    reason = forms.CharField(label=gettext_lazy("Why"), help_text=gettext_lazy("Kept in the audit log."))

    def __init__(self, data: Mapping[str, Any] | None = None, *, player: str, **kwargs: Any) -> None:
        self.player = player
        super().__init__(data, auto_id=f"{type(self).__name__}_%s", **kwargs)

    @property
    def is_open(self) -> bool:
        """Whether it was sent, and so must be seen, or something is chosen for it."""
        return self.is_bound or bool(self.initial.get("achievement") and "achievement" in self.fields)

    def do(self, by: str) -> str:
        """Does it and gives what to tell; nothing where the form or the service refuses it, which is then shown."""
        if not self.is_valid():
            return ""
        try:
            return self.act(self.cleaned_data["reason"], by)
        except ValidationError as error:
            self.add_errors(error)
        return ""

    def act(self, reason: str, by: str) -> str:
        """Does it. May raise `ValidationError`."""
        raise NotImplementedError


class _UnlockForm(_SupportForm):
    """About one achievement or tier."""

    achievement = forms.ChoiceField(label=gettext_lazy("Achievement"))

    field_order = ("achievement", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["achievement"].choices = [  # type: ignore[attr-defined]
            (release.slug, release.name)
            for item in catalog.all()
            if item.status != "draft"
            for release in item.releases()
        ]


class GrantForm(_UnlockForm):
    """Gives an achievement whatever the progress."""

    def act(self, reason: str, by: str) -> str:
        given = unlocks.grant(self.player, self.cleaned_data["achievement"], reason, by=by)
        if not given:
            raise ValidationError({"achievement": _("The player has it already.")})
        return _("Given: %(names)s.") % {"names": ", ".join(unlock.achievement for unlock in given)}


class RevokeForm(_UnlockForm):
    """Takes an achievement back, with points and what followed from it."""

    def act(self, reason: str, by: str) -> str:
        if not unlocks.revoke(self.player, self.cleaned_data["achievement"], reason, by=by):
            raise ValidationError({"achievement": _("The player does not have it.")})
        return _("Taken back: %(name)s.") % {"name": self.cleaned_data["achievement"]}


class HideForm(_SupportForm):
    """Takes a cheater off all boards."""

    def act(self, reason: str, by: str) -> str:
        moderation.hide(self.player, reason, by=by)
        return _("Off all boards. Everything is kept and counts on unseen.")


class ShowForm(_SupportForm):
    """Puts a hidden player back."""

    def act(self, reason: str, by: str) -> str:
        moderation.show(self.player, reason, by=by)
        return _("Back on all boards.")


class RenameForm(_SupportForm):
    """Gives another shown name."""

    name = forms.CharField(label=gettext_lazy("Shown name"))

    field_order = ("name", "reason")

    def act(self, reason: str, by: str) -> str:
        renamed = players.rename(self.player, self.cleaned_data["name"], reason, by=by)
        return _("The player is now called %(name)s.") % {"name": renamed.name}


class DeletePlayerForm(_SupportForm):
    """Deleting a player takes the id, typed."""

    player_id = forms.CharField(label=gettext_lazy("Player id"), max_length=64)

    field_order = ("player_id", "reason")

    def clean_player_id(self) -> str:
        """It must be this player's."""
        if self.cleaned_data["player_id"] != self.player:
            raise ValidationError(_("Type “%(player)s” to delete this player.") % {"player": self.player})
        return self.player

    def act(self, reason: str, by: str) -> str:
        players.delete(self.player, by=by, reason=reason)
        return _("The player is deleted, with every trace.")
