#!/usr/bin/env bash
# What moved since the committed figures, in some five minutes: the scheduler's cases beside each peer that can run here, and beside the feasibility
# study, as ratios of one alternating run, against those of results/scheduler.json and results/lab.json. A ratio has moved when all rounds of this
# run lie on one side of the committed one, and their median by more than 15 %. Information, no verdict: the exit status says only whether it ran.
#   benchmarks/watch.sh [--short] [--rounds N]
#     --short    the study only, in one minute (CI)
# Peers of other versions than the committed figures' are shown beside ours and compared with nothing.
set -euo pipefail
cd "$(dirname "$0")"
command -v python3 >/dev/null || { echo "watch.sh needs python3 (its standard library only)" >&2; exit 2; }
case " $* " in *' --help '* | *' -h '*) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit ;; esac
exec env PYTHONDONTWRITEBYTECODE=1 python3 suite/watch.py "$@"
