#!/usr/bin/env python3
"""pare-train's step against eager PyTorch's (peer_step.py), in turns, one process each, both with an allocator that keeps memory.

    python tests/bench/step_table.py build/release/tests/bench/step_bench [--rounds 5]

Prints the median step of each, and their ratio: above 1 pare is faster. Only the ratios mean anything on another machine.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

STUDENTS = ["Conv", "Generic_0.1", "Shuffle_4", "Hashed_0.1", "ACDC_12", "TensorTrain_0.3"]
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1), "MALLOC_TOP_PAD_": str(64 << 20)}


def run(command):
    out = subprocess.run(command, env={**os.environ, **KEEP_MEMORY}, check=True, stdout=subprocess.PIPE)
    return json.loads(out.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("step_bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--steps", default="15")
    parser.add_argument("--students", nargs="*", default=STUDENTS)
    options = parser.parse_args()
    peer = str(pathlib.Path(__file__).with_name("peer_step.py"))
    print(f"{'student':16} {'parameters':>10} {'pare ms':>9} {'peer ms':>9} {'ratio':>6}")
    for student in options.students:
        seconds = {"pare": [], "peer": []}
        parameters = set()
        for _ in range(options.rounds):
            for who, program in (("pare", [options.step_bench]), ("peer", [sys.executable, peer])):
                result = run([*program, "--student", student, "--threads", options.threads, "--steps", options.steps])
                seconds[who].append(statistics.median(result["seconds"]))
                parameters.add(result["parameters"])
        if len(parameters) != 1:
            sys.exit(f"{student}: the two train different networks: {sorted(parameters)} parameters")
        pare, other = (statistics.median(seconds[who]) for who in ("pare", "peer"))
        print(f"{student:16} {parameters.pop():>10} {pare * 1e3:9.1f} {other * 1e3:9.1f} {other / pare:6.2f}", flush=True)


if __name__ == "__main__":
    main()
