#!/usr/bin/env python3
"""Checks what files of pare.candidates/1 claim (solver/README.md), in whole numbers, and without anything of Pare.

    check_candidates.py FILE...                 a line for each; exit status 0 only where every claim is proven
    check_candidates.py --levels FILE NEXT      NEXT has the candidates of FILE above its least level, and proves that no choice
                                                of these meets the budgets: FILE's least level is the highest there is
"""
import bisect
import itertools
import json
import math
import sys

TRIED = 20_000  # candidates that the depth-first search tries
PAIRS = 20_000_000  # of a state and a candidate, that the enumeration looks at


class Unproven(Exception):
    pass


class Refuted(Exception):
    pass


def whole(value, least=-2**63):
    if type(value) is not int or not least <= value < 2**63:
        raise Refuted(f"{json.dumps(value)} must be a whole number from {least} up")
    return value


class Rest:
    """The choices of `target` or more: what is left of the layers, as (how many equal ones, [(reduced value, score, costs)])."""

    def __init__(self, layers, limits, prices, shift, target):
        self.layers, self.limits, self.prices, self.shift, self.target = layers, list(limits), prices, shift, target
        while not self.is_empty() and self.leave_out():
            pass

    def is_empty(self):
        return any(not candidates for _, candidates in self.layers)

    def leave_out(self):
        """Leaves out what is in none of them; whether that was anything."""
        size = sum(len(candidates) for _, candidates in self.layers)
        step, first, _, _ = self.sums(lambda c: c[1])
        self.target += (first - self.target) % step if step else max(first - self.target, 0)
        ranges = [self.sums(lambda c, j=j: c[2][j]) for j in range(len(self.limits))]
        for j, (step, first, least, most) in enumerate(ranges):
            limit = min(self.limits[j], most)
            self.limits[j] = limit - (limit - first) % step if step else min(limit, first)
        top = sum(times * max(c[0] for c in candidates) for times, candidates in self.layers)
        slack = top + sum(m * l for m, l in zip(self.prices, self.limits)) - (self.target << self.shift)

        def keeps(candidates):
            best = max(c[0] for c in candidates)
            spare = [l - r[2] + min(c[2][j] for c in candidates) for j, (l, r) in enumerate(zip(self.limits, ranges))]
            return [c for c in candidates if best - c[0] <= slack and all(a <= b for a, b in zip(c[2], spare))]

        self.layers = [(times, keeps(candidates)) for times, candidates in self.layers]
        return sum(len(candidates) for _, candidates in self.layers) < size

    def sums(self, number):
        """Of the sums over all choices: what their differences are multiples of, one, the least and the most."""
        step = first = least = most = 0
        for times, candidates in self.layers:
            numbers = [number(c) for c in candidates]
            step = math.gcd(step, *(n - numbers[0] for n in numbers))
            first, least, most = first + times * numbers[0], least + times * min(numbers), most + times * max(numbers)
        return step, first, least, most

    def arrange(self):
        """The layers one by one, and for each what those from it on have at best: (reduced value, least costs, most costs)."""
        start, self.steps = (0, 0, (0,) * len(self.limits)), []
        for times, candidates in self.layers:
            if len(candidates) == 1:
                r, s, costs = candidates[0]
                start = (start[0] + times * r, start[1] + times * s, tuple(a + times * b for a, b in zip(start[2], costs)))
            else:
                self.steps += [sorted(candidates, key=lambda c: -c[0])] * times
        self.steps.sort(key=len)
        self.ahead = [(0, (0,) * len(self.limits), (0,) * len(self.limits))]
        for candidates in reversed(self.steps):
            best, least, most = self.ahead[-1]
            columns = list(zip(*(c[2] for c in candidates)))
            self.ahead.append((best + candidates[0][0], tuple(a + min(b) for a, b in zip(least, columns)),
                               tuple(a + max(b) for a, b in zip(most, columns))))
        self.ahead.reverse()
        return start

    def is_open(self, reduced, costs, ahead):
        """Whether it may meet the budgets and reach the target. 2^shift score = reduced value + sum of prices times costs."""
        best, least, most = ahead
        top = reduced + best - (self.target << self.shift)
        for cost, low, high, limit, price in zip(costs, least, most, self.limits, self.prices):
            if cost + low > limit:
                return False
            top += price * min(limit, cost + high)
        return top >= 0

    def find(self):
        """The value of one of the choices; None where there is none."""
        if self.is_empty():
            return None
        start = self.arrange()
        found = self.descend(start)
        return self.enumerate(start) if found is None else found

    def descend(self, start):
        """Depth first, from the middle of what is still possible; the last layer's candidate is looked up by its score."""
        if not self.steps:
            return None
        last = sorted((s, costs) for _, s, costs in self.steps[-1])
        scores = [s for s, _ in last]
        highest = (self.ahead[0][0] + start[0] + sum(m * l for m, l in zip(self.prices, self.limits))) >> self.shift
        j = max(range(len(self.limits)), key=lambda j: self.prices[j], default=None)

        def children(depth, state):
            def off_middle(c):
                return abs(2 * (self.limits[j] - state[2][j] - c[2][j]) - self.ahead[depth + 1][1][j] - self.ahead[depth + 1][2][j])
            return iter(self.steps[depth] if j is None else sorted(self.steps[depth], key=off_middle))

        path, tried = [((0, 0, (0,) * len(self.limits)), iter([start]))], 0
        while path and tried < TRIED:
            state, candidates = path[-1]
            c = next(candidates, None)
            if c is None:
                path.pop()
                continue
            tried += 1
            below = state[0] + c[0], state[1] + c[1], tuple(map(int.__add__, state[2], c[2]))
            depth = len(path) - 1
            if not self.is_open(below[0], below[2], self.ahead[depth]):
                continue
            if depth + 1 < len(self.steps):
                path.append((below, children(depth, below)))
                continue
            for s, costs in last[bisect.bisect_left(scores, self.target - below[1]):bisect.bisect_right(scores, highest - below[1])]:
                if all(a + b <= limit for a, b, limit in zip(below[2], costs, self.limits)):
                    return below[1] + s
        return None

    def enumerate(self, start):
        """All of them, layer by layer: of partial choices that cost the same, the one with the best score."""
        states, pairs = {start[2]: (start[0], start[1])}, 0
        room = sum(m * l for m, l in zip(self.prices, self.limits)) - (self.target << self.shift)
        probes = self.probes()
        for depth, (candidates, ahead) in enumerate(zip(self.steps, self.ahead[1:])):
            after = {}
            for costs, (reduced, score) in states.items():
                for r, s, more in candidates:
                    if reduced + r + ahead[0] + room < 0:
                        break
                    pairs += 1
                    total = tuple(map(int.__add__, costs, more))
                    if self.is_open(reduced + r, total, ahead) and (total not in after or after[total][1] < score + s):
                        after[total] = (reduced + r, score + s)
                if pairs > PAIRS:
                    raise Unproven("the multipliers leave too many choices to look at")
            for prices, tops in probes:
                after = {costs: state for costs, state in after.items()
                         if self.reduced(state[1], costs, prices) + tops[depth + 1] >= 0}
            states = self.undominated(after)
        values = [score for costs, (_, score) in states.items()
                  if score >= self.target and all(c <= l for c, l in zip(costs, self.limits))]
        return max(values, default=None)

    def reduced(self, score, costs, prices):
        return (score << self.shift) - sum(map(int.__mul__, prices, costs))

    def probes(self):
        """Prices a little higher and lower, which bound as well, and by how much the layers from each on with the limits are above
        the target by them. What costs far from where the best choices do is out by one of these."""
        out = []
        for share in (3, 5, 7, 9):
            for signs in itertools.product((-1, 0, 1), repeat=len(self.limits)):
                prices = [m + sign * (m >> share) for m, sign in zip(self.prices, signs)]
                if prices == self.prices or any(sign and not m for sign, m in zip(signs, self.prices)):
                    continue
                tops = [sum(m * l for m, l in zip(prices, self.limits)) - (self.target << self.shift)]
                for candidates in reversed(self.steps):
                    tops.append(tops[-1] + max(self.reduced(s, costs, prices) for _, s, costs in candidates))
                out.append((prices, tops[::-1]))
        return out

    def undominated(self, states):
        if len(self.limits) != 1:
            return states
        out, best = {}, None
        for costs in sorted(states):
            if best is None or states[costs][1] > best:
                out[costs], best = states[costs], states[costs][1]
        return out


