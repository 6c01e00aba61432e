"""The OpenAPI document is true: schemathesis asks every call all that it can think of, and finds nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sites import Site

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = "10"  # for each call and phase


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.start("demo", "--players", "10")
        site.wait_until_ready()
        yield site
    finally:
        site.kill()


def test_every_call_is_as_the_document_says(site: Site) -> None:
    made = site.run("api_key", "create", "schemathesis", "--scope", "write", GAMIFY_DEMO="1")
    secret = re.search(r"gk_[\w-]{43}", made.stdout)
    assert secret, made.stderr
    finished = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIGURATION)),
            *("run", f"{site.address}api/v1/openapi.json", "--checks", "all", "--seed", "1"),
            *("--max-examples", EXAMPLES, "--header", f"Authorization: Bearer {secret[0]}"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=site.folder,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-6000:]
