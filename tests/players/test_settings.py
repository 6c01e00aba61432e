"""The profile form."""

from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from gamify_site.players import choices, services
from gamify_site.players.forms import ProfileForm

SETTINGS = "/accounts/settings/"
FILLED = {
    "name": "Alice Ågren",
    "about": "I collect coins.\nAll of them.",
    "avatar": "tone-3",
    "country": "SE",
    "region": "Skåne",
    "team": "Blue",
    "timezone": "Europe/Stockholm",
}


@pytest.mark.usefixtures("alice")
def test_the_profile_is_saved_and_shown_again(client: Client) -> None:
    assert client.post(SETTINGS, FILLED).headers["Location"] == SETTINGS
    saved = services.get("alice")
    shown = client.get(SETTINGS).context["form"].initial
    for field, value in FILLED.items():
        assert getattr(saved, field).replace("\r", "") == value
        assert shown[field].replace("\r", "") == value


@pytest.mark.usefixtures("alice")
def test_empty_fields_clear_the_profile(client: Client) -> None:
    client.post(SETTINGS, FILLED)
    client.post(SETTINGS, {"name": "Alice", "timezone": "UTC"})
    saved = services.get("alice")
    assert (saved.about, saved.country, saved.region, saved.team, saved.avatar) == ("", "", "", "", "")


def test_unusable_values_are_refused_at_their_field(subtests: pytest.Subtests) -> None:
    for field, value in [
        ("name", ""),
        ("name", " \t "),
        ("name", "x" * 61),
        ("name", "Al\x07ice"),
        ("name", "ecila\u202e"),
        ("about", "x" * 501),
        ("about", "bell \x07"),
        ("avatar", "tone-99"),
        ("avatar", "https://evil.example/track.png"),
        ("country", "se"),
        ("country", "Sweden"),
        ("country", "ZZ"),
        ("region", "x" * 41),
        ("team", "a\nb"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
    ]:
        with subtests.test(field=field, value=value):
            assert list(ProfileForm({**FILLED, field: value}, player="alice").errors) == [field]


@pytest.mark.usefixtures("alice")
def test_errors_are_shown_at_every_field_and_nothing_is_saved(client: Client) -> None:
    before = services.get("alice")
    wrong = {
        "name": "",
        "about": "x" * 501,
        "avatar": "tone-99",
        "country": "Sweden",
        "region": "x" * 41,
        "team": "a\nb",
        "timezone": "Mars/Olympus",
    }
    page = client.post(SETTINGS, wrong)
    assert page.status_code == 200
    assert set(page.context["form"].errors) == set(wrong) == set(FILLED)
    for field in wrong:
        assert f'id="id_{field}_error"' in page.text
    assert services.get("alice") == before


@pytest.mark.usefixtures("alice")
def test_html_in_texts_is_shown_as_text(client: Client) -> None:
    evil = '"><script>alert(1)</script>'
    client.post(SETTINGS, {**FILLED, "name": evil, "about": f"</textarea>{evil}", "team": evil, "region": evil})
    page = client.get(SETTINGS).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.usefixtures("alice")
def test_values_that_a_game_has_set_stay_legal(client: Client) -> None:
    services.upsert("alice", country="XK", timezone="US/Eastern", avatar="knight")
    client.post(SETTINGS, {**FILLED, "country": "XK", "timezone": "US/Eastern", "avatar": "knight"})
    saved = services.get("alice")
    assert (saved.country, saved.timezone, saved.avatar, saved.team) == ("XK", "US/Eastern", "knight", "Blue")


@pytest.mark.usefixtures("store")
def test_staff_who_do_not_play_become_players_by_saving(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user(username="charlie", password=None, is_staff=True))
    assert client.get(SETTINGS).status_code == 200
    assert not services.exists("charlie")
    client.post(SETTINGS, FILLED)
    assert services.exists("charlie")


@pytest.mark.usefixtures("alice")
def test_a_player_changes_nobody_elses_profile(client: Client) -> None:
    services.upsert("bob", name="Bob")
    client.post(SETTINGS, {**FILLED, "player": "bob", "player_id": "bob", "username": "bob"})
    assert services.get("bob").name == "Bob"
    assert services.get("alice").name == FILLED["name"]


@pytest.mark.usefixtures("store")
def test_anonymous_visitors_are_sent_to_the_log_in(client: Client) -> None:
    assert client.get(SETTINGS).headers["Location"] == "/accounts/login/?next=/accounts/settings/"


def test_every_offered_value_is_legal() -> None:
    for code, _ in choices.countries():
        services.check_field("country", code)
    for name, _ in choices.timezones():
        assert ZoneInfo(name)
    assert ("SE", "Sweden") in choices.countries()
    assert ("Europe/Stockholm", "Europe/Stockholm") in choices.timezones()
    assert len(choices.countries()) > 240
