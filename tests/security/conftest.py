"""A running site to attack."""

from collections.abc import Iterator

import pytest

from tests.sites import Site


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start an empty site with its own data store; tests that use it are of the group `attacked_site`."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.environment["GAMIFY_SECRET_KEY"] = "of these tests, and of no others"
    try:
        site.start("serve", "--workers", "1")
        site.wait_until_ready()
        yield site
        assert site.interrupt()[0] == 0
    finally:
        site.kill()
