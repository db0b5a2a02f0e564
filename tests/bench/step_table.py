#!/usr/bin/env python3
"""pare-train's step against PyTorch's (peer_step.py), in turns, one process each.

    python tests/bench/step_table.py build/release/tests/bench/step_bench [--rounds 5]
    python tests/bench/step_table.py build/release/tests/bench/step_bench --gpu

On the CPU: WRN-16-2, both with an allocator that keeps memory. On a GPU: WRN-28-10 in bfloat16, recorded as a CUDA graph, PyTorch's
also by torch.compile with such graphs where --compiled names the student. Prints the median step in milliseconds, and PyTorch's best over ours: above
1 pare is faster. Only the ratios mean anything on another machine.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

STUDENTS = ["Conv", "Generic_0.1", "Shuffle_4", "Hashed_0.1", "ACDC_12", "TensorTrain_0.3"]
ALONE = ["SepHashed_0.1"]  # which the peer does not have
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1), "MALLOC_TOP_PAD_": str(64 << 20)}
ON_GPU = (
    "--network wrn-28-10 --batch 128 --device cuda --precision bf16 --channels-last --warmup 10 --steps 40 --at-once 10".split()
)


def run(command):
    """What the program says; its last line says why where it fails."""
    out = subprocess.run(command, env={**os.environ, **KEEP_MEMORY}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if out.returncode != 0:
        print(" ".join(command), out.stderr, sep="\n", file=sys.stderr)
        raise RuntimeError((out.stderr.strip().splitlines() or [f"exit {out.returncode}"])[-1])
    return json.loads(out.stdout.splitlines()[-1])


def table(students, programs, rounds):
    """programs: (column, who, command) each; a row for each student."""
    print(f"{'student':16} {'parameters':>10} " + " ".join(f"{column:>13}" for column, _, _ in programs) + "  ratio", flush=True)
    failed = False
    for student in students:
        seconds = {column: [] for column, _, _ in programs}
        parameters = set()
        for _ in range(rounds):
            for column, _, command in programs:
                if not command(student):
                    continue
                try:
                    result = run(command(student))
                except RuntimeError as error:
                    print(f"{student}, {column}: {error}", file=sys.stderr)
                    failed = True
                    continue
                seconds[column].append(statistics.median(result["seconds"]))
                parameters.add(result["parameters"])
        if len(parameters) != 1:
            sys.exit(f"{student}: the programs train different networks: {sorted(parameters)} parameters")
        times = {column: statistics.median(taken) for column, taken in seconds.items() if taken}
        best = {who: min((times[c] for c, w, _ in programs if w == who and c in times), default=None) for who in ("pare", "peer")}
        cells = " ".join(f"{times[c] * 1e3:13.1f}" if c in times else f"{'-':>13}" for c, _, _ in programs)
        ratio = f"{best['peer'] / best['pare']:7.2f}" if best["pare"] and best["peer"] else "      -"
        print(f"{student:16} {parameters.pop():>10} {cells} {ratio}", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step_bench")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--threads", default="2")
    parser.add_argument("--steps", default="15")
    parser.add_argument("--students", nargs="*")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--compiled", nargs="*", default=[])
    options = parser.parse_args()
    peer = [sys.executable, str(pathlib.Path(__file__).with_name("peer_step.py"))]

    def command(program, arguments, only=None):
        return lambda student: [*program, "--student", student, *arguments] if only is None or student in only else None

    if options.gpu:
        programs = [
            ("pare", "pare", command([options.step_bench], [*ON_GPU, "--mode", "graph"])),
            ("torch graph", "peer", command(peer, [*ON_GPU, "--mode", "graph"], STUDENTS)),
            ("torch.compile", "peer", command(peer, [*ON_GPU, "--mode", "compile"], options.compiled)),
        ]
        students = options.students or STUDENTS + ALONE
    else:
        arguments = ["--threads", options.threads, "--steps", options.steps]
        programs = [("pare", "pare", command([options.step_bench], arguments)), ("torch", "peer", command(peer, arguments))]
        students = options.students or STUDENTS
    sys.exit(table(students, programs, options.rounds or (1 if options.gpu else 5)))


if __name__ == "__main__":
    main()
