#!/bin/sh
# Make .venv and install the project into it, with builds of PyTorch for the CPU wherever there are any. `make setup` calls it.
set -eu
cd "$(dirname "$0")/.."

cpu_index=https://download.pytorch.org/whl/cpu

say() { printf '\n== %s\n' "$*"; }
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
torch_on_offer() { pip index versions torch --retries 0 --timeout 5 "$@" 2>/dev/null || true; }

say "1/3 A virtual environment in .venv"
.venv/bin/python -c "" 2>/dev/null || "${PYTHON:-python3}" -m venv --clear .venv

say "2/3 PyTorch, for the CPU: about 200 MB"
version=$(sed -n 's/^torch==//p' constraints.txt)
offered=$(torch_on_offer)
index=
if [ "$(torch_on_offer --extra-index-url "$cpu_index")" != "$offered" ]; then
    index="--extra-index-url $cpu_index"
elif [ "$(uname -m)" = x86_64 ] && ! echo "$offered" | grep -qF "$version+cpu"; then
    echo "download.pytorch.org cannot be reached, so only the build for NVIDIA cards is to be had: it works without one, but is several gigabytes."
fi
# shellcheck disable=SC2086 # no index is no argument
pip install $index -c constraints.txt torch torchvision

say "3/3 Everything else"
pip install -c constraints.txt -e .
