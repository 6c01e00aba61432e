"""Programs that ask the HTTP API."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from gamify_site.api import keys
from tests.sites import Site, empty_site

Call = Callable[..., Any]


@pytest.fixture
def secret(store) -> Callable[[str], str]:  # noqa: ARG001
    """Makes a key of a scope and gives its secret."""

    def make(scope: str) -> str:
        return keys.create(f"a {scope} key", scope, by="root")[1]  # type: ignore[arg-type]

    return make


@pytest.fixture
def call(client: Client, secret: Callable[[str], str]) -> Call:
    """`call("put", "/players/ada", {...})` with a key that may write; `scope=None` shows none."""
    secrets: dict[str, str] = {}

    def send(method: str, path: str, body: Any = None, *, scope: str | None = "write", **headers: str) -> Any:
        if scope and scope not in secrets:
            secrets[scope] = secret(scope)
        if scope:
            headers.setdefault("authorization", f"Bearer {secrets[scope]}")
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(f"/api/v1{path}", headers=headers, **sent)

    return send


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start an empty site with its own data store; tests that use it are of the group `api_site`, for one worker."""
    with empty_site(tmp_path_factory.mktemp("site")) as site:
        yield site
