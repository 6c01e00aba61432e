"""The pages of accounts and of the players' directory."""

from gamify_site.players.views.accounts import ChangePassword, LogIn, account_settings, manage_accounts, sign_up
from gamify_site.players.views.find import find
from gamify_site.players.views.follow import follow, unfollow

__all__ = ["ChangePassword", "LogIn", "account_settings", "find", "follow", "manage_accounts", "sign_up", "unfollow"]
