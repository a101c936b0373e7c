"""The part of docs/results.md that says how fast it goes, from the lines of docs/speed.jsonl."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]

NETWORKS = """
## Speed

One thread, CartPole-v1, MLP 120-84, batch 128, one update a step: environment steps a second, medians of alternating
rounds on a shared machine. `whole` is from the first reset to the end of training; `steady` begins 3,000 steps after
learning began. The compiled rounds found torch's compilation cache filled; with an empty one the same run compiles for
about 20 s more, which makes 328 steps a second of the whole.

    STEPS=12000 python benchmarks/dqn_cartpole.py; COMPILE=always STEPS=12000 python benchmarks/dqn_cartpole.py

| library | rounds | whole | × | steady | × |
|---|---|---|---|---|---|"""

TABLES = """
### Tables

Tabular Q-learning beside the loop that textbooks print, one thread: environment steps a second of the processor's time,
medians of rounds in which all take turns in one process, from a quarter of the run to its end, on a machine that was
busy with other things. `vector` is 256 environments of gymnasium and one learn step on their 256 rows, `table` the same
with env=transition_table, which steps them all by one look into their table of transitions.

    STEPS=8000 python benchmarks/tables.py

| environment | who | rounds | steps a second | × |
|---|---|---|---|---|"""


def speeds(lines: Sequence[Line]) -> Iterator[str]:
    """Both parts; a part without lines is left out."""
    tables = [line for line in lines if line["job"].startswith("table_")]
    yield from _networks([line for line in lines if line not in tables])
    yield from _tables(tables)


def _networks(lines: Sequence[Line]) -> Iterator[str]:
    """Medians over alternating rounds, and ratios to the first peer."""
    rows: dict[str, list[Line]] = {}
    for line in lines:
        rows.setdefault(f"{line['peer']} {line['version']}", []).append(line)
    if not rows:
        return
    yield NETWORKS
    base = next((name for name in rows if name.startswith("sb3")), next(iter(rows)))
    middle = {
        name: [statistics.median(r[k] for r in rs) for k in ("env_steps_per_s", "steady_env_steps_per_s")]
        for name, rs in rows.items()
    }
    for name, rs in rows.items():
        (whole, steady), (base_whole, base_steady) = middle[name], middle[base]
        ratios = whole / base_whole, steady / base_steady
        yield f"| {name} | {len(rs)} | {whole:,.0f} | {ratios[0]:.2f} | {steady:,.0f} | {ratios[1]:.2f} |"


def _tables(lines: Sequence[Line]) -> Iterator[str]:
    """Medians over rounds, and ratios to the textbook's loop in the same environment."""
    rows: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        rows.setdefault((line["job"].removeprefix("table_"), line["peer"]), []).append(line["per_cpu_s"])
    if rows:
        yield TABLES
    for (env, peer), values in rows.items():
        middle, base = statistics.median(values), statistics.median(rows[env, "textbook"])
        yield f"| {env} | {peer} | {len(values)} | {middle:,.0f} | {middle / base:.2f} |"
