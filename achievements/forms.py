"""The designers' form of an achievement. It reads the fields; what must hold is checked by `Achievement` itself."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from achievements import wording
from achievements.definitions import (
    EXACT,
    LONGEST_METADATA,
    MOST_FREEZES,
    MOST_POINTS,
    MOST_TIERS,
    Achievement,
    Status,
    Tier,
)
from achievements.services import catalog
from gamify_site.forms import PlainForm, checked
from gamify_site.identifiers import SLUG, check_slug

MORE_TIERS = 2  # empty rows that are offered
STATUS_AFTER: dict[str, Status] = {"publish": "published", "archive": "archived"}  # of the button's `do`

# Which fields a type has besides those that all have.
FIELDS_OF = {
    "counter": ("action", "measure", "target", "points"),
    "milestone": ("action", "points"),
    "collection": ("action", "items", "points"),
    "streak": ("action", "target", "freezes", "points"),
    "tiered": ("action", "measure", "tiers"),
    "meta": ("counts", "target", "points"),
}
_OF_SOME = {name for names in FIELDS_OF.values() for name in names}


class TierForm(forms.Form):
    """One step of a tiered achievement; a row that is empty is none."""

    level = forms.CharField(label=gettext_lazy("Level"), max_length=64, required=False)
    name = forms.CharField(label=gettext_lazy("Name"), required=False)
    target = forms.IntegerField(label=gettext_lazy("Target"), min_value=1, max_value=EXACT, required=False)
    points = forms.IntegerField(label=gettext_lazy("Points"), min_value=0, max_value=MOST_POINTS, required=False)

    def clean(self) -> dict[str, Any]:
        """All of a row, or nothing."""
        given = [name for name in self.fields if self[name].data not in (None, "")]
        for name in self.fields if given else ():
            if name not in given:
                self.add_error(name, _("This field is required."))
        return self.cleaned_data

    @property
    def tier(self) -> Tier | None:
        """The step, None for an empty row. Only of a valid form."""
        return Tier(**self.cleaned_data) if self.cleaned_data.get("level") else None


class AchievementForm(PlainForm):
    """A designer's form: the sections of the chosen type alone count."""

    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=list(wording.TYPES.items()))
    name = forms.CharField(label=gettext_lazy("Name"))
    slug = forms.CharField(
        label=gettext_lazy("Slug"),
        max_length=64,
        help_text=gettext_lazy("Its name in addresses and in the API: lower-case letters, digits, - and _. It stays."),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        help_text=gettext_lazy("What players read, in one or two sentences."),
    )
    category = forms.CharField(
        label=gettext_lazy("Category"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "categories"}),
        help_text=gettext_lazy("A slug such as coins. A new one makes a new category."),
    )
    icon = forms.CharField(
        label=gettext_lazy("Icon"),
        required=False,
        widget=forms.TextInput(attrs={"list": "icons"}),
        help_text=gettext_lazy("The name of an icon, for example trophy or fire."),
    )
    hidden = forms.BooleanField(
        label=gettext_lazy("Secret"),
        required=False,
        help_text=gettext_lazy("Nobody who does not have it learns its name, its rule or its badge."),
    )
    action = forms.CharField(
        label=gettext_lazy("Action"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "actions"}),
        help_text=gettext_lazy("The action of the events that it listens to, for example coin_collected."),
    )
    measure = forms.ChoiceField(label=gettext_lazy("What counts"), choices=list(wording.MEASURES.items()))
    target = forms.IntegerField(label=gettext_lazy("Target"), min_value=1, max_value=EXACT)
    points = forms.IntegerField(label=gettext_lazy("Points"), min_value=0, max_value=MOST_POINTS)
    freezes = forms.IntegerField(
        label=gettext_lazy("Freezes"),
        min_value=0,
        max_value=MOST_FREEZES,
        help_text=gettext_lazy("So many missed days do not end the streak."),
    )
    items = forms.CharField(
        label=gettext_lazy("Items"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, each name once."),
    )
    tiers = forms.CharField(required=False)  # stands for the rows below, so that errors have a place
    counts = forms.ChoiceField(label=gettext_lazy("Counts achievements of"), required=False)
    prerequisites = forms.MultipleChoiceField(
        label=gettext_lazy("First the player needs"), required=False, widget=forms.CheckboxSelectMultiple
    )
    metadata = forms.CharField(
        label=gettext_lazy("Metadata"),
        required=False,
        max_length=LONGEST_METADATA,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("A JSON object for your own programs. It is kept and given back as it is."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        help_text=gettext_lazy("Kept in the history, for those who wonder later."),
    )
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    achievement: Achievement

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        achievement: Achievement | None = None,
        copied: Achievement | None = None,
    ) -> None:
        self.before = achievement
        initial = _initial(achievement or copied or _NEW)
        if achievement is None:
            initial |= {"slug": "", "revision": 0}
        if achievement is None and copied is None:
            initial |= {"name": "", "category": "", "action": ""}
        super().__init__(data, initial=initial)
        has_rows = data is not None and "tiers-TOTAL_FORMS" in data  # not where another type was shown before
        tiers = (achievement or copied or _NEW).tiers
        self.rows = _TierRows(data if has_rows else None, prefix="tiers", initial=[_tier_row(tier) for tier in tiers])
        self.chosen_type = self._choose_type()
        self._offer()
        for name in _OF_SOME.difference(FIELDS_OF[self.chosen_type]):
            del self.fields[name]

    def _choose_type(self) -> str:
        if self.before is not None and self.before.status != "draft":
            self.fields["type"].disabled = True
        chosen = self["type"].value()
        return chosen if chosen in FIELDS_OF else "counter"

    def _offer(self) -> None:
        """What depends on the other definitions."""
        others = [item for item in catalog.all() if self.before is None or item.slug != self.before.slug]
        waits_for = [(release.slug, release.name) for item in others for release in item.releases()]
        self.fields["prerequisites"].choices = waits_for  # type: ignore[attr-defined]
        self.categories = sorted({item.category for item in catalog.all()})
        self.actions = sorted({item.action for item in catalog.all() if item.action})
        named = [(slug, wording.category(slug)) for slug in self.categories]
        self.fields["counts"].choices = [("", _("Any category")), *named]  # type: ignore[attr-defined]
        self.fields["slug"].disabled = self.before is not None

    def shows(self) -> tuple[str, ...]:
        """The fields of the chosen type."""
        return FIELDS_OF[self.chosen_type]

    def clean_slug(self) -> str:
        """A legal slug; whether it is free is found when it is saved, or at once for a new one."""
        slug = checked(check_slug, self.cleaned_data["slug"])
        if self.before is None and any(item.slug == slug for item in catalog.all()):
            raise ValidationError(_("There is an achievement with this slug already."))
        return slug

    def clean_category(self) -> str:
        """A legal slug."""
        return checked(check_slug, self.cleaned_data["category"])

    def clean_action(self) -> str:
        """A legal slug."""
        return checked(check_slug, self.cleaned_data["action"])

    def clean_metadata(self) -> dict[str, Any]:
        """A JSON object."""
        text = self.cleaned_data["metadata"].strip() or "{}"
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValidationError(_("This is no JSON: %(why)s.") % {"why": error}) from error
        if not isinstance(found, dict):
            raise ValidationError(_('Enter a JSON object such as {"hint": "low tide"}.'))
        return found

    def clean(self) -> dict[str, Any]:
        """Makes the definition, which checks itself, and asks the catalog about it."""
        if "tiers" in self.shows() and not self.rows.is_valid():
            self.add_error("tiers", _("Some tiers need another look."))
        if not self.errors:
            try:
                self.achievement = Achievement(**self._values())
                catalog.check(self.achievement, self.before, catalog.owners(catalog.all()))
            except ValidationError as error:
                self.add_errors(error)
        return self.cleaned_data

    def _values(self) -> dict[str, Any]:
        given = self.cleaned_data
        values = {name: given[name] for name in ("type", "name", "slug", "description", "category", "icon", "hidden")}
        values |= {"prerequisites": tuple(given["prerequisites"]), "metadata": given["metadata"]}
        values |= {"action": None, "target": 1, "points": 0}
        values |= {name: given[name] for name in self.shows() if name not in ("items", "tiers", "counts")}
        if "items" in self.shows():
            items = tuple(line.strip() for line in given["items"].splitlines() if line.strip())
            values |= {"items": items, "target": max(1, len(items))}
        if "tiers" in self.shows():
            tiers = tuple(form.tier for form in self.rows if form.tier)
            values |= {"tiers": tiers, "target": tiers[-1].target if tiers else 1}
        if "counts" in self.shows():
            values["counts"] = given["counts"] or None
        before = self.before
        values["status"] = STATUS_AFTER.get(self.data.get("do", ""), before.status if before else "draft")
        return values | ({"position": before.position} if before else {})

    @cached_property
    def look(self) -> Achievement:
        """Something to draw the badge by, whatever else is still wrong."""
        typed = {name: str(self[name].value() or "") for name in ("category", "icon")}
        fitting = {name: text if SLUG.fullmatch(text) else "" for name, text in typed.items()}
        return replace(_NEW, icon=fitting["icon"], category=fitting["category"] or "new")


def _tier_row(tier: Tier) -> dict[str, Any]:
    return {"level": tier.level, "name": tier.name, "target": tier.target, "points": tier.points}


_TierRows = forms.formset_factory(TierForm, extra=MORE_TIERS, max_num=MOST_TIERS, absolute_max=MOST_TIERS)


def _initial(item: Achievement) -> dict[str, Any]:
    names = ("type", "name", "slug", "description", "category", "icon", "hidden", "measure", "target", "points")
    return {name: getattr(item, name) for name in (*names, "freezes", "revision", "prerequisites")} | {
        "action": item.action or "",
        "counts": item.counts or "",
        "items": "\n".join(item.items),
        "metadata": json.dumps(dict(item.metadata), indent=2, ensure_ascii=False) if item.metadata else "",
    }


_NEW = Achievement("new", "New", "", "counter", "action", 1, 10, "new", status="draft")
