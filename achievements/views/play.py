"""A small game of coins, played on the real engine: each button is an event that a game would report."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from achievements.definitions import Achievement, CollectionStatus, Event, StreakStatus, Unlock
from achievements.services import catalog, collections, events, progress, states, streaks
from achievements.views import rendered
from gamify_site.asking import player_of, private, wants
from gamify_site.ops import metrics
from leaderboards.definitions import BoardView
from leaderboards.errors import InsufficientBalance
from leaderboards.services import boards, ranking, scores
from leaderboards.wording import number

COINS = "coins"  # the board that is the purse
HUD = "hud"  # the part that changes; also the id of its element
NEXT = 3
FREEZE_PRICE = 10


@dataclass(frozen=True, slots=True)
class Game:
    """All that the page and the moves need to know: the purse, and what the player has of the definitions in play."""

    player: str
    state: states.State
    purse: BoardView | None
    chest: Achievement | None
    relics: Achievement | None
    bosses: Achievement | None

    @property
    def coins(self) -> int:
        """The coins in the purse."""
        return int(self.purse.standing.score) if self.purse and self.purse.standing else 0

    @property
    def streak(self) -> StreakStatus | None:
        """The streak of the daily chest."""
        return streaks.status_in(self.state, self.chest) if self.chest else None

    @property
    def found(self) -> CollectionStatus | None:
        """The relics found so far."""
        return collections.status_in(self.state, self.relics) if self.relics else None


@dataclass(frozen=True, slots=True)
class Told:
    """What a move did, in words, and what it unlocked."""

    text: str
    unlocked: tuple[Unlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """A button: what it is called, what it says below, what it does."""

    name: str
    label: str | Promise
    hint: str | Promise
    make: Callable[[Game], Told]
    needs_purse: bool = False


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def play(request: HttpRequest) -> HttpResponse:
    """The game: buttons, and what they have made of the player so far. Two round trips, a move takes 2 to 4 more."""
    player = player_of(request)
    assert player is not None  # noqa: S101  (login_required)
    if request.method != "POST":
        return private(render(request, "achievements/play.html", _context(_read(player), None)))
    move = MOVES.get(request.POST.get("move", ""))
    game = _read(player)
    if move is None or (move.needs_purse and game.purse is None):
        return HttpResponseBadRequest(_("There is no such move."))
    told = move.make(game)
    if not wants(request, HUD):
        messages.info(request, " ".join([told.text, *_in_words(told)]))
        return redirect("play")
    response = render(request, f"achievements/play.html#{HUD}", _context(_read(player), told))
    if told.unlocked:
        response["HX-Trigger"] = json.dumps({"toast": {"texts": _in_words(told)}})
    return private(response)


def _read(player: str) -> Game:
    chest = _listener("chest_opened", "streak")
    relics, bosses = _listener("relic_found", "collection"), _listener("boss_defeated", "tiered")
    return Game(
        player,
        states.read(player, items=[relics.slug] if relics else []),
        ranking.view(COINS, top=0, around=1, player=player) if _has_purse() else None,
        chest,
        relics,
        bosses,
    )


def _has_purse() -> bool:
    """Whether there is a board of coins that can be spent from."""
    return any(it.slug == COINS and it.order == "desc" and "all" in it.windows for it in boards.all())


def _listener(action: str, type_: str) -> Achievement | None:
    """The first achievement of a type that listens to an action and that everybody may know."""
    found = (item for item in catalog.all() if item.action == action and item.type == type_)
    return next((item for item in found if item.status == "published" and not item.hidden), None)


def _context(game: Game, told: Told | None) -> dict[str, Any]:
    next_up = [(catalog.find(it.achievement), it) for it in progress.next_in(game.state, NEXT)]
    return {
        "game": game,
        "told": told,
        "unlocked": _in_words(told) if told else [],
        "moves": [move for move in MOVES.values() if game.purse or not move.needs_purse],
        "next_up": [(item, rendered.bar(it, item.name)) for item, it in next_up],
        "tiers": rendered.current(game.state.of(game.bosses)) if game.bosses else None,
    }


def _in_words(told: Told) -> list[str]:
    names = {release.slug: release.name for item in catalog.all() for release in item.releases()}
    return [
        ngettext("Unlocked: %(name)s, %(points)s point.", "Unlocked: %(name)s, %(points)s points.", it.points)
        % {"name": names[it.achievement], "points": number(it.points)}
        for it in told.unlocked
    ]


def _report(game: Game, action: str, text: str, **fields: Any) -> Told:
    outcome = events.record([Event(game.player, action, **fields)])
    metrics.count_events(outcome)
    return Told(text, tuple(outcome.unlocked))


def _collect(amount: int) -> Callable[[Game], Told]:
    def make(game: Game) -> Told:
        return _report(game, "coin_collected", _("%(n)s coins more.") % {"n": amount}, amount=amount)

    return make


def _buy(game: Game) -> Told:
    try:
        left = scores.spend(COINS, game.player, FREEZE_PRICE)
    except InsufficientBalance as refusal:
        texts = {"price": FREEZE_PRICE, "balance": number(refusal.balance)}
        return Told(_("That costs %(price)s coins, and you have %(balance)s.") % texts)
    text = _("Bought for %(price)s coins; %(left)s are left.") % {"price": FREEZE_PRICE, "left": number(left)}
    return _report(game, "powerup_bought", text, amount=FREEZE_PRICE)


def _hit(game: Game) -> Told:
    lost = game.coins
    if lost <= 0:
        return Told(_("An enemy! But there was nothing to lose."))
    scores.set(COINS, game.player, 0)
    text = ngettext("An enemy! %(n)s coin is gone.", "An enemy! %(n)s coins are gone.", lost) % {"n": number(lost)}
    return _report(game, "enemy_hit", text, amount=lost)


def _open_chest(game: Game) -> Told:
    streak = game.streak
    if streak and streak.recorded_today:
        return Told(_("Today's chest is open already. Come back tomorrow."))
    days = streak.current + 1 if streak and streak.active else 1
    text = ngettext("The chest is open: %(n)s day in a row.", "The chest is open: %(n)s days in a row.", days)
    return _report(game, "chest_opened", text % {"n": days})


def _find_relic(game: Game) -> Told:
    found = game.found
    if found is None:
        return _report(game, "relic_found", _("A relic! It belongs to no collection yet."))
    if not found.missing:
        return _report(game, "relic_found", _("You have them all. This one was there twice."), item=found.collected[0])
    item = found.missing[0]
    return _report(game, "relic_found", _("You found: %(item)s.") % {"item": item}, item=item)


def _beat_boss(game: Game) -> Told:
    return _report(game, "boss_defeated", _("The boss is down, and it took only one of your hearts."), value=4)


MOVES = {
    move.name: move
    for move in (
        Move("coin", gettext_lazy("Collect a coin"), gettext_lazy("10 coins"), _collect(10)),
        Move("big-coin", gettext_lazy("Collect a big coin"), gettext_lazy("20 coins"), _collect(20)),
        Move("power-up", gettext_lazy("Buy a power-up"), gettext_lazy("costs 10 coins"), _buy, needs_purse=True),
        Move("enemy", gettext_lazy("Run into an enemy"), gettext_lazy("all coins are lost"), _hit, needs_purse=True),
        Move("chest", gettext_lazy("Open the daily chest"), gettext_lazy("once a day"), _open_chest),
        Move("relic", gettext_lazy("Look for a relic"), gettext_lazy("part of a collection"), _find_relic),
        Move("boss", gettext_lazy("Fight a boss"), gettext_lazy("tiers wait"), _beat_boss),
    )
}
