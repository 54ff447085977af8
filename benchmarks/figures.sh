#!/usr/bin/env bash
# Writes the figures of docs/benchmarks.md from benchmarks/results/*.json, and draws the charts (docs/img) as run.sh does: nothing there is typed by hand.
# First measure, on a machine that does nothing else:
#   benchmarks/run.sh [--quick] && benchmarks/figures.sh
set -euo pipefail
cd "$(dirname "$0")"
exec env PYTHONDONTWRITEBYTECODE=1 python3 suite/figures.py
