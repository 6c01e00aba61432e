"""`manage.py import`: replaces all data by what a file says."""  # noqa: N999  (what people type)

from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from gamify_site.ops.command import StoreCommand
from gamify_site.ops.progress import Bar
from gamify_site.ops.transfer import importing, kinds, lines
from gamify_site.ops.transfer.checks import Wrong
from gamify_site.store import catalog
from gamify_site.store.errors import Resetting, StoreUnavailable

AGAIN = "The data stays closed, nobody sees half of it: import again, with --replace."
CLOSED = (
    "The data is closed: it is being replaced by somebody, or that has broken off. If nobody does, import with "
    "--replace."
)


class Command(StoreCommand):
    help = (
        "Writes what `export` has written: to another server, under another prefix, on another number of shards. The "
        "prefix must be empty, or --replace removes all that is there. A file is read and checked as a whole before "
        "anything is written; from standard input each line is checked before it is. Meanwhile the site is closed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="- for standard input; compressed where it ends in .gz")
        parser.add_argument("--dry-run", action="store_true", help="check all of the file, and write nothing")
        parser.add_argument("--replace", action="store_true", help="remove all data that there is; asks first")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_: Any, file: str, dry_run: bool, replace: bool, yes: bool, **__: Any) -> None:
        try:
            if dry_run:
                counts = self._check(file)
            else:
                self._ask(file, replace, yes)
                if file != "-":
                    self._check(file)
                counts = self._replace(file, must_be_empty=not replace)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        said = kinds.told(counts) or "nothing"
        self.stdout.write(f"{'Checked, nothing is written' if dry_run else 'Imported'}: {said}.")

    def _ask(self, file: str, replace: bool, yes: bool) -> None:
        """Makes sure that nothing is lost that somebody wants to keep."""
        if not replace:
            self._insist_on_nothing_there()
            return
        if yes:
            return
        if file == "-":
            raise CommandError("The file comes from standard input, where nobody can answer: give --yes too.")
        where = "the embedded data store" if settings.GAMIFY_EMBEDDED else "the server at GAMIFY_REDIS_URL"
        try:
            answer = input(
                f"This removes all data under the prefix {settings.GAMIFY_PREFIX!r} in {where}, accounts of staff and "
                f"API keys too, and writes what {file} says.\nType yes to go on: "
            )
        except EOFError:
            self.stdout.write()  # behind the question
            answer = ""
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was changed. Answer yes, or give --yes.")

    def _insist_on_nothing_there(self) -> None:
        try:
            catalog.follow()
            catalog.snapshot()
            importing.insist_on_nothing_there()
        except Resetting:
            raise CommandError(CLOSED) from None
        except importing.NotEmpty:
            raise CommandError(_not_empty()) from None

    def _check(self, file: str) -> dict[str, int]:
        with ExitStack() as stack:
            source, place = stack.enter_context(lines.opened(file))
            found = importing.check(source, self._bar(place))
        if found.errors:
            self.stdout.write(f"{'line':>9}  what is wrong")
            for number, reason in found.errors:
                self.stdout.write(f"{number:>9,}  {reason}")
            raise CommandError(f"{_how_far(found)}Nothing is written.")
        return found.counts

    def _replace(self, file: str, *, must_be_empty: bool) -> dict[str, int]:
        with ExitStack() as stack:
            source, place = stack.enter_context(lines.opened(file))
            try:
                opened = lines.Lines(source)
            except Wrong as error:
                raise CommandError(f"Line 1: {error}. Nothing is written.") from error
            try:
                return importing.replace_all(opened, self._bar(place), must_be_empty=must_be_empty)
            except importing.NotEmpty:  # it has come while the file was checked
                raise CommandError(_not_empty()) from None
            except Resetting:  # somebody else has closed it
                raise CommandError(CLOSED) from None
            except importing.WrongLine as error:
                raise CommandError(f"{error}. {AGAIN}") from error
            except BaseException:
                self._say_if_closed()
                raise

    def _say_if_closed(self) -> None:
        """Says what to do where the data is closed, or may be."""
        catalog.forget()
        try:
            catalog.snapshot()
        except Resetting:
            self.stderr.write(AGAIN)
        except StoreUnavailable:
            self.stderr.write(f"If this import has begun to write: {AGAIN[0].lower()}{AGAIN[1:]}")

    def _bar(self, place: Callable[[], tuple[int, int]]) -> Callable[[], None]:
        bar = Bar(self.stdout)

        def draw() -> None:
            done, total = place()
            if total:
                bar(done, total)

        return draw


def _not_empty() -> str:
    return (
        f"There is data under the prefix {settings.GAMIFY_PREFIX!r} already. Import with --replace to remove it, or "
        "under another GAMIFY_PREFIX."
    )


def _how_far(found: importing.Checked) -> str:
    if found.is_cut:
        return f"These are the first {len(found.errors)} errors. "
    return "What comes after the definitions was not checked. " if found.are_definitions_wrong else ""