def check(document):
    """The line that says what is proven; else an exception."""
    if document.get("schema") != "pare.candidates/1":
        raise Refuted("this is no pare.candidates/1")
    budgets, certificate = document["budgets"], document["certificate"]
    shift, value = whole(certificate["shift"], 0), certificate["value"]
    prices = [whole(m, 0) for m in certificate["multipliers"]]
    if len(prices) != len(budgets) or not {b["relation"] for b in budgets} <= {"<=", ">="} or shift > 62:
        raise Refuted("the certificate does not fit the budgets")
    signs = [1 if b["relation"] == "<=" else -1 for b in budgets]
    limits = [sign * whole(b["limit"]) for sign, b in zip(signs, budgets)]
    layers = []
    for layer in document["layers"]:
        candidates = []
        for c in layer["candidates"]:
            costs = tuple(sign * whole(cost, 0) for sign, cost in zip(signs, c["costs"], strict=True))
            score = 0 if value is None else whole(c["score"])
            candidates.append(((score << shift) - sum(m * cost for m, cost in zip(prices, costs)), score, costs))
        if not candidates or not layer["names"]:
            raise Refuted("a layer has no names or no candidates")
        layers.append((len(layer["names"]), candidates))

    upper = sum(t * max(c[0] for c in cs) for t, cs in layers) + sum(m * limit for m, limit in zip(prices, limits))
    if value is None:
        if upper >= 0 and Rest(layers, limits, prices, shift, 0).find() is not None:
            raise Refuted("a choice meets the budgets")
        return "infeasible"
    bound = upper >> shift
    if whole(value) > bound:
        raise Refuted(f"nothing is better than {bound}")
    better = Rest(layers, limits, prices, shift, value + 1).find()
    if better is not None:
        raise Refuted(f"a choice has {better}")
    if Rest(layers, limits, prices, shift, value).find() != value:
        raise Refuted(f"no choice has {value}")
    return f"optimal: value {value}, bound {bound}"


