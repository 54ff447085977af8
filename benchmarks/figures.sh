#!/usr/bin/env bash
# Draws the charts (docs/img) and writes the README's figures from benchmarks/results/*.json: nothing there is typed by hand.
# First measure, on a machine that does nothing else:
#   benchmarks/run.sh [--quick] && benchmarks/figures.sh
set -euo pipefail
cd "$(dirname "$0")"
exec env PYTHONDONTWRITEBYTECODE=1 python3 suite/figures.py
