"""A running site to attack."""

from collections.abc import Iterator

import pytest

from tests.sites import Site, empty_site


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start an empty site with its own data store; tests that use it are of the group `attacked_site`."""
    with empty_site(tmp_path_factory.mktemp("site")) as site:
        yield site
