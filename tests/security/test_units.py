"""The systemd units in docs/running.md, as they are there: they come back by themselves, as a user with few rights."""

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/running.md").read_text("utf-8")
ANALYZE = shutil.which("systemd-analyze")
NAMES = ("gamify", "gamify-tick")


def unit(name: str) -> str:
    """Return the block that follows the first mention of the unit's file."""
    after = DOCUMENT.partition(f"/etc/systemd/system/{name}.service")[2]
    block = re.search(r"\n\n((?:    .*\n|\n)+)", after)
    assert block
    return re.sub(r"^    ", "", block[1], flags=re.MULTILINE)


def test_units_restart_as_a_user_of_their_own(subtests: pytest.Subtests) -> None:
    for name in NAMES:
        with subtests.test(name=name):
            parsed = ConfigParser(interpolation=None, strict=False)
            parsed.optionxform = str  # type: ignore[assignment, method-assign]
            parsed.read_string(unit(name))
            service = parsed["Service"]
            assert service["Restart"] == "always"
            assert service["User"] == "gamify"
            assert service["UMask"] == "0077"
            assert service["NoNewPrivileges"] == "yes"
            assert service["EnvironmentFile"] == "/etc/gamify.env"
            assert parsed["Install"]["WantedBy"] == "multi-user.target"


def test_settings_of_the_units_are_listed() -> None:
    block = DOCUMENT.partition("`/etc/gamify.env`")[2].partition("Then:")[0]
    names = set(re.findall(r"^    (GAMIFY_\w+)=", block, flags=re.MULTILINE))
    assert {"GAMIFY_SECRET_KEY", "GAMIFY_DATA_DIR", "GAMIFY_ALLOWED_HOSTS"} <= names


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_understands_the_units_and_finds_little_exposed(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name, most in zip(NAMES, (3.0, 6.0), strict=True):
        with subtests.test(name=name):
            file = tmp_path / f"{name}.service"
            file.write_text(unit(name).replace("/srv/gamify/.venv/bin/python", sys.executable))
            checked = run("verify", "--man=no", str(file))
            assert str(file) not in checked.stderr, checked.stderr
            security = run("security", "--offline=true", str(file))
            exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", security.stdout)
            assert exposure, security.stdout + security.stderr
            assert float(exposure[1]) <= most


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ANALYZE), *arguments], capture_output=True, text=True, timeout=60, check=False)
