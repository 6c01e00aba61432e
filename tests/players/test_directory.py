"""The page on which players are found, and the buttons that follow them."""

import pytest
from django.test import Client

from gamify_site.players import services
from gamify_site.players.models import Account
from tests.builders import make_player

FIND = "/players/"
PART = {"HX-Request": "true", "HX-Target": "results"}
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.usefixtures("store")


def text(response) -> str:
    return response.content.decode()


def test_players_are_found_by_name(client: Client) -> None:
    make_player("bob", name="Bob <b>", country="SE")
    make_player("charlie", name="Charlie")
    page = text(client.get(FIND, {"q": "BÓB"}))
    assert 'data-player="bob"' in page
    assert 'href="/players/bob/"' in page
    assert "Bob &lt;b&gt;" in page
    assert "Sweden" in page
    assert 'data-player="charlie"' not in page
    assert 'value="BÓB"' in page
    assert "1 player for “BÓB”" in page


def test_while_one_types_only_the_results_come(client: Client) -> None:
    make_player("bob", name="Bob")
    part = client.get(FIND, {"q": "b"}, headers=PART)
    assert text(part).strip().startswith('<div id="results"')
    assert 'data-player="bob"' in text(part)
    assert {"HX-Request", "HX-Target", "Cookie"} <= {name.strip() for name in part["Vary"].split(",")}


def test_nobody_found_is_said_with_the_text(client: Client) -> None:
    assert "Nobody is found by “&lt;x&gt;”" in text(client.get(FIND, {"q": "<x>"}))


def test_an_empty_site_says_so(client: Client) -> None:
    assert "Nobody is here yet" in text(client.get(FIND))


def test_more_than_fit_are_announced(client: Client) -> None:
    for number in range(21):
        make_player(f"p{number}")
    page = text(client.get(FIND, {"q": "p"}))
    assert page.count("<li data-player=") == 20
    assert "The first 20 for “p”" in page


def test_odd_texts_are_only_texts(client: Client, subtests: pytest.Subtests) -> None:
    make_player("bob")
    for query in ["x" * 5000, "%00", "\u202e", "' OR 1=1", "[", "(", "+", "-"]:
        with subtests.test(query=query):
            page = client.get(FIND, {"q": query})
            assert page.status_code == 200
            assert "Nobody is found by" in text(page)


@pytest.mark.usefixtures("alice")
def test_without_a_text_those_i_follow_and_who_was_seen_lately(client: Client) -> None:
    make_player("bob")
    make_player("charlie")
    services.follow("alice", "bob")
    page = text(client.get(FIND))
    assert page.index("You follow") < page.index('data-player="bob"') < page.index("Seen lately")
    assert page.index("Seen lately") < page.index('data-player="charlie"')
    assert page.count('data-player="bob"') == 1
    assert 'data-player="alice"' not in page


@pytest.mark.usefixtures("alice")
def test_buttons_say_what_they_do(client: Client) -> None:
    for player in ("bob", "charlie"):
        make_player(player)
    services.follow("alice", "bob")
    page = text(client.get(FIND))
    assert 'action="/players/bob/unfollow/"' in page
    assert 'action="/players/charlie/follow/"' in page
    assert "csrfmiddlewaretoken" in page


@pytest.mark.usefixtures("alice")
def test_nobody_is_offered_to_follow_themselves(client: Client) -> None:
    page = text(client.get(FIND, {"q": "alice"}))
    assert 'data-player="alice"' in page
    assert "/players/alice/follow/" not in page


@pytest.mark.usefixtures("alice")
def test_a_form_follows_and_comes_back(client: Client) -> None:
    make_player("bob")
    response = client.post("/players/bob/follow/", {"next": "/players/?q=b"})
    assert (response.status_code, response["Location"]) == (302, "/players/?q=b")
    assert services.following("alice") == ["bob"]
    response = client.post("/players/bob/unfollow/", {"next": "/players/bob/"})
    assert response["Location"] == "/players/bob/"
    assert services.following("alice") == []


