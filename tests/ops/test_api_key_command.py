"""The command for the keys of the HTTP API."""

import io

import pytest
from django.core.management import CommandError, call_command

from gamify_site import audit
from gamify_site.api import keys

pytestmark = pytest.mark.usefixtures("store", "clock")


def api_key(*arguments: str) -> str:
    out = io.StringIO()
    call_command("api_key", *arguments, stdout=out)
    return out.getvalue()


def test_it_makes_a_key_that_reads() -> None:
    told = api_key("create", "Game")
    secret = told.splitlines()[1]
    key = keys.admit(secret, most=99, rate=99).key
    assert key and (key.name, key.scope) == ("Game", "read")
    assert told.count(secret) == 1
    assert "Authorization: Bearer …" in told


def test_scope_is_chosen() -> None:
    api_key("create", "Game", "--scope", "write")
    assert [key.scope for key in keys.all()] == ["write"]
    with pytest.raises(CommandError, match="invalid choice"):
        api_key("create", "Other", "--scope", "admin")


def test_taken_and_bad_names_are_one_clear_line() -> None:
    api_key("create", "Game")
    with pytest.raises(CommandError, match="a key with this name already"):
        api_key("create", "Game")
    with pytest.raises(CommandError, match="1 to 60 characters"):
        api_key("create", "x" * 61)


def test_list_shows_everything_but_secrets(clock) -> None:
    assert api_key("list") == "There are no keys.\n"
    secret = api_key("create", "Game").splitlines()[1]
    clock.advance(days=1)
    api_key("create", "Other", "--scope", "write")
    keys.admit(secret, most=99, rate=99)
    newest, oldest = api_key("list").splitlines()
    assert newest.endswith("write  Other  (made 2082-11-21 by manage.py, never used)")
    assert oldest.endswith("read   Game  (made 2082-11-20 by manage.py, used 2082-11-21 12:00)")
    assert secret not in api_key("list")


def test_it_revokes_by_name() -> None:
    secret = api_key("create", "Game").splitlines()[1]
    assert "'Game' is revoked" in api_key("revoke", "Game")
    assert keys.admit(secret, most=99, rate=99) is None
    assert next((it.what, it.by) for it in audit.walk(lambda _: True)) == ("key_revoked", "manage.py")
    with pytest.raises(CommandError, match="There is no key 'Game'"):
        api_key("revoke", "Game")


def test_half_a_command_is_refused(subtests: pytest.Subtests) -> None:
    for arguments, reason in (
        ([], r"required: create\|list\|revoke"),
        (["create"], "required: name"),
        (["revoke"], "required: name"),
        (["rename", "Game"], "invalid choice: 'rename'"),
    ):
        with subtests.test(arguments=arguments), pytest.raises(CommandError, match=reason):
            api_key(*arguments)
