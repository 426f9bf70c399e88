# Everything a newcomer needs: python3 with venv, git and make. uv is brought into a venv of its own.
#
#   make demo                  train, export, verify, serve and score; then look at demo/report.html
#   make demo DATA=FILE.npz    the same on real folded light curves
#   make demo SERVICE=nuru     the same with crop yields and stored features; SERVICE=iit with patients
#   make test                  the tests, with coverage
#   make test-containers       those that need a container engine, which is started if none runs
#   make check                 lint, types, import contracts
#   make simulate              the judge's acceptance table, 1,000 rollouts each; RUNS=60 takes three minutes

# Python 3.13, which the images run, where the machine has it (pyenv's count); else whatever python3 is
PYTHON_3 := $(shell PYENV_VERSION=$$(pyenv latest 3.13 2>/dev/null) python3.13 -c 'import sys; print(sys.executable)' \
	2>/dev/null || command -v python3)
UV := .uv/bin/uv
UV_VERSION := 0.13.8
PYTHON := .venv/bin/python
SERVICE ?= kepler
RUNS ?= 1000
DATA ?=
CHECKOV_VERSION := 3.3.30

.PHONY: demo test test-containers check simulate lint-templates clean

demo: .venv/installed
	$(PYTHON) -m services.$(SERVICE).demo $(if $(DATA),--data $(DATA))

test: .venv/installed
	scripts/test

test-containers: .venv/installed
	scripts/test-containers

check: .venv/installed
	scripts/check

simulate: .venv/installed
	$(PYTHON) -m serinus.cli rollout simulate --all --runs $(RUNS)

lint-templates: .venv/installed .lint/installed
	scripts/lint-templates

clean:
	rm -rf .venv .uv .lint demo models originals

$(UV):
	python3 -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/installed: pyproject.toml uv.lock | $(UV)
	UV_PYTHON_DOWNLOADS=never $(UV) sync --frozen --extra dev --compile-bytecode --python $(PYTHON_3)
	touch $@

# an environment of its own: checkov pins what the project has newer
.lint/installed: Makefile | $(UV)
	$(UV) venv --quiet --clear .lint
	$(UV) pip install --quiet --python .lint/bin/python checkov==$(CHECKOV_VERSION)
	touch $@