@pytest.mark.usefixtures("alice")
def test_nobody_is_sent_to_another_site(client: Client, subtests: pytest.Subtests) -> None:
    make_player("bob")
    for address in ["", "https://evil.example/", "//evil.example", "javascript:alert(1)"]:
        with subtests.test(address=address):
            assert client.post("/players/bob/follow/", {"next": address})["Location"] == FIND


@pytest.mark.usefixtures("alice")
def test_the_button_swaps_itself(client: Client) -> None:
    make_player("bob")
    part = text(client.post("/players/bob/follow/", {"next": "/players/", "name": "Bob"}, headers=HTMX))
    assert "<html" not in part
    assert 'action="/players/bob/unfollow/"' in part
    assert "Following Bob: stop" in part
    part = text(client.post("/players/bob/unfollow/", {"next": "/players/", "name": "Bob"}, headers=HTMX))
    assert 'action="/players/bob/follow/"' in part


@pytest.mark.usefixtures("alice")
def test_why_somebody_cannot_be_followed_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_FOLLOWED", 1)
    for player in ("bob", "charlie"):
        make_player(player)
    services.follow("alice", "bob")
    part = text(client.post("/players/charlie/follow/", headers=HTMX))
    assert 'role="alert"' in part
    assert 'action="/players/charlie/follow/"' in part
    assert "no more can be followed" in text(client.post("/players/charlie/follow/", follow=True))
    assert "cannot follow yourself" in text(client.post("/players/alice/follow/", follow=True))


def test_an_account_without_a_player_saves_its_profile_first(client: Client) -> None:
    make_player("bob")
    client.force_login(Account.objects.create_user("charlie", "correct horse"))
    assert client.get(FIND).status_code == 200
    assert "Save your profile" in text(client.post("/players/bob/follow/", follow=True))


@pytest.mark.usefixtures("alice")
def test_unknown_players_are_not_there(client: Client, subtests: pytest.Subtests) -> None:
    for player in ["nobody", "no body", "-"]:
        with subtests.test(player=player):
            assert client.post(f"/players/{player}/follow/").status_code == 404


@pytest.mark.usefixtures("alice")
def test_who_is_gone_can_be_unfollowed(client: Client) -> None:
    assert client.post("/players/nobody/unfollow/")["Location"] == FIND


def test_visitors_log_in_first_and_come_back(client: Client) -> None:
    make_player("bob")
    response = client.post("/players/bob/follow/", {"next": "/players/?q=b"})
    assert response["Location"] == "/accounts/login/?next=/players/%3Fq%3Db"
    response = client.post("/players/bob/follow/", {"next": "/players/?q=b"}, headers=HTMX)
    assert response["HX-Redirect"] == "/accounts/login/?next=/players/%3Fq%3Db"
    assert "/accounts/login/?next=%2Fplayers%2F%3Fq%3Dbob" in text(client.get(FIND, {"q": "bob"}))


@pytest.mark.usefixtures("alice")
def test_following_is_a_post_with_a_token() -> None:
    make_player("bob")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(Account.objects.get_by_natural_key("alice"))
    assert strict.get("/players/bob/follow/").status_code == 405
    assert strict.post("/players/bob/follow/").status_code == 403
    assert services.following("alice") == []


@pytest.mark.usefixtures("alice")
def test_profiles_have_the_button(client: Client) -> None:
    make_player("bob")
    assert 'action="/players/bob/follow/"' in text(client.get("/players/bob/"))
    services.follow("alice", "bob")
    assert 'action="/players/bob/unfollow/"' in text(client.get("/players/bob/"))
    assert "/follow/" not in text(client.get("/players/alice/"))


def test_the_page_is_only_read(client: Client) -> None:
    assert client.post(FIND).status_code == 405
