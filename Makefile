# make run · make test · make lint — everything they need they install themselves (Python 3.11 is enough).

PORT ?= 8000
BIND ?= 127.0.0.1:$(PORT)
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -q --require-hashes
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/django.po)

# With DATABASE_URL and REDIS_URL set, all of it works on PostgreSQL and Redis.

.PHONY: run setup test lint demo messages bench lock clean

run: setup
	@exec env PYTHONUNBUFFERED=1 $(PY) manage.py up --bind $(BIND)

setup: .venv/.base .build/assets $(CATALOGUES:.po=.mo)

test: setup .venv/.dev
	$(PY) -m pytest -n 2 $(ARGS)

lint: setup .venv/.dev
	$(PY) tools/lint.py

demo: setup
	$(PY) manage.py migrate -v 0
	$(PY) manage.py createcachetable
	$(PY) manage.py load_reference
	$(PY) manage.py load_demo

bench: setup
	$(PY) manage.py bench $(ARGS)

# Needs gettext's programs: collects the sentences of code and templates, then says which lack a translation.
messages: .venv/.dev
	$(PY) manage.py makemessages -l zh_Hans --no-location --no-wrap $(patsubst %,-i %,.venv .build node_modules static_vendor tests)
	$(PY) tools/lint.py catalogue

# After a change in requirements/*.in or package.json.
lock: .venv/.dev
	for part in base node; do .venv/bin/uv pip compile -q --upgrade --generate-hashes --no-header --python-version 3.11 requirements/$$part.in -o requirements/$$part.txt; done
	.venv/bin/uv pip compile -q --upgrade --generate-hashes --no-header --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund

clean:
	rm -rf .venv .build node_modules static_vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed; $(PYTHON) is another version. Name it: make run PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "This Python cannot make environments (Debian: apt-get install python3.11-venv)"; exit 1; }

.venv/.base: requirements/base.txt | .venv/bin/python
	$(PIP) -r requirements/base.txt
	@touch $@

.venv/.dev: requirements/dev.txt | .venv/.base
	$(PIP) -r requirements/dev.txt
	@touch $@

.build/assets: package-lock.json package.json requirements/node.txt tools/assets.py | .venv/.base
	@mkdir -p .build
	$(PY) tools/assets.py
	@touch $@

%.mo: %.po | .venv/.base
	.venv/bin/pybabel -q compile -i $< -o $@
