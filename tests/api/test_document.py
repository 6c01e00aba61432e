"""The OpenAPI document is true: schemathesis asks every call all that it can think of, and finds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from gamify_site.api import keys
from tests.achievements.builders import make
from tests.builders import make_board
from tests.sites import Site

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
USUAL = ("--phases", "coverage")  # the limits of each value, on this side and the other
EVERYTHING = ("--max-examples", "10")  # for each call, and calls that follow from another one


@pytest.mark.xdist_group("api_site")
@pytest.mark.usefixtures("site_data")
def test_every_call_is_as_the_document_says(site: Site, pytestconfig: pytest.Config) -> None:
    extent = EVERYTHING if pytestconfig.getoption("everything") else USUAL
    make_board("coins", entries={"alice": 5})
    make("ten")
    secret = keys.create("schemathesis", "write", by="root")[1]
    finished = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIGURATION)),
            *("run", f"{site.address}api/v1/openapi.json", "--checks", "all", "--seed", "1"),
            *(*extent, "--header", f"Authorization: Bearer {secret}"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=site.folder,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-6000:]