def check_levels(document, following):
    """That `following` has what `document` has above its least level, and nothing else."""
    def listed(layer):
        return [(tuple(c["costs"]), *map(whole, c["level"])) for c in layer["candidates"]]

    n, d = 1, 0  # the least level; infinite at first
    for layer in document["layers"]:
        for _, a, b in listed(layer):
            n, d = (a, b) if a * d < n * b else (n, d)
    above = [(layer["names"], sorted(c for c in listed(layer) if c[1] * d > n * c[2])) for layer in document["layers"]]
    if document["budgets"] != following["budgets"] or above != [(l["names"], sorted(listed(l))) for l in following["layers"]]:
        raise Refuted(f"the second file has not what the first has above its least level, {n}/{d}")
    if following["certificate"]["value"] is not None:
        raise Refuted("the second file is not said to be infeasible")
    check(following)
    return f"highest least level: {n}/{d}"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(arguments):
    levels = arguments[:1] == ["--levels"]
    if not arguments or (levels and len(arguments) != 3):
        print("usage: check_candidates.py FILE... | --levels FILE FILE.next", file=sys.stderr)
        return 2
    status = 0
    for paths in [arguments[1:3]] if levels else [[path] for path in arguments]:
        try:
            documents = [load(path) for path in paths]
            line = check_levels(*documents) if levels else check(*documents)
        except Unproven as reason:
            line, status = f"not proven: {reason}", 1
        except Refuted as reason:
            line, status = f"refuted: {reason}", 1
        except OSError as fault:
            line, status = f"not proven: {fault}", 1
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            line, status = f"refuted: this is no pare.candidates/1 ({fault})", 1
        print(line if len(arguments) == 1 or levels else f"{paths[0]}: {line}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
