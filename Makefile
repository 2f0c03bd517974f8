# Bare `make` prints what there is to make. CI and people use the same targets.
PYTHON ?= python3
DESTDIR ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test faults soak check weights install-service uninstall-service clean python-ok

# Runs under any Python, however old: it is there to refuse them.
define PYTHON_OK
import platform, sys
if sys.maxsize < 2**32 or platform.machine() in ("i386", "i586", "i686", "armv6l", "armv7l", "armv8l"):
    sys.exit("monitor needs a 64-bit system, because PyTorch and ONNX Runtime have none for 32 bits; on a Raspberry Pi install the 64-bit Raspberry Pi OS.")
if sys.version_info < (3, 11):
    sys.exit("monitor needs Python 3.11 or newer and this is %d.%d; if you have a newer one, name it: make setup PYTHON=python3.11" % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    sys.exit("monitor needs Python's venv module; on Debian and Raspberry Pi OS: sudo apt install python3-venv")
endef
export PYTHON_OK

help:
	@echo "make TARGET, where TARGET is one of:"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 22

setup: .venv/.weights ## make .venv, install everything, fetch the model weights
	@[ ! -e .venv/.weights ] || echo "Ready. Start with: make run"

run: .venv/.weights ## watch the cameras of ./config.yaml (as shipped: a demo clip); Ctrl-C ends it
	@exec .venv/bin/monitor run

test: .venv/.weights .venv/.dev ## run the tests (ARGS="-k camera" for some of them)
	@.venv/bin/python -m pytest $(ARGS)

faults: .venv/.weights .venv/.dev ## inject every fault in full and print what was held: 20 minutes
	@MONITOR_FAULTS=full .venv/bin/python -m pytest -q tests/faults $$(.venv/bin/python -m tests.faults.rows) $(ARGS)

soak: .venv/.weights .venv/.dev ## break something every 20 s for MINUTES=20 and draw logs/soak.png
	@.venv/bin/python -m tests.faults.soak $(or $(MINUTES),20)

check: .venv/.dev ## style, types, architecture and documentation
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/python -m pytest -q $(wildcard tests/test_architecture.py tests/test_docs.py)

weights: .venv/.installed ## fetch the model weights again, or those that were not to be had
	@.venv/bin/monitor weights fetch && touch .venv/.weights

install-service: .venv/.weights ## install the systemd service (as root; DESTDIR=… for packages)
	@DESTDIR='$(DESTDIR)' sh systemd/install.sh

uninstall-service: ## remove the service; configuration and data stay
	@DESTDIR='$(DESTDIR)' sh systemd/uninstall.sh

clean: ## remove .venv and caches; weights, logs and configuration stay
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python-ok:
	@command -v '$(PYTHON)' >/dev/null || { echo "There is no $(PYTHON) here; on Debian and Raspberry Pi OS: sudo apt install python3 python3-venv" >&2; exit 1; }
	@'$(PYTHON)' -c "$$PYTHON_OK"

.venv/.installed: pyproject.toml constraints.txt | python-ok
	@PYTHON='$(PYTHON)' sh systemd/venv.sh
	@touch $@

.venv/.dev: .venv/.installed
	@.venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# A model that cannot be fetched today is no reason not to install; the next make tries again.
.venv/.weights: .venv/.installed
	@.venv/bin/monitor weights fetch && touch $@ || echo "The model weights could not be fetched, and nothing runs without. When the network is back: make weights" >&2
