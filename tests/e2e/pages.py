"""The one list of pages: accessibility, width, console, no-JavaScript and screenshots all go by it.

To add a page, add a line. `name` is unique and becomes the name of its screenshots; `path` must show something with the
sample data of 30 players as well as with the showcase's 250. A page with the template of another one names that page
in `like`: it is visited in both themes, but not again without JavaScript, in German or by keyboard.
"""

from dataclasses import dataclass
from typing import Literal

Who = Literal["visitor", "alice", "admin"]


@dataclass(frozen=True, slots=True)
class SitePage:
    """One page: its address, who looks at it, and the status it answers with. Error pages get no screenshot."""

    name: str
    path: str
    who: Who = "visitor"
    status: int = 200
    like: str = ""


PAGES = (
    # Players
    SitePage("welcome", "/"),
    SitePage("home", "/", "alice"),
    SitePage("boards", "/leaderboards/"),
    SitePage("boards-alice", "/leaderboards/", "alice", like="boards"),
    SitePage("board", "/leaderboards/coins/", "alice"),
    SitePage("board-visitor", "/leaderboards/coins/", like="board"),
    SitePage("board-rank", "/leaderboards/coins/?rank=12", "alice", like="board"),
    SitePage("board-week", "/leaderboards/coins/?window=week", "alice", like="board"),
    SitePage("board-past", "/leaderboards/weekly-score/?window=week&period=2020-W01", like="board"),
    SitePage("board-laps", "/leaderboards/best-lap/", "alice", like="board"),
    SitePage("board-list", "/leaderboards/coins/?after=", "alice"),
    SitePage("board-refused", "/leaderboards/coins/?top=many", status=400),
    SitePage("not-found", "/nowhere/", status=404),
    SitePage("catalog", "/achievements/", "alice"),
    SitePage("catalog-visitor", "/achievements/?sort=rarest", like="catalog"),
    SitePage("catalog-nothing", "/achievements/?q=nothing-is-called-that", "alice", like="catalog"),
    SitePage("achievement-tiers", "/achievements/hoard/", "alice"),
    SitePage("achievement-collection", "/achievements/ship-in-pieces/", "alice", like="achievement-tiers"),
    SitePage("achievement-visitor", "/achievements/magpie/", like="achievement-tiers"),
    SitePage("achievement-unknown", "/achievements/nope/", status=404),
    SitePage("profile", "/players/alice/", like="profile-mine"),
    SitePage("profile-mine", "/players/alice/", "alice"),
    SitePage("compare", "/players/alice/compare/dafni.kostas/", "alice"),
    SitePage("share", "/players/alice/share/"),
    SitePage("find", "/players/?q=a", "alice"),
    SitePage("friends", "/leaderboards/coins/?friends=1", "alice", like="board"),
    SitePage("play", "/play/", "alice"),
    # Accounts
    SitePage("login", "/accounts/login/"),
    SitePage("signup", "/accounts/signup/"),
    SitePage("settings", "/accounts/settings/", "alice"),
    SitePage("password", "/accounts/password/", "alice"),
    # Staff
    SitePage("manage", "/manage/", "admin"),
    SitePage("manage-achievements", "/manage/achievements/?category=laps", "admin"),
    SitePage(
        "manage-achievements-nothing",
        "/manage/achievements/?q=nothing-is-called-that",
        "admin",
        like="manage-achievements",
    ),
    SitePage("manage-achievement-new", "/manage/achievements/new/", "admin", like="manage-achievement-edit"),
    SitePage("manage-achievement-edit", "/manage/achievements/hoard/edit/", "admin"),
    SitePage("manage-achievement-history", "/manage/achievements/hoard/history/", "admin"),
    SitePage("manage-achievement-delete", "/manage/achievements/night-regatta/delete/", "admin"),
    SitePage("manage-achievement-backfill", "/manage/achievements/hoard/backfill/", "admin"),
    SitePage("manage-players", "/manage/players/", "admin"),
    SitePage("manage-player", "/manage/players/alice/", "admin"),
    SitePage("manage-player-delete", "/manage/players/alice/delete/", "admin"),
    SitePage("manage-board-archive", "/manage/boards/coins/archive/", "admin"),
    SitePage("manage-board-recount", "/manage/boards/coins/recount/", "admin"),
    SitePage("manage-insights", "/manage/insights/", "admin", like="manage-insights-tiers"),
    SitePage("manage-insights-tiers", "/manage/insights/?days=90&achievement=hoard", "admin"),
    SitePage("manage-boards", "/manage/boards/", "admin"),
    SitePage("manage-board-new", "/manage/boards/new/", "admin", like="manage-board-edit"),
    SitePage("manage-board-edit", "/manage/boards/coins/edit/", "admin"),
    SitePage("manage-board-delete", "/manage/boards/coins/delete/", "admin"),
    SitePage("manage-board-scores", "/manage/boards/coins/scores/?player=alice", "admin"),
    SitePage("manage-catalog", "/manage/catalog/", "admin"),
    SitePage("manage-audit", "/manage/audit/", "admin"),
    SitePage(
        "manage-audit-refused", "/manage/audit/?from=2026-03-02&to=2026-03-01", "admin", status=422, like="manage-audit"
    ),
    SitePage("manage-accounts", "/manage/accounts/", "admin"),
    SitePage("manage-keys", "/manage/keys/", "admin"),
    SitePage("manage-redis", "/manage/redis/", "admin"),
    SitePage("manage-demo", "/manage/demo/", "admin"),
    SitePage("manage-hidden", "/manage/", "alice", status=404, like="not-found"),
)
ONE_OF_EACH_TEMPLATE = tuple(page for page in PAGES if not page.like)
