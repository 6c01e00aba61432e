"""Definitions as files, from the command line."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from achievements.services import catalog, exchange
from gamify_site import audit
from tests.achievements.builders import make
from tests.builders import make_board

pytestmark = pytest.mark.usefixtures("store")

CSV = "First,Do it,False,,Revealed,5,1\nMany,,True,100,Hidden,10,2\n"


def run(*arguments: object, **options: object) -> str:
    """What a command prints."""
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, **options)
    return out.getvalue()


def refused(*arguments: object) -> tuple[str, str]:
    """What a command prints, and what it then complains of; its exit code is 1."""
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*map(str, arguments), stdout=out)
    assert error.value.returncode == 1
    return out.getvalue(), str(error.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A catalog of a board and an achievement, which are not in the store."""
    make_board("coins")
    make("rich")
    path = tmp_path / "catalog.json"
    assert run("export_catalog", path) == ""
    return path


def test_export_to_a_file_and_to_standard_output(file):
    assert file.read_text("utf-8") == run("export_catalog", "-") == exchange.export_json()


def test_export_and_import_of_everything(file, store):
    store.empty()
    said = "    1 board coins: new\n    2 achievement rich: new\n2 new, 0 changed, 0 the same, 0 refused\n"
    assert run("import_catalog", file, "--dry-run") == said
    assert catalog.all() == []
    assert list(audit.walk(lambda _entry: True)) == []
    assert run("import_catalog", file) == said
    assert exchange.export_json() == file.read_text("utf-8")
    (entry,) = audit.walk(lambda it: it.what == "catalog_imported")
    assert (entry.what, entry.subject, entry.by) == ("catalog_imported", "catalog.json", "manage.py")


def test_changes_are_named(file):
    make("rich", points=1, target=1)
    assert "2 achievement rich: changed (target, points)\n0 new, 1 changed, 1 the same" in run("import_catalog", file)


def test_refused_row_stops_everything(file, store, subtests):
    content = json.loads(file.read_text("utf-8"))
    content["achievements"] += [{"slug": "odd", "pionts": 1}, 7]
    file.write_text(json.dumps(content), "utf-8")
    store.empty()
    for options in ([], ["--dry-run"]):
        with subtests.test(options=options):
            out, error = refused("import_catalog", file, *options)
            assert "    2 achievement rich: new\n    3 achievement odd: refused: name, " in out
            assert "There is no “pionts”." in out
            assert "    4 achievement ?: refused: Each definition must be an object" in out
            assert out.endswith("2 new, 0 changed, 0 the same, 2 refused\n")
            assert error.startswith("Nothing is written")
            assert catalog.all() == []


def test_csv_by_its_name(tmp_path, store):
    path = tmp_path / "AchievementsMetadata.CSV"
    path.write_text(CSV, "utf-8")
    assert "--category" in refused("import_catalog", path)[1]
    run("import_catalog", path, "--category", "basics", "--status", "published")
    assert [(it.slug, it.category, it.status) for it in catalog.all()] == [
        ("first", "basics", "published"),
        ("many", "basics", "published"),
    ]
    again = tmp_path / "again.csv"
    run("export_catalog", again)
    assert again.read_bytes().decode() == CSV
    store.empty()
    run("import_catalog", path, "--category", "basics")
    assert {it.status for it in catalog.all()} == {"draft"}


def test_what_play_console_minds_is_told_once_the_csv_is_written(tmp_path, capsys):
    make("many", name="Many, many", points=7)
    make("few", points=5)
    path = tmp_path / "a.csv"
    assert run("export_catalog", path) == ""
    assert path.read_text("utf-8") == "Few,,True,10,Revealed,5,\nMany; many,,True,10,Revealed,7,\n"
    assert capsys.readouterr().err.splitlines() == [
        "    2 Many, many: Name: semicolons stand for its commas, which Play Console does not take.",
        "    2 Many, many: Points: Play Console takes multiples of 5 from 5 to 200, not 7.",
    ]
    run("export_catalog", tmp_path / "a.json")
    assert capsys.readouterr().err == ""


def test_csv_with_ids_knows_its_rows_again(tmp_path, capsys):
    make("many", name="Many, many", points=7)
    path = tmp_path / "a.csv"
    assert run("export_catalog", path, "--ids") == ""
    assert capsys.readouterr().err == ""
    assert path.read_text("utf-8").splitlines()[1] == "Many; many,,True,10,Revealed,7,,many"
    assert "2 achievement many: same" in run("import_catalog", path, "--category", "basics")
    path.write_text(path.read_text("utf-8").replace("Many; many", "漢字"), "utf-8")
    assert "2 achievement many: changed (name)" in run("import_catalog", path, "--category", "basics")
    assert catalog.get("many").name == "漢字"
    assert "--ids is for a file that ends in .csv." in refused("export_catalog", tmp_path / "a.json", "--ids")[1]


def test_import_from_standard_input(file, store, monkeypatch):
    store.empty()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(file.read_bytes())))
    assert "2 new" in run("import_catalog", "-")
    (entry,) = audit.walk(lambda it: it.what == "catalog_imported")
    assert entry.subject == "text"


def test_unreadable_files_are_one_clear_line(tmp_path, subtests):
    path = tmp_path / "catalog.json"
    for content, reason in (
        (b"{", "Line 1, column 2: this is no JSON"),
        (b"{\n\xff", "Line 2, column 1: this is no UTF-8."),
        (b" " * 1_048_577, "at most 1,048,576 bytes"),
    ):
        with subtests.test(reason=reason):
            path.write_bytes(content)
            out, error = refused("import_catalog", path)
            assert out == ""
            assert reason in error


def test_files_that_cannot_be_had_are_one_clear_line(tmp_path):
    assert "cannot be read: No such file" in refused("import_catalog", tmp_path / "nope.json")[1]
    assert "cannot be read: Is a directory" in refused("import_catalog", tmp_path)[1]
    assert "cannot be written: No such file" in refused("export_catalog", tmp_path / "nope" / "a.json")[1]
