"""A value of the environment that cannot be used stops the start with one clear line."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from gamify_site import environment

ROOT = Path(__file__).resolve().parents[2]


def start(**values: str) -> subprocess.CompletedProcess[str]:
    """Loads the settings in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GAMIFY_")}
    command = [sys.executable, "-c", "import gamify_site.settings"]
    return subprocess.run(command, cwd=ROOT, env=clean | values, capture_output=True, text=True, check=False)


def test_start_stops_with_one_line_that_names_the_variable():
    done = start(GAMIFY_REDIS_URL="http://localhost")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("GAMIFY_REDIS_URL cannot be used: ")


def test_settings_check_each_variable(monkeypatch, subtests):
    for name, value in (
        ("GAMIFY_REDIS_URL", "http://localhost"),
        ("GAMIFY_REDIS_URL", "redis+cluster://a:1,b:2/1"),
        ("GAMIFY_READ_REPLICAS", "1"),
        ("GAMIFY_REDIS_URL", "redis+sentinel://a:port/main/0"),
        ("GAMIFY_SHARDS", "many"),
        ("GAMIFY_DEMO", "perhaps"),
    ):
        with subtests.test(name=name, value=value), monkeypatch.context() as patch:
            for other in [each for each in os.environ if each.startswith("GAMIFY_")]:
                patch.delenv(other)
            patch.setenv(name, value)
            with pytest.raises(SystemExit) as stop:
                runpy.run_path(str(ROOT / "gamify_site" / "settings.py"))
            assert stop.value.code.startswith(f"{name} cannot be used: ")
            assert len(stop.value.code.splitlines()) == 1


def test_start_works_with_nothing_set():
    done = start()
    assert (done.returncode, done.stderr) == (0, "")


def test_redis_address_that_cannot_be_used_is_refused(monkeypatch, subtests):
    for value in (
        "localhost:6379",
        "http://localhost",
        "redis:/localhost",
        "redis://",
        "redis://localhost:port/0",
        "redis://localhost:99999/0",
        "redis://localhost/zero",
        "redis://[::1",
        "unix://",
        "redis+sentinel://",
        "redis+sentinel://a:1",
        "redis+sentinel://a:1/",
        "redis+sentinel://a:port/main/0",
        "redis+sentinel://a:1/main/zero",
        "redis+cluster://",
        "redis+cluster://a:1/0",
        "rediss+cluster://a:1/0",
        "rediss+sentinel://a:1",
        "unix+cluster://a:1",
    ):
        monkeypatch.setenv("GAMIFY_REDIS_URL", value)
        with (
            subtests.test(value=value),
            pytest.raises(environment.BadEnvironment, match=r"^GAMIFY_REDIS_URL cannot be used: "),
        ):
            environment.redis_url("GAMIFY_REDIS_URL")


def test_redis_address_that_can_be_used_is_kept(monkeypatch, subtests):
    for value in (
        "",
        "redis://localhost",
        "redis://localhost:6379/0",
        "redis://:secret@[::1]:6379/2",
        "rediss://user:pass%40word@host:6380/0?ssl_cert_reqs=none",
        "unix:///run/redis.sock",
        "unix:///run/redis.sock?db=2",
        "redis+sentinel://a:1,b:2/main/0",
        "redis+sentinel://a,b/main",
        "rediss+sentinel://a,b/main?ssl_ca_certs=/etc/ca.pem",
        "rediss+cluster://user:secret@a:1,b:2?ssl_check_hostname=no",
    ):
        monkeypatch.setenv("GAMIFY_REDIS_URL", value)
        with subtests.test(value=value):
            assert environment.redis_url("GAMIFY_REDIS_URL") == value


def test_number_out_of_range_is_refused(monkeypatch, subtests):
    message = r"GAMIFY_SHARDS cannot be used: .* from 1 to 1024"
    for value in ("0", "1025", "-1", "1.5", "one", "1e3"):
        monkeypatch.setenv("GAMIFY_SHARDS", value)
        with subtests.test(value=value), pytest.raises(environment.BadEnvironment, match=message):
            environment.integer("GAMIFY_SHARDS", 1, least=1, most=1024)


def test_prefix_that_would_break_keys_is_refused(monkeypatch, subtests):
    for value in ("a{b", "a}b", "a b", "a*", "ä", "a:b"):
        monkeypatch.setenv("GAMIFY_PREFIX", value)
        with (
            subtests.test(value=value),
            pytest.raises(environment.BadEnvironment, match="GAMIFY_PREFIX cannot be used"),
        ):
            environment.prefix("GAMIFY_PREFIX", "gamify")


def test_switches(monkeypatch, subtests):
    switches = {"1": True, "Yes": True, "on": True, "0": False, "": False, "OFF": False}
    for value, expected in switches.items():
        monkeypatch.setenv("GAMIFY_DEMO", value)
        with subtests.test(value=value):
            assert environment.flag("GAMIFY_DEMO") is expected


def test_lists_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("GAMIFY_ALLOWED_HOSTS", " a.example , b.example,, ")
    assert environment.items("GAMIFY_ALLOWED_HOSTS", "") == ["a.example", "b.example"]


def test_demo_makes_a_secret_once_and_keeps_it_to_itself(monkeypatch, tmp_path):
    monkeypatch.delenv("GAMIFY_SECRET_KEY", raising=False)
    first = environment.secret_key("GAMIFY_SECRET_KEY", tmp_path / "var")
    assert len(first) > 40
    assert environment.secret_key("GAMIFY_SECRET_KEY", tmp_path / "var") == first
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0
    assert environment.secret_key("GAMIFY_SECRET_KEY", None) == ""
