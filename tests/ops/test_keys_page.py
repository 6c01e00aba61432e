"""The staff's page for API keys: the secret is shown once, a key goes after a confirmation."""

import re

import pytest
from django.test import Client

from gamify_site import audit
from gamify_site.api import keys
from gamify_site.players.models import Account

pytestmark = pytest.mark.usefixtures("store", "clock")

PAGE = "/manage/keys/"


@pytest.fixture
def staff(client: Client) -> Client:
    """The client, logged in as charlie, who is staff."""
    client.force_login(Account.objects.create_user("charlie", "correct horse", is_staff=True))
    return client


def revoke_page(key: keys.ApiKey) -> str:
    return f"/manage/keys/{key.id}/revoke/"


def secret_on(page: str) -> str:
    """The secret that a page shows in its box."""
    found = re.search(r"data-secret>(gk_[\w-]+)<", page)
    assert found
    return found[1]


def test_forms_need_a_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Account.objects.create_user("charlie", "correct horse", is_staff=True))
    key, _secret = keys.create("Game", "read", by="charlie")
    for address in (PAGE, revoke_page(key)):
        assert client.post(address, {"name": "Mine", "scope": "read"}).status_code == 403
    assert [it.name for it in keys.all()] == ["Game"]


def test_page_without_keys_says_so(staff: Client) -> None:
    assert "There are no keys yet" in staff.get(PAGE).content.decode()


def test_secret_is_shown_once_and_works(staff: Client) -> None:
    answer = staff.post(PAGE, {"name": "Game", "scope": "write"})
    page = answer.content.decode()
    secret = secret_on(page)
    assert "no-store" in answer["Cache-Control"]
    assert f"Authorization: Bearer {secret}" in page
    assert keys.admit(secret, most=99, rate=99).key.scope == "write"
    assert [(it.what, it.subject, it.by) for it in audit.walk(lambda _: True)] == [("key_created", "Game", "charlie")]
    again = staff.get(PAGE).content.decode()
    assert "Game" in again
    assert "gk_" not in again


def test_sending_the_form_again_makes_no_second_key(staff: Client) -> None:
    staff.post(PAGE, {"name": "Game", "scope": "write"})
    again = staff.post(PAGE, {"name": "Game", "scope": "write"})
    assert again.status_code == 422
    assert "There is a key with this name already." in again.content.decode()
    assert "data-secret" not in again.content.decode()
    assert len(keys.all()) == 1


def test_wrong_input_is_told_at_the_field_and_kept(staff: Client, subtests: pytest.Subtests) -> None:
    for wrong, field in (
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"scope": "admin"}, "scope"),
        ({"scope": ""}, "scope"),
    ):
        with subtests.test(wrong=wrong):
            answer = staff.post(PAGE, {"name": "Game", "scope": "read"} | wrong)
            assert answer.status_code == 422
            assert answer.context["form"].errors.keys() == {field}
            assert answer.context["form"][field].value() == wrong[field]
            assert keys.all() == []


def test_empty_form_is_refused(staff: Client) -> None:
    answer = staff.post(PAGE)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"name", "scope"}


def test_use_is_told_in_words(staff: Client, clock) -> None:
    _key, secret = keys.create("Game", "read", by="charlie")
    assert "never</td>" in staff.get(PAGE).content.decode()
    keys.admit(secret, most=99, rate=99)
    clock.advance(hours=3)
    assert "3\N{NO-BREAK SPACE}hours ago</td>" in staff.get(PAGE).content.decode()


def test_names_are_escaped(staff: Client) -> None:
    key, _secret = keys.create("<b>Game</b>", "read", by="<i>")
    for address in (PAGE, revoke_page(key)):
        page = staff.get(address).content.decode()
        assert "<b>Game" not in page and "<i>" not in page
        assert "&lt;b&gt;Game" in page


def test_revoking_asks_first(staff: Client) -> None:
    key, secret = keys.create("Game", "read", by="charlie")
    assert revoke_page(key) in staff.get(PAGE).content.decode()
    assert "Revoke Game?" in staff.get(revoke_page(key)).content.decode()
    assert keys.admit(secret, most=99, rate=99)
    answer = staff.post(revoke_page(key), follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert "The key “Game” is revoked." in answer.content.decode()
    assert keys.admit(secret, most=99, rate=99) is None


def test_unknown_key_is_not_there(staff: Client) -> None:
    key, _secret = keys.create("Game", "read", by="charlie")
    staff.post(revoke_page(key))
    for address in (revoke_page(key), "/manage/keys/nope/revoke/"):
        assert staff.get(address).status_code == staff.post(address).status_code == 404
