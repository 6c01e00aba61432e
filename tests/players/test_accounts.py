"""Accounts in Redis behind Django's user model."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import DatabaseError

from gamify_site.players import accounts, registration, services
from gamify_site.players.models import Account
from gamify_site.store import keys
from gamify_site.store.errors import StoreUnavailable
from tests.conftest import Store
from tests.players.conftest import PASSWORD, MakeAccount


def test_an_account_comes_back_as_it_was_saved(account: MakeAccount) -> None:
    made = account("Alice", is_staff=True)
    found = Account.objects.get_by_natural_key("Alice")
    assert found.to_fields() == made.to_fields()
    assert (found.username, found.player_id, found.is_staff, found.is_active) == ("Alice", "Alice", True, True)
    assert found.check_password(PASSWORD)


def test_an_account_is_found_in_whatever_spelling_and_keeps_its_own(account: MakeAccount) -> None:
    account("Alice")
    assert Account.objects.get_by_natural_key("aLICE").username == "Alice"


@pytest.mark.usefixtures("store")
def test_an_unknown_or_impossible_name_is_nobody(subtests: pytest.Subtests) -> None:
    for name in ["nobody", "", "no body", "é", "x" * 65, "a\x00b", "\udcff"]:
        with subtests.test(name=name), pytest.raises(Account.DoesNotExist):
            Account.objects.get_by_natural_key(name)


def test_the_keys_that_the_scripts_write_are_the_keys_in_keys_py(account: MakeAccount, store: Store) -> None:
    account("Alice")
    assert store.redis.exists(keys.user("alice"))


def test_a_name_is_claimed_once_in_whatever_spelling(account: MakeAccount, subtests: pytest.Subtests) -> None:
    account("Alice")
    for other in ["alice", "ALICE", "Alice"]:
        with subtests.test(other=other):
            with pytest.raises(ValidationError) as caught:
                Account.objects.create_user(other, "another password")
            assert caught.value.error_dict["username"][0].code == "taken"
            assert Account.objects.get_by_natural_key("alice").check_password(PASSWORD)


@pytest.mark.usefixtures("store")
def test_of_many_sign_ups_at_once_with_one_name_one_wins() -> None:
    def sign_up(number: int) -> str | None:
        password = f"password {number}"
        try:
            registration.sign_up("alice" if number % 2 else "ALICE", password)
        except ValidationError:
            return None
        return password

    with ThreadPoolExecutor(8) as pool:
        winners = [password for password in pool.map(sign_up, range(16)) if password]
    assert len(winners) == 1
    assert Account.objects.get_by_natural_key("alice").check_password(winners[0])


@pytest.mark.usefixtures("store")
def test_signing_up_makes_the_player() -> None:
    made = registration.sign_up("alice", PASSWORD)
    assert services.get(made.player_id).name == "alice"


@pytest.mark.usefixtures("store")
def test_a_player_that_a_game_reported_cannot_be_taken_over(subtests: pytest.Subtests) -> None:
    services.upsert("bob", name="Bob")
    for name in ["bob", "BOB"]:
        with subtests.test(name=name):
            with pytest.raises(ValidationError) as caught:
                registration.sign_up(name, PASSWORD)
            assert caught.value.message_dict == {"username": ["This name is taken."]}
            assert accounts.find("bob") is None


@pytest.mark.usefixtures("store")
def test_a_name_must_be_a_legal_player_id(subtests: pytest.Subtests) -> None:
    for name in ["-alice", "al ice", "álice", "x" * 65, "alice\n"]:
        with subtests.test(name=name):
            with pytest.raises(ValidationError) as caught:
                Account.objects.create_user(name, PASSWORD)
            assert list(caught.value.message_dict) == ["username"]
            assert "A player id has" in caught.value.messages[0]


def test_saving_writes_only_what_was_changed(account: MakeAccount) -> None:
    here = account("alice")
    elsewhere = Account.objects.get_by_natural_key("alice")
    elsewhere.is_active = False
    elsewhere.save()
    here.set_password("new tulips")
    here.save()
    found = Account.objects.get_by_natural_key("alice")
    assert not found.is_active
    assert found.check_password("new tulips")


def test_update_fields_leaves_the_others_alone(account: MakeAccount) -> None:
    made = account("alice")
    made.is_staff = True
    made.is_active = False
    made.save(update_fields=["is_active"])
    assert not Account.objects.get_by_natural_key("alice").is_staff
    made.save()
    assert Account.objects.get_by_natural_key("alice").is_staff


def test_a_removed_account_is_not_brought_back_by_a_late_save(account: MakeAccount) -> None:
    made = account("alice")
    late = Account.objects.get_by_natural_key("alice")
    assert made.delete() == (1, {"players.Account": 1})
    late.set_password("new tulips")
    with pytest.raises(DatabaseError):
        late.save()
    assert accounts.find("alice") is None
    assert made.delete()[0] == 0


def test_refreshing_reads_anew(account: MakeAccount) -> None:
    here = account("alice")
    elsewhere = Account.objects.get_by_natural_key("alice")
    elsewhere.is_staff = True
    elsewhere.save()
    here.refresh_from_db()
    assert here.is_staff


def test_the_async_twins_do_the_same(account: MakeAccount) -> None:
    made = account("alice")
    made.is_staff = True
    async_to_sync(made.asave)()
    found = async_to_sync(Account.objects.aget_by_natural_key)("alice")
    async_to_sync(made.arefresh_from_db)()
    assert found.is_staff and made.is_staff
    assert async_to_sync(made.adelete)()[0] == 0
    made.is_staff = False
    async_to_sync(made.asave)()
    assert async_to_sync(made.adelete)()[0] == 1
    assert accounts.find("alice") is None


def test_validation_refuses_a_taken_name_only_for_a_new_account(account: MakeAccount) -> None:
    account("alice").full_clean()
    new = Account(username="Alice", player_id="Alice", password="!")
    with pytest.raises(ValidationError) as caught:
        new.full_clean()
    assert list(caught.value.error_dict) == ["username"]


def test_staff_may_do_everything_and_players_nothing(account: MakeAccount) -> None:
    player, staff = account("alice"), account("bob", is_staff=True)
    assert staff.has_perm("any.thing") and staff.has_perms(["any.thing"]) and staff.has_module_perms("any")
    assert not (player.has_perm("any.thing") or player.has_perms(["any.thing"]) or player.has_module_perms("any"))
    staff.is_active = False
    assert not staff.has_perm("any.thing")


@pytest.mark.usefixtures("store")
def test_no_query_reaches_a_database() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"settings\.DATABASES"):
        list(Account.objects.all())


@pytest.mark.usefixtures("account", "down")
def test_a_lost_data_store_is_no_unknown_name() -> None:
    with pytest.raises(StoreUnavailable):
        Account.objects.get_by_natural_key("alice")


def test_deleting_a_player_deletes_the_account(account: MakeAccount) -> None:
    account("alice")
    account("bob")
    services.delete("alice")
    assert accounts.find("alice") is None
    assert accounts.find("bob") is not None
