"""Numbers are read and answered exactly as they are written, with all their digits."""

import json
import re
from decimal import Decimal

import pytest
from django.test import Client

from gamify_site.api import keys
from leaderboards.services import ranking
from tests.builders import make_board

LOST_BY_FLOATS = "900719925474.0982"  # of this size they lie 0.00012 apart
EXACT = ("61.2500", "68.2900", "0.0007", "-0.0100", LOST_BY_FLOATS, "-" + LOST_BY_FLOATS, "900719925474.0991")


@pytest.fixture
def write(store: object) -> Client:  # noqa: ARG001
    _key, secret = keys.create("game", "write", by="root")
    return Client(headers={"authorization": f"Bearer {secret}"})


def put(client: Client, path: str, body: str) -> str:
    return client.put(f"/api/v1{path}", body, content_type="application/json").content.decode()


def read(client: Client, path: str) -> str:
    return client.get(f"/api/v1{path}").content.decode()


def test_score_comes_back_as_it_was_sent(write, subtests):
    make_board("laps", combine="last", decimals=4)
    for score in EXACT:
        with subtests.test(score=score):
            told = [put(write, "/leaderboards/laps/scores/ada", f'{{"score": {score}}}')]
            told += [read(write, f"/leaderboards/laps{path}") for path in ("", "/players/ada", "/ranks/1")]
            for answer in told:
                assert set(re.findall(r'"score": ([^,}]+)', answer)) == {score}


def test_numbers_are_read_exactly_wherever_they_are_sent(write, subtests):
    make_board("laps", action="lap", combine="last", decimals=4)
    for value in (LOST_BY_FLOATS, "-" + LOST_BY_FLOATS, "61.2500", "6125e-2", "1e2"):
        for path, body in (
            ("/events", f'{{"events": [{{"player": "ada", "action": "lap", "value": {value}}}]}}'),
            ("/leaderboards/laps/scores", f'{{"scores": [{{"player": "ada", "score": {value}}}]}}'),
        ):
            with subtests.test(value=value, path=path):
                put(write, "/leaderboards/laps/scores/ada", '{"score": 1}')
                answer = write.post(f"/api/v1{path}", body, content_type="application/json")
                assert answer.status_code == 200
                assert ranking.standing("laps", "ada").score == Decimal(value)


def test_numbers_of_any_length_are_rounded(write, subtests):
    make_board("laps", action="lap", combine="last", decimals=2)
    for value, score in (("68.28" + "9" * 5000, "68.29"), ("1e-50", "0.00"), ("1e-999999999", "0.00")):
        for path, body in (
            ("/events", f'{{"events": [{{"player": "ada", "action": "lap", "value": {value}}}]}}'),
            ("/leaderboards/laps/scores", f'{{"scores": [{{"player": "ada", "score": {value}}}]}}'),
        ):
            with subtests.test(value=value[:20], path=path):
                put(write, "/leaderboards/laps/scores/ada", '{"score": 1}')
                answer = write.post(f"/api/v1{path}", body, content_type="application/json")
                assert (answer.status_code, answer.json().get("rejected", [])) == (200, [])
                assert ranking.standing("laps", "ada").score == Decimal(score)


def test_sums_and_balances_do_not_drift(write):
    make_board("purse", decimals=2)
    for _ in range(3):
        told = put(write, "/leaderboards/purse/scores/ada", '{"increment": 0.1}')
    assert json.loads(told, parse_float=Decimal)["score"] == Decimal("0.30")
    spent = write.post("/api/v1/leaderboards/purse/spend/ada", '{"amount": 0.07}', content_type="application/json")
    assert b'"balance": 0.23,' in spent.content
    poor = write.post("/api/v1/leaderboards/purse/spend/ada", '{"amount": 0.24}', content_type="application/json")
    assert poor.status_code == 409
    assert b'"balance": 0.23' in poor.content


def test_text_that_looks_like_a_number_stays_a_text(write):
    put(write, "/players/ada", '{"name": "61.25"}')
    assert '"name": "61.25"' in read(write, "/players/ada")
