"""The staff's forms: a board's definition, its deletion, a player's score.

Forms only read the fields; what a definition or a score must hold to is checked by `Board` and the services, whose
`ValidationError` is shown at the field it names.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import sanitize_separators
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gamify_site.forms import LongSelect, PlainForm, checked
from gamify_site.identifiers import check_player_id, check_slug
from leaderboards import wording
from leaderboards.definitions import (
    LONGEST_GRACE,
    LONGEST_RETENTION,
    MOST_DECIMALS,
    MOST_ENTRIES,
    SEGMENT_FIELDS,
    WINDOWS,
    Board,
    ScoreUpdate,
    Season,
)
from leaderboards.services import boards, corrections


class BoardForm(PlainForm):
    """A board's definition."""

    name = forms.CharField(label=gettext_lazy("Name"))
    slug = forms.CharField(
        label=gettext_lazy("Slug"),
        max_length=64,
        help_text=gettext_lazy("Its name in addresses and in the API: lower-case letters, digits, - and _. It stays."),
    )
    description = forms.CharField(label=gettext_lazy("Description"), required=False)
    action = forms.CharField(
        label=gettext_lazy("Action"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("The action of events that feed this board. Empty: only scores sent to it."),
    )
    combine = forms.ChoiceField(label=gettext_lazy("How scores count"), choices=list(wording.COMBINE.items()))
    order = forms.ChoiceField(label=gettext_lazy("Order"), choices=list(wording.ORDER.items()))
    decimals = forms.IntegerField(
        label=gettext_lazy("Decimals"),
        min_value=0,
        max_value=MOST_DECIMALS,
        help_text=gettext_lazy("Digits behind the point: 0 for whole numbers, 2 for lap times."),
    )
    windows = forms.MultipleChoiceField(
        label=gettext_lazy("Windows"), choices=[(window, wording.WINDOWS[window]) for window in WINDOWS]
    )
    seasons = forms.CharField(
        label=gettext_lazy("Seasons"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One a line: slug | name | first day | day after the last. Only for the window “Season”."
        ),
    )
    timezone = forms.ChoiceField(
        label=gettext_lazy("Timezone"),
        choices=[(name, name) for name in sorted(available_timezones())],
        widget=LongSelect,
        help_text=gettext_lazy("Days, weeks and months begin at midnight there."),
    )
    retention_days = forms.IntegerField(
        label=gettext_lazy("Keep past periods (days)"),
        min_value=1,
        max_value=LONGEST_RETENTION,
        help_text=gettext_lazy(
            "Values below 8 count as 8, because a period may become final up to 7 days after its end."
        ),
    )
    grace_hours = forms.IntegerField(
        label=gettext_lazy("Grace period (hours)"),
        widget=forms.NumberInput(attrs={"min": 0, "max": LONGEST_GRACE}),
        help_text=gettext_lazy(
            "How many hours after its end a period still counts late events, from 0 to 168 (7 days). Then it is final."
        ),
    )
    ties = forms.ChoiceField(
        label=gettext_lazy("Equal scores"), choices=[(name, it[0]) for name, it in wording.TIES.items()]
    )
    max_entries = forms.IntegerField(
        label=gettext_lazy("Size limit"),
        min_value=1,
        max_value=MOST_ENTRIES,
        required=False,
        help_text=gettext_lazy("Only the first so many stay on the board. Empty: everybody stays."),
    )
    segment_by = forms.ChoiceField(
        label=gettext_lazy("Also rank within"),
        required=False,
        choices=[("", gettext_lazy("Nothing")), *((name, wording.SEGMENTS[name]) for name in SEGMENT_FIELDS)],
    )
    floor = forms.DecimalField(
        label=gettext_lazy("Least balance"),
        max_digits=20,
        help_text=gettext_lazy("Spending never leaves less than this."),
    )
    news_top = forms.IntegerField(
        label=gettext_lazy("News from rank"),
        min_value=0,
        max_value=10_000,
        help_text=gettext_lazy("Entering this top is news to the player. 0: never."),
    )
    known = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    board: Board

    def __init__(self, data: Mapping[str, Any] | None = None, *, board: Board | None = None) -> None:
        self.before = board
        super().__init__(data, initial=(_initial(board) if board else _NEW) | {"known": boards.digest(board)})
        self.fields["slug"].disabled = board is not None

    @property
    def tie_rules(self) -> list[tuple[str, str, str]]:
        """Each tie rule as (value, name, what it does and which scores it leaves at the chosen decimals)."""
        decimals = self["decimals"].value()
        known = int(decimals) if str(decimals) in {"0", "1", "2", "3", "4"} else 0
        return [(ties, str(name), wording.tie_rule(ties, known)) for ties, (name, _rule) in wording.TIES.items()]

    def clean_slug(self) -> str:
        """A new board takes no slug that is taken."""
        slug = checked(check_slug, self.cleaned_data["slug"])
        if self.before is None and slug in {board.slug for board in boards.all()}:
            raise ValidationError(_("There is a board with this slug already."))
        return slug

    def clean_action(self) -> str | None:
        """A legal slug, or None."""
        action = self.cleaned_data["action"]
        return checked(check_slug, action) if action else None

    def clean_seasons(self) -> tuple[Season, ...]:
        """One season a line; each wrong line is named."""
        found, errors = [], []
        for number, line in enumerate(self.cleaned_data["seasons"].splitlines(), start=1):
            if line.strip():
                try:
                    found.append(_season(line))
                except ValidationError as error:
                    errors.append(
                        _("Line %(number)s: %(reason)s") % {"number": number, "reason": " ".join(error.messages)}
                    )
        if errors:
            raise ValidationError(errors)
        return tuple(found)

    def clean(self) -> dict[str, Any]:
        """Makes the definition, which checks itself."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "known"}
        if not self.errors:
            values |= {"segment_by": values["segment_by"] or None, "windows": tuple(values["windows"])}
            values |= {"floor": _plain(values["floor"])}
            try:
                self.board = Board(**values)
            except ValidationError as error:
                self.add_errors(error)
        return self.cleaned_data

    def save(self, by: str) -> bool:
        """Lets a valid definition hold; False where the service refuses it, which is then shown at the field.

        Raises `EditedMeanwhile` where another definition holds by now than the one that was edited.
        """
        try:
            boards.define(self.board, by=by, expected=self.cleaned_data["known"])
        except ValidationError as error:
            self.add_errors(error)
        return not self.errors


class DeleteForm(PlainForm):
    """Deleting a board takes its slug, typed."""

    slug = forms.CharField(max_length=64, label=gettext_lazy("Slug of the board"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, board: Board) -> None:
        self.board = board
        super().__init__(data)

    def clean_slug(self) -> str:
        """It must be this board's."""
        if self.cleaned_data["slug"] != self.board.slug:
            raise ValidationError(_("Type “%(slug)s” to delete this board.") % {"slug": self.board.slug})
        if self.board.slug == boards.POINTS:
            raise ValidationError(_("The built-in board cannot be deleted."))
        return self.board.slug


class _PlayerForm(PlainForm):
    """What one does with a player's score on a board."""

    player = forms.CharField(label=gettext_lazy("Player"), max_length=64)
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        help_text=gettext_lazy("For the audit log; may be empty."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, board: Board, player: str = "") -> None:
        self.board = board
        super().__init__(data, initial={"player": player}, auto_id=f"{type(self).__name__}_%s")

    def clean_player(self) -> str:
        """A legal player id."""
        return checked(check_player_id, self.cleaned_data["player"])

    def apply(self, by: str) -> "ScoreUpdate | bool | None":
        """What `write` gives; None where the form or the service refuses, which is then shown at the field.

        `by` is who the audit log says did it.
        """
        if not self.is_valid():
            return None
        try:
            return self.write(by)
        except ValidationError as error:
            self.add_errors(error)
        return None

    def write(self, by: str) -> "ScoreUpdate | bool":
        """Does it. May raise `ValidationError`."""
        raise NotImplementedError

    def _correct(self, score: str, how: corrections.How, by: str) -> ScoreUpdate:
        given = self.cleaned_data
        score = sanitize_separators(score)
        return corrections.write(self.board.slug, given["player"], score, how, by=by, reason=given["reason"])


class ScoreForm(_PlayerForm):
    """Adds or updates a score."""

    score = forms.CharField(
        label=gettext_lazy("Score"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    how = forms.ChoiceField(
        label=gettext_lazy("How"),
        choices=[("rule", gettext_lazy("By the board's rule")), ("set", gettext_lazy("Replace what is there"))],
    )

    def write(self, by: str) -> ScoreUpdate:
        """By the board's rule, or in place of what is there."""
        return self._correct(
            self.cleaned_data["score"], "rule" if self.cleaned_data["how"] == "rule" else "replace", by
        )


class IncrementForm(_PlayerForm):
    """Adds to a score."""

    increment = forms.CharField(
        label=gettext_lazy("Add"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy("A negative number takes away."),
    )

    def write(self, by: str) -> ScoreUpdate:
        """Whatever the board's rule."""
        return self._correct(self.cleaned_data["increment"], "add", by)


class RemoveForm(_PlayerForm):
    """Takes a player off the board."""

    def write(self, by: str) -> bool:
        """True, or an error where the player is not on the board."""
        given = self.cleaned_data
        if not corrections.remove(self.board.slug, given["player"], by=by, reason=given["reason"]):
            raise ValidationError({"player": _("This player is not on the board.")})
        return True


def _season(line: str) -> Season:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 4 or not all(parts):
        raise ValidationError(_("Write slug | name | first day | day after the last."))
    slug, name, *days = parts
    try:
        starts, ends = (date.fromisoformat(day) for day in days)
    except ValueError:
        raise ValidationError(_("Write days like 2026-11-01.")) from None
    return Season(slug, name, starts, ends)


def _plain(value: Decimal) -> int | Decimal:
    """A whole number as int, which is what boards without decimals store."""
    return int(value) if value == value.to_integral_value() else value


def _initial(board: Board) -> dict[str, Any]:
    names = ("slug", "name", "description", "combine", "order", "decimals", "windows", "timezone", "retention_days")
    more = ("grace_hours", "ties", "max_entries", "floor", "news_top")
    values = {name: getattr(board, name) for name in (*names, *more)}
    seasons = "\n".join(f"{it.slug} | {it.name} | {it.starts} | {it.ends}" for it in board.seasons)
    return values | {"action": board.action or "", "segment_by": board.segment_by or "", "seasons": seasons}


_NEW = _initial(Board(slug="new", name="New")) | {"slug": "", "name": ""}
