"""What a key costs in the picker's search, beside ``fzf --bench`` and bare frizbee on the same lines.

Run it by ``python tests/benchmarks/bench_search.py [--fzf PATH]``. Every figure is a median of the times of single
searches in milliseconds: with an index whose memory of earlier words is emptied before each (``cold``), and as a person
types, letter by letter, with the positions of 40 rows (``typed``, and its 95th percentile). A bare matcher takes the
query over one line a target, unweighted, its best 200 (``bare``). Without an fzf that knows ``--bench`` (newer than
0.65) its columns stay empty.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from frizbee import Haystacks, Matcher, Pattern

from xswitch.catalog.model import Account, Target
from xswitch.catalog.search import Index

QUERIES = (
    "p",
    "pay",
    "pay prod",
    "pay prod ro",
    "brkgl",
    "!sandbox admin",
    "ou:prod audit",
    "env:prod web",
    "4444",
    "zzzz",
)
NOW = 1_790_000_000.0
ROLES = (
    "ReadOnly", "Deploy", "Audit", "BreakGlass", "Admin", "PowerUser", "DatabaseMigration", "LogReader", "Billing",
    "NetworkAdmin",
)  # fmt: skip
TEAMS = (
    "payments",
    "payroll",
    "ledger",
    "display-ads",
    "search",
    "checkout",
    "data-lake",
    "web",
    "warehouse",
    "mobile",
)
PARTS = ("api", "core", "edge", "batch", "stream", "cache", "risk", "fraud", "reports", "gateway", "eu", "us", "apac")
STAGES = ("prod", "preprod", "staging", "dev", "sandbox")
FZF = re.compile(r"avg:\s*([\d.]+)(µs|us|ms|s)")
UNITS = {"µs": 1e-3, "us": 1e-3, "ms": 1.0, "s": 1e3}


def organization(accounts: int, roles: int, seed: int = 7) -> list[Target]:
    """Return the targets of an organization of look-alike names."""
    chance = random.Random(seed)
    targets: list[Target] = []
    for number in range(accounts):
        team, stage = chance.choice(TEAMS), chance.choice(STAGES)
        name = f"{team}-{chance.choice(PARTS)}-{stage}-{number}"
        ou = f"Workloads/{stage.title()}/{team.title()}"
        account = Account(
            f"{chance.randrange(10**12):012d}", name, ou, stage, (("team", team), ("cost", f"cc-{number % 97}"))
        )
        extra = chance.sample(ROLES[3:], 2) if roles < len(ROLES) and number % 5 == 0 else []
        names = dict.fromkeys([*ROLES[:roles], *extra])
        targets.extend(Target(account, role, f"arn:aws:iam::{account.id}:role/{role}") for role in names)
    return targets


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def forget(index: Index) -> None:
    """Empty what an index remembers of earlier words."""
    columns = index._built()[1]
    columns._known.clear()
    shared = (columns.environment.table, columns.ou.table, columns.tag.table)
    for table in (columns.role, columns.account, columns.id, *shared):
        table._hits.clear()
        table._spots.clear()


def cold(index: Index, query: str, visits: dict[str, tuple[float, int, float]], rounds: int) -> list[float]:
    """Return the times of a query that is new each time."""
    times: list[float] = []
    for _ in range(rounds):
        forget(index)
        times.append(milliseconds(lambda: index.search(query, visits=visits, now=NOW)))
    return times


def typed(index: Index, query: str, visits: dict[str, tuple[float, int, float]], rounds: int) -> list[float]:
    """Return the times of each key of a query, with the positions of 40 rows in sight."""
    times: list[float] = []

    def key(text: str) -> None:
        result = index.search(text, visits=visits, now=NOW)
        for row in result.rows[:40]:
            result.positions(row)

    for _ in range(rounds):
        forget(index)
        times.extend(milliseconds(lambda end=end: key(query[:end])) for end in range(1, len(query) + 1))
    return times


def bare(lines: Haystacks, query: str, rounds: int) -> float:
    """Return the milliseconds of frizbee alone."""
    asked = fzf_query(query)
    return statistics.median(
        milliseconds(lambda: Matcher.from_patterns(Pattern.from_query(asked), max_items=200).match_list(lines))
        for _ in range(rounds)
    )


def fzf_times(program: str, lines: Sequence[str], query: str) -> float | None:
    """Return the milliseconds that fzf takes for a query, by its own benchmark; None where it has none."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines))
        file.flush()
        with Path(file.name).open() as stdin:
            done = subprocess.run(
                [program, "--filter", query, "--bench", "1s"], stdin=stdin, capture_output=True, text=True, timeout=60
            )
    found = FZF.search(done.stdout + done.stderr)
    return float(found[1]) * UNITS[found[2]] if found else None


def fzf_query(query: str) -> str:
    """Return a query as fzf takes it: fields have no name there."""
    return re.sub(r"\b(?:ou|env):", "", query)


def report(accounts: int, roles: int, rounds: int, fzf: str) -> None:
    """Print the table of one size."""
    targets = organization(accounts, roles)
    chance = random.Random(3)
    visits = {chance.choice(targets).name: (chance.random() * 9, 5, NOW - chance.random() * 1e6) for _ in range(200)}
    index = Index(targets, STAGES)
    built = milliseconds(index.warm)
    lines = [f"{t.account.name} {t.role} {t.account.id} {t.account.ou} {t.account.environment}" for t in targets]
    haystacks = Haystacks(lines)
    print(f"\n{len(targets):,} targets, {accounts:,} accounts; built in {built:.0f} ms")
    heads = ("rows", "cold", "typed", "p95", "bare", "/ bare", "fzf", "/ fzf")
    print(f"{'query':18}" + "".join(f"{head:>9}" for head in heads))
    table: list[list[float]] = []
    keys: list[float] = []
    for query in QUERIES:
        once = statistics.median(cold(index, query, visits, rounds))
        each = typed(index, query, visits, max(3, rounds // 5))
        floor = bare(haystacks, query, rounds)
        theirs = fzf_times(fzf, lines, fzf_query(query)) if fzf else None
        keys += each
        row = [once, statistics.median(each), statistics.quantiles(each, n=20)[-1], floor, once / floor]
        row += [] if theirs is None else [theirs, once / theirs]
        table.append(row)
        print(f"{query:18}{index.search(query).total:>9,}" + "".join(f"{figure:>9.2f}" for figure in row))
    middle = [statistics.median(column) for column in zip(*table, strict=True)]
    middle[1:3] = [statistics.median(keys), statistics.quantiles(keys, n=20)[-1]]
    print(f"{'median':18}{'':>9}" + "".join(f"{figure:>9.2f}" for figure in middle))


def main() -> None:
    """Print the tables: 10,000 targets (goal: 2 ms a key), 100,000 (10 ms; 0.25 of fzf), and no account shared."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fzf", default=shutil.which("fzf") or "", help="an fzf that knows --bench")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print("milliseconds, medians; cold: a new query; typed: letter by letter, with the positions of 40 rows in sight")
    report(1_000, 10, options.rounds, options.fzf)
    report(10_000, 10, options.rounds, options.fzf)
    report(100_000, 1, max(5, options.rounds // 3), options.fzf)


if __name__ == "__main__":
    main()
