#!/usr/bin/env python3
"""The choice of a pare.candidates/1 file by solvers that others wrote: HiGHS (to a gap of 0) and CP-SAT.

    python tests/bench/peer_solvers.py FILE... [--seconds 60] [--threads 1]

Prints a line for each file and solver: value, bound, seconds, status, and whether the value is the file's. Needs `highspy` and `ortools`
(pip), or the one of them that is there.
"""
import argparse
import json
import time


class Table:
    """Columns of whole numbers: how many of layer i's equal layers choose candidate c."""

    def __init__(self, document):
        self.budgets = document["budgets"]
        self.claimed = document["certificate"]["value"]
        self.equal = [len(layer["names"]) for layer in document["layers"]]
        self.columns = [(i, c["score"], c["costs"]) for i, layer in enumerate(document["layers"]) for c in layer["candidates"]]


def by_highs(table, seconds, threads):
    import highspy
    import numpy as np

    highs = highspy.Highs()
    for option, value in (("output_flag", False), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0), ("time_limit", float(seconds)),
                          ("threads", threads)):
        highs.setOptionValue(option, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(table.columns), len(table.budgets) + len(table.equal)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.array([score for _, score, _ in table.columns], dtype=float)
    lp.col_lower_ = np.zeros(len(table.columns))
    lp.col_upper_ = np.array([table.equal[i] for i, _, _ in table.columns], dtype=float)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(table.columns)
    lp.row_lower_ = np.array([b["limit"] if b["relation"] == ">=" else -np.inf for b in table.budgets] + table.equal)
    lp.row_upper_ = np.array([b["limit"] if b["relation"] == "<=" else np.inf for b in table.budgets] + table.equal)
    height = len(table.budgets) + 1
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(len(table.columns) + 1) * height
    lp.a_matrix_.index_ = np.array([r for i, _, _ in table.columns for r in (*range(height - 1), height - 1 + i)])
    lp.a_matrix_.value_ = np.array([v for _, _, costs in table.columns for v in (*costs, 1)], dtype=float)
    highs.passModel(lp)
    highs.run()
    info = highs.getInfo()
    status = highs.modelStatusToString(highs.getModelStatus())
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None, None, status
    # Doubles have 53 bits: the value is summed from the choice, in whole numbers.
    chosen = [round(x) for x in highs.getSolution().col_value]
    return sum(n * score for n, (_, score, _) in zip(chosen, table.columns)), info.mip_dual_bound, status


def by_cp_sat(table, seconds, threads):
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    numbers = [model.new_int_var(0, table.equal[i], "") for i, _, _ in table.columns]
    of_layer = [[] for _ in table.equal]
    for number, (i, _, _) in zip(numbers, table.columns):
        of_layer[i].append(number)
    for times, some in zip(table.equal, of_layer):
        model.add(sum(some) == times)
    for j, budget in enumerate(table.budgets):
        cost = cp_model.LinearExpr.weighted_sum(numbers, [costs[j] for _, _, costs in table.columns])
        model.add(cost <= budget["limit"] if budget["relation"] == "<=" else cost >= budget["limit"])
    model.maximize(cp_model.LinearExpr.weighted_sum(numbers, [score for _, score, _ in table.columns]))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = threads
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, None, solver.status_name(status)
    value = sum(solver.value(number) * score for number, (_, score, _) in zip(numbers, table.columns))
    return value, solver.best_objective_bound, solver.status_name(status)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    for path in arguments.files:
        with open(path, encoding="utf-8") as file:
            table = Table(json.load(file))
        print(f"{path}: {len(table.equal)} layers, {len(table.columns)} candidates, {len(table.budgets)} budgets, "
              f"value {table.claimed}")
        for name, solve in (("HiGHS", by_highs), ("CP-SAT", by_cp_sat)):
            begin = time.perf_counter()
            try:
                value, bound, status = solve(table, arguments.seconds, arguments.threads)
            except ImportError as missing:
                print(f"  {name:7} {missing}")
                continue
            same = "the same" if value == table.claimed else "another"
            print(f"  {name:7} {value} ({same}), bound {bound}, {time.perf_counter() - begin:.2f} s, {status}", flush=True)


if __name__ == "__main__":
    main()
