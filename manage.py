#!/usr/bin/env python
"""Gamify's command line: `manage.py help` lists what it can do."""

import gc
import os
import sys


def main() -> None:
    gc.set_threshold(50_000, 20, 20)  # most of what is made at first, stays: to look at it takes a tenth of a start
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ.setdefault("GAMIFY_DEMO", "1")  # settings are read before the command runs
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
