"""Browsers are told on every answer what the site does not need, so that an injected script or a window gets less."""

import pytest
from django.test import Client

from tests.conftest import Store

EXPECTED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def assert_closed(headers: dict[str, str]) -> None:
    for name, value in EXPECTED.items():
        assert headers[name] == value
    denied = headers["Permissions-Policy"].split(", ")
    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()", "usb=()"} <= set(denied)
    assert all(feature.endswith("=()") for feature in denied)


@pytest.mark.usefixtures("store")
def test_every_answer_denies_what_the_site_does_not_need(subtests: pytest.Subtests) -> None:
    client = Client(raise_request_exception=False)
    for path in (
        "/",
        "/accounts/login/",
        "/nowhere/",
        "/healthz",
        "/api/v1/boards",
        "/api/v1/docs",
        "/static/css/manage.css",
    ):
        with subtests.test(path=path):
            assert_closed(dict(client.get(path).headers))


def test_answer_without_a_data_store_does_so_too(down: Store) -> None:  # noqa: ARG001
    response = Client(raise_request_exception=False).get("/leaderboards/")
    assert response.status_code == 503
    assert_closed(dict(response.headers))
