"""The insights page for staff: its numbers for a small history, and its answers to odd addresses."""

import re

import pytest
from django.test import Client

from achievements.definitions import Event, Tier
from achievements.services import events, funnel, unlocks
from gamify_site.players.models import Account
from tests.achievements.builders import do, make
from tests.builders import make_player

PAGE = "/manage/insights/"


@pytest.fixture(autouse=True)
def site(open_store, clock):  # noqa: ARG001
    return open_store("valkey", 3)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(Account.objects.create_user("root", "tulips and trams", is_staff=True))
    return client


def numbers(page: str) -> dict[str, str]:
    return dict(re.findall(r'data-number="([\w-]+)">([^<]+)<', page))


def table(page: str, heading: str) -> str:
    """The part of the page below a heading."""
    return page.split(f">{heading}</h2>")[1].split("<h2")[0]


def test_empty_site_has_a_page(staff):
    page = staff.get(PAGE)
    assert page.status_code == 200
    assert set(numbers(page.text).values()) == {"0"}
    assert "No achievement is published yet" in page.text
    assert page.text.count('<svg class="chart bars"') == 8


def test_site_without_players_has_a_page(staff):
    make("ten")
    page = staff.get(PAGE).text
    assert "There are no players yet." in page
    assert "Nobody has unlocked anything yet." in page
    assert 'data-never="ten"' in page


def test_numbers_of_the_days_are_drawn_and_listed(staff, clock):
    make("ten", points=5)
    do("alice", "coin", amount=10)
    clock.advance(days=1)
    do("alice", "coin")
    do("bob", "coin", amount=10)
    page = staff.get(PAGE).text
    shown = numbers(page)
    assert (shown["online"], shown["today"], shown["last-7"], shown["players"]) == ("2", "2", "2", "2")
    for heading, today, in_all in (
        ("Events", 2, "3 in all."),
        ("Points given", 5, "10 in all."),
        ("New players", 1, "2 in all."),
    ):
        part = table(page, heading)
        assert in_all in part
        assert f'<time datetime="2082-11-21">11/21/2082</time></th><td class="number">{today}</td>' in part
        assert part.count("<tr>") == 31
        assert part.count("<rect") == 30
        assert f"<title>11/21/2082: {today}</title>" in part
    assert "in all" not in table(page, "Daily active players")


def test_points_taken_back_are_drawn_below_the_line(staff, clock):
    make("ten", points=5)
    do("alice", "coin", amount=10)
    clock.advance(days=1)
    unlocks.revoke("alice", "ten", "a mistake", by="root")
    part = table(staff.get(PAGE).text, "Points given")
    assert "0 in all." in part
    assert part.count('<rect class="less"') == 1
    assert '<td class="number">-5</td>' in part


def test_period_is_one_of_three(staff, subtests, pytestconfig):
    asked_for = [("7", 7), ("90", 90), ("", 30), ("\N{ARABIC-INDIC DIGIT SEVEN}", 30)]
    more = [("30", 30), ("8", 30), ("x", 30), ("-7", 30)]
    for asked, days in asked_for + (more if pytestconfig.getoption("everything") else []):
        with subtests.test(asked=asked, days=days):
            page = staff.get(PAGE, {"days": asked})
            assert page.status_code == 200
            assert re.findall(r'href="\?days=(\d+)" aria-current="true"', page.text) == [str(days)]
            assert table(page.text, "Events").count("<rect") == days


def test_visitors_are_told_as_an_estimate(staff):
    Client(headers={"User-Agent": "one"}).get("/achievements/")
    staff.get("/achievements/")
    page = staff.get(PAGE).text
    assert numbers(page)["visitors-7"] == "2"
    assert "standard error of 0.81 %" in table(page, "Unique visitors")


def test_funnel_of_the_most_started_is_shown_first(staff):
    make("ten")
    make("other", action="other")
    do("alice", "coin", amount=5)
    do("bob", "coin", amount=10)
    do("charlie", "other")
    page = staff.get(PAGE).text
    assert '<option value="ten" selected>' in page
    part = table(page, "How far players come")
    assert re.findall(r'data-step="(\d+)"><span>([^<]+)<', part) == [
        ("3", "Players"), ("2", "Started"), ("2", "A quarter: 3 of 10"), ("2", "Half: 5 of 10"),
        ("1", "Three quarters: 8 of 10"), ("1", "Unlocked"),
    ]  # fmt: skip
    assert "2 · 67 %" in part
    assert "Exact, from all 3 players." in part


def test_one_can_choose_an_achievement_and_keep_it_for_another_period(staff):
    make("ten")
    make(
        "boss", type="tiered", target=10, points=0, tiers=(Tier("bronze", "Bronze", 5, 1), Tier("gold", "Gold", 10, 2))
    )
    do("alice", "coin", amount=7)
    page = staff.get(PAGE, {"achievement": "boss", "days": "7"}).text
    assert '<option value="boss" selected>' in page
    assert 'href="?days=90&amp;achievement=boss"' in page
    assert re.findall(r'data-step="(\d+)"><span>([^<]+)<', page) == [
        ("1", "Players"), ("1", "Started"), ("1", "Boss: Bronze"), ("0", "Boss: Gold"),
    ]  # fmt: skip


def test_unknown_achievement_is_a_404_page(staff, subtests):
    for slug in ["nowhere", "NO SLUG", "a" * 500, "<script>"]:
        with subtests.test(slug=slug):
            page = staff.get(PAGE, {"achievement": slug})
            assert page.status_code == 404
            assert "There is no achievement" in page.text
            assert "<script>" + "”" not in page.text


def test_sample_says_that_it_is_one(staff, monkeypatch):
    make("ten")
    events.record([Event(f"p{number}", "coin", 10) for number in range(30)])
    monkeypatch.setattr(funnel.sample, "__defaults__", (10,))
    part = table(staff.get(PAGE).text, "How far players come")
    assert "Estimated from 10 players chosen at random out of 30." in part


def test_rankings_link_to_the_forms_and_tell_the_median(staff, clock):
    make("ten")
    make("never", action="other")
    names = [f"p{number}" for number in range(5)]
    for name in names:
        make_player(name)
    clock.advance(days=2)
    for name in names:
        do(name, "coin", amount=10)
    page = staff.get(PAGE).text
    for heading in ("Rarest", "Most common"):
        part = table(page, heading)
        assert 'href="/manage/achievements/ten/edit/"' in part
        assert '<td class="number">5</td><td class="number">2.0 days</td>' in part
        assert "never" not in part
    never = table(page, "Never unlocked")
    assert 'href="/manage/achievements/never/edit/"' in never
    assert "2 days ago" in never.replace("\xa0", " ")
    assert "Not enough data" in table(staff.get(PAGE, {"achievement": "never"}).text, "How far players come")


def test_never_unlocked_lists_twenty_and_counts_the_rest(staff):
    for number in range(23):
        make(f"a{number:02}")
    never = table(staff.get(PAGE).text, "Never unlocked")
    assert never.count("data-never") == 20
    assert "And 3 more." in never


def test_names_are_escaped(staff):
    make("ten", name="<b>Ten</b>")
    do("alice", "coin", amount=10)
    assert "<b>Ten" not in staff.get(PAGE).text
