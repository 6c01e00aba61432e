#!/usr/bin/env python
"""Gamify's command line: `manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ.setdefault("GAMIFY_DEMO", "1")  # settings are read before the command runs
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
