"""How long work shows itself in a terminal."""

import time

from django.core.management.base import OutputWrapper

WIDTH = 30
DELAY = 1.0  # seconds; what is over by then shows nothing


class Bar:
    """Called with how much is done and how much there is; draws a bar on a terminal once it takes over a second."""

    def __init__(self, out: OutputWrapper) -> None:
        self.out = out
        self.began = time.monotonic()
        self.drawn = False

    def __call__(self, done: int, total: int) -> None:
        if not self.out.isatty() or (not self.drawn and time.monotonic() - self.began < DELAY):
            return
        self.drawn = True
        filled = WIDTH * done // total
        end = "\n" if done == total else "\r"
        self.out.write(f"[{'#' * filled}{'.' * (WIDTH - filled)}] {100 * done // total:3} %{end}", ending="")
        self.out.flush()
