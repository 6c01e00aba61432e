"""A player's timezone can be changed once a day, on every way to the profile."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from gamify_site.players import services
from gamify_site.store import keys, shards
from tests.players.test_settings import FILLED, SETTINGS

REFUSED = {"timezone": ["The time zone can be changed once a day."]}


def zones_before(store, player="alice"):
    found = store.redis.hget(keys.player(shards.of(player), player), "zones_before")
    return (found or b"").decode().split()


def test_second_change_within_a_day_is_refused_and_changes_nothing(services_store, clock):
    services.upsert("alice", timezone="Pacific/Pago_Pago")
    services.upsert("alice", timezone="UTC")
    clock.advance(hours=23, minutes=59)
    before = services.get("alice")
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        with pytest.raises(ValidationError) as refusal:
            services.upsert("alice", name="Zoë", timezone=zone)
        assert refusal.value.message_dict == REFUSED
    assert services.get("alice") == before
    clock.advance(minutes=1)
    assert services.upsert("alice", timezone="Pacific/Kiritimati").timezone == "Pacific/Kiritimati"
    assert len(zones_before(services_store)) == 2


@pytest.mark.usefixtures("clock", "services_store")
def test_saving_the_same_timezone_again_is_no_change():
    services.upsert("alice", timezone="Europe/Berlin")
    for _ in range(3):
        assert services.upsert("alice", timezone="Europe/Berlin", name="Zoë").name == "Zoë"
    services.upsert("alice", timezone="Europe/Paris")
    assert services.upsert("alice", timezone="Europe/Paris", name="Al").name == "Al"


@pytest.mark.usefixtures("clock", "services_store")
def test_first_timezone_is_no_change_and_utc_is_what_everybody_has():
    services.upsert("alice", name="Alice")
    services.upsert("alice", timezone="Europe/Berlin")
    services.upsert("alice", timezone="Europe/Paris")
    with pytest.raises(ValidationError):
        services.upsert("alice", timezone="Europe/Berlin")
    services.upsert("bob", timezone="UTC")
    services.upsert("bob", timezone="")
    services.upsert("bob", timezone="Europe/Paris")


@pytest.mark.usefixtures("services_store")
def test_clearing_the_timezone_makes_no_way_around(clock):
    services.upsert("alice", timezone="Europe/Berlin")
    services.upsert("alice", timezone="")
    with pytest.raises(ValidationError):
        services.upsert("alice", timezone="Asia/Tokyo")
    clock.advance(days=1)
    services.upsert("alice", timezone="Asia/Tokyo")
    with pytest.raises(ValidationError):
        services.upsert("alice", timezone="")


def test_timezones_of_more_than_nine_days_ago_are_forgotten(services_store, clock):
    for days, zone in [(0, "Europe/Berlin"), (0, "Asia/Tokyo"), (5, "UTC"), (5, "Asia/Tokyo")]:
        clock.advance(days=days)
        services.upsert("alice", timezone=zone)
    assert [told.partition(":")[2] for told in zones_before(services_store)] == ["Asia/Tokyo", "UTC"]


@pytest.mark.usefixtures("clock", "services_store")
def test_profiles_written_together_obey_the_same_rule():
    services.upsert_many({"alice": {"timezone": "Asia/Tokyo"}, "bob": {"timezone": "Asia/Tokyo"}})
    services.upsert("alice", timezone="UTC")
    with pytest.raises(ValidationError) as refusal:
        services.upsert_many({"alice": {"timezone": "Asia/Tokyo"}, "bob": {"name": "Bob"}})
    assert refusal.value.message_dict == REFUSED
    assert services.get("alice").timezone == "UTC"


@pytest.mark.usefixtures("alice", "clock")
def test_form_tells_it_at_the_field_and_saves_nothing(client: Client):
    client.post(SETTINGS, {**FILLED, "timezone": "Europe/Berlin"})
    client.post(SETTINGS, {**FILLED, "timezone": "Europe/Paris"})
    page = client.post(SETTINGS, {**FILLED, "name": "Zoë", "timezone": "Asia/Tokyo"})
    assert page.status_code == 200
    assert page.context["form"].errors == REFUSED
    assert services.get("alice").name == FILLED["name"]
    assert client.post(SETTINGS, {**FILLED, "name": "Zoë", "timezone": "Europe/Paris"}).status_code == 302
