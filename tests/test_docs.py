"""The documentation names everything that there is: settings, commands with their options, keys."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from gamify_site.store import keys

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
KEYS = (ROOT / "docs/keys.md").read_text("utf-8")
COMMANDS = sorted(
    file.stem for file in (ROOT / "gamify_site/ops/management/commands").glob("*.py") if file.stem != "__init__"
)
OF_DJANGO = {"help", "version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color"}


def settings() -> list[str]:
    """Every variable that the program reads."""
    found: set[str] = set()
    for file in (ROOT / "gamify_site").rglob("*.py"):
        found.update(re.findall(r"environment\.\w+\(\s*\"(GAMIFY_\w+)\"", file.read_text("utf-8")))
        found.update(re.findall(r"os\.environ(?:\.get\(|\[)\"(GAMIFY_\w+)\"", file.read_text("utf-8")))
    return sorted(found)


def key_functions() -> list[str]:
    """The public functions of keys.py that give one key."""
    skipped = {"site", "shard", "patterns", "player_of"}
    return [name for name, _ in inspect.getmembers(keys, inspect.isfunction) if name not in skipped]


def test_every_setting_is_in_the_readme(subtests: pytest.Subtests) -> None:
    assert "GAMIFY_REDIS_URL" in settings()
    for name in settings():
        with subtests.test(name=name):
            assert f"| `{name}` |" in README


def test_every_command_and_option_is_in_the_readme(subtests: pytest.Subtests) -> None:
    assert "serve" in COMMANDS
    for name in COMMANDS:
        with subtests.test(name=name):
            row = next((line for line in README.splitlines() if line.startswith(f"| `{name}")), "")
            assert row, f"README.md has no row for the command {name}"
            command = import_module(f"gamify_site.ops.management.commands.{name}").Command()
            parser = command.create_parser("manage.py", name)
            for action in parser._actions:
                option = action.option_strings[-1] if action.option_strings else ""
                if option and action.dest not in OF_DJANGO | {"skip_checks"}:
                    assert option in row, f"{option} of {name} is not in its row"


def test_every_key_is_in_the_schema(subtests: pytest.Subtests) -> None:
    assert "board" in key_functions()
    for name in key_functions():
        with subtests.test(name=name):
            function = getattr(keys, name)
            arguments = [
                "N" if parameter == "number" else f"<{parameter}>"
                for parameter in inspect.signature(function).parameters
            ]
            kind, _, contents = " ".join((function.__doc__ or "").split()).partition(": ")
            assert f"| `{function(*arguments)}` | {kind} | {contents} |" in KEYS


def test_every_key_has_a_life_time_or_a_reason_for_none(subtests: pytest.Subtests) -> None:
    """What nobody ever forgets grows until a script is slow, or the memory is full."""
    lives = dict(re.findall(r"^\| `(\S+)` \| (.+) \|$", KEYS.partition("## How long they live")[2], re.MULTILINE))
    assert len(lives) == len(key_functions())
    for name in key_functions():
        with subtests.test(name=name):
            parameters = inspect.signature(getattr(keys, name)).parameters
            key = getattr(keys, name)(*("N" if parameter == "number" else f"<{parameter}>" for parameter in parameters))
            assert lives[key]
            assert not lives[key].startswith("for good") or re.match("for good: .+", lives[key])


def test_links_lead_somewhere() -> None:
    for file in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8")):
            if "://" not in target:
                assert (file.parent / target).exists(), f"{file.name}: {target}"


def test_links_to_sections_lead_to_one() -> None:
    for file in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target, section in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", file.read_text("utf-8")):
            page = (file.parent / target if target else file).read_text("utf-8")
            titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
            found = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert section in found, f"{file.name}: {target}#{section}"


def test_the_example_in_the_readme_runs(store: object) -> None:  # noqa: ARG001
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example
    lines = [line for line in example[1].splitlines() if "django.setup()" not in line]
    exec("\n".join(lines), {})  # noqa: S102
