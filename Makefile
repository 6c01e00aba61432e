# Needs Python 3.11 or newer, with its venv module, and make. Other options: PYTHON=python3.12, ARGS='--port 9000'.

PYTHON ?= python3
ARGS ?=
PIP = .venv/bin/pip --disable-pip-version-check --quiet

.PHONY: demo test test-all check bench messages screenshots clean

demo: .venv/.installed  ## the site with sample data
	@exec .venv/bin/python manage.py demo $(ARGS)

# The tests start the program many times, and byte code makes that faster: write it even if the environment forbids it.
test test-all: export PYTHONDONTWRITEBYTECODE =

test: check  ## all checks, then the tests; lists what it skips and why
	.venv/bin/pytest --numprocesses auto $(ARGS)

test-all: check  ## all checks, then every test on every kind of data store, with all examples, slow tests too
	.venv/bin/pytest --numprocesses auto --everything $(ARGS)

check: .venv/.installed-dev  ## style, types, templates, layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	find templates -name '*.html' -exec .venv/bin/djade --check --target-version 5.2 {} +
	.venv/bin/lint-imports

bench: .venv/.installed  ## the benchmarks
	.venv/bin/python manage.py bench $(ARGS)

messages: .venv/.installed-dev  ## the texts for translators, and compiled; needs GNU gettext
	@{ command -v msgfmt && command -v xgettext && command -v msgmerge; } >/dev/null || { echo "GNU gettext is needed (on Debian and Ubuntu: apt install gettext)"; exit 1; }
	.venv/bin/python manage.py makemessages --all --no-location --no-wrap --no-obsolete --ignore .venv --ignore tests --ignore var
	.venv/bin/python manage.py compilemessages --ignore .venv

screenshots: .venv/.installed-dev  ## every page in Chromium, into docs/screenshots/
	.venv/bin/python -m tests.e2e.screenshots $(ARGS)

clean:  ## removes the environment and caches; the demo's data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is needed (on Debian and Ubuntu: apt install python3-venv)"; exit 1; }

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/pip
	@echo "Installing packages into .venv …"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/.installed-dev: pyproject.toml constraints.txt | .venv/bin/pip
	@echo "Installing packages for tests into .venv …"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch .venv/.installed $@
