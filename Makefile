# `make demo` runs the product, `make test` proves it. Both first make what they need in .venv, once.

PORT ?= 8000
DATA ?= var
WORKERS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
# Stealing, since a few tests that start the whole product take longer than a hundred others.
PYTEST := $(PY) -m pytest -q -n $(WORKERS) --dist worksteal
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
# Linting loads the settings, which must not make keys in anybody's data folder for that.
LINT := env AGILEML_SECRET_KEY=lint AGILEML_FIELD_KEYS=lint-lint-lint-lint-lint-lint-lint-lint DATABASE_URL= $(PY) -m

.PHONY: demo test lint soak bench schema screenshot lock clean

demo: $(VENV)/.runtime
	@exec env AGILEML_DATA="$(DATA)" $(PY) manage.py demo --port "$(PORT)" --data "$(DATA)"

test: lint
	AGILEML_TEST_BACKEND=sqlite $(PYTEST)
	AGILEML_TEST_BACKEND=full $(PYTEST)

soak: $(VENV)/.dev
	AGILEML_TEST_BACKEND=sqlite $(PYTEST) --soak
	AGILEML_TEST_BACKEND=full $(PYTEST) --soak

lint: $(VENV)/.dev
	$(LINT) ruff check --quiet .
	$(LINT) ruff format --check --quiet .
	$(LINT) mypy
	$(LINT) djlint --lint --quiet templates
	$(VENV)/bin/lint-imports

bench: $(VENV)/.runtime
	$(PY) -m benchmarks

# docs/openapi.json anew, after a change of the API; what breaks clients needs BREAKING=yes.
schema: $(VENV)/.dev
	$(LINT) tests.api.committed

screenshot: $(VENV)/.dev
	$(PY) -m tests.browser.screenshot

# After a change of the packages in pyproject.toml; needs uv. No address and no folder may get into the files.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml
lock:
	$(LOCK) --output-file requirements.txt
	$(LOCK) --extra dev --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

# A name on PATH proves nothing: version managers leave stand-ins that only complain. So each is asked to run.
$(VENV)/.made:
	@if $(PY) -c '$(SUPPORTED)' 2>/dev/null; then touch $@; exit 0; fi; \
	uv=$$(command -v uv); found=; bare=; \
	for name in $(PYTHON) python3.12 python3.11 python3; do \
	  "$$name" -c '$(SUPPORTED)' >/dev/null 2>&1 || continue; \
	  if [ -n "$$uv" ] || "$$name" -c 'import venv, ensurepip' >/dev/null 2>&1; then found=$$name; break; fi; \
	  bare=$${bare:-$$name}; \
	done; \
	if [ -z "$$found" ] && [ -n "$$bare" ]; then \
	  echo "AgileML needs a virtual environment, and $$bare cannot make one: install its venv package (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; \
	fi; \
	if [ -z "$$found" ]; then \
	  echo "AgileML needs Python 3.11 or 3.12, and none that runs was found: install one, or name it with PYTHON=/path/to/python." >&2; exit 1; \
	fi; \
	rm -rf $(VENV); \
	if [ -n "$$uv" ]; then uv venv --quiet --python "$$found" $(VENV); else "$$found" -m venv $(VENV); fi && touch $@

define install
if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(PY) $(1); \
else $(PY) -m pip install --quiet --disable-pip-version-check $(1); fi
endef

$(VENV)/.runtime: $(VENV)/.made requirements.txt pyproject.toml
	@echo "Installing the pinned packages into $(VENV) ..."
	@$(call install,--require-hashes -r requirements.txt)
	@$(call install,--no-deps --no-build-isolation -e .)
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@echo "Installing the development packages into $(VENV) ..."
	@$(call install,--require-hashes -r requirements-dev.txt)
	@touch $@
