#!/usr/bin/env bash
# Linux 6.18, NumPy 2.2.6, 2026-11-29, Python 3.11
#
# Guess:   `resource.getrusage(RUSAGE_SELF).ru_maxrss` is the most memory that a process
#          has used, so a new process of its own measures a library fairly.
# Instead: a process begins with the peak of the one that started it, and keeps it over
#          exec. `VmHWM` in /proc/self/status begins anew.
# Seen:    ru_maxrss 406 MB, VmHWM 9 MB, of a process that does nothing
# Matters: a benchmark that has rendered a song before it starts a transcriber reports
#          its own memory as the transcriber's: the same for everyone.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q numpy==2.2.6
cat > child.py <<'PY'
import re
import resource

peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
own = int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) // 1024
print(peak, own)
PY
env/bin/python - <<'PY'
import subprocess
import sys

import numpy as np

song = np.ones(50_000_000)  # 400 MB
done = subprocess.run([sys.executable, "child.py"], capture_output=True, text=True)
peak, own = map(int, done.stdout.split())
print(f"ru_maxrss {peak} MB, VmHWM {own} MB, of a process that does nothing")
sys.exit(0 if peak > 300 > own else "CHANGED: the peak is the process's own")
PY
