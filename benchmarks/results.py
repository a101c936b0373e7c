"""The learning results of docs/results.md: what was trained, and the page that is written from it.

    python benchmarks/results.py train [--only NAME] [--jobs 2]   # trains what is missing, a process a seed
    python benchmarks/results.py write                            # writes docs/results.md

Each seed is one run with the settings of `rlblocks run`, tuned ones included, its learn step compiled. When it has
ended, the last policy and the checkpoint that the run itself called best play 100 episodes each, from start states that
neither training nor the run's own evaluations had. A finished seed is a line in docs/results.jsonl, so training can be
broken off and gone on with; a line counts only as long as the settings are those that it was trained with. Speeds are
lines of docs/speed.jsonl, as benchmarks/dqn_cartpole.py and its counterparts print them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # where a page is written from elsewhere

from experiments import EXPERIMENTS, MEASURES, Experiment
from speed_page import speeds

DOCS = Path(__file__).parents[1] / "docs"
RESULTS, SPEED, PAGE = DOCS / "results.jsonl", DOCS / "speed.jsonl", DOCS / "results.md"
EPISODES = 100
FEWEST = 5  # seeds of which an interval is worth anything
FIRST = "500, 500, 500, 185.8, 500, 236.3, 500, 147.7, 500, 202.8"  # CartPole-v1 before the coefficient was changed


def train_one(experiment: Experiment, seed: int, folder: str) -> dict[str, Any]:
    """Train one seed and play its policies."""
    import rlblocks
    from rlblocks._core.files import recipe_hash
    from rlblocks.runs.evaluation import evaluate
    from rlblocks.runs.folder import METRICS
    from rlblocks.runs.records import read_metrics

    recipe = experiment.made()
    run = rlblocks.train(recipe, steps=experiment.steps, seed=seed, compile=experiment.compiled, folder=folder,
                         video="never", view="quiet", evaluation_steps=experiment.cut)  # fmt: skip
    assert run.folder is not None
    trained = [e["return"] for e in read_metrics(run.folder / METRICS) if e["kind"] == "episode"][-EPISODES:]
    best = evaluate(rlblocks.load(run.folder, "best"), run.recipe.env, EPISODES, 10**6 + seed, steps=experiment.cut)
    measures = {name: take(run.agent, experiment.env, experiment.cut) for name, take in MEASURES.items()
                if name == experiment.column}  # fmt: skip
    return {
        "experiment": experiment.name, "recipe": recipe_hash(recipe), "seed": seed, "steps": experiment.steps,
        "trained": statistics.fmean(trained), "last20": run.outcome.last,
        "last": run.evaluate(EPISODES, 10**6 + seed).mean, "best": best.mean,
        "best_at": run.outcome.best_at, "solved_at": run.outcome.solved_at, "seconds": round(run.outcome.seconds, 1),
        **measures,
    }  # fmt: skip


def _work(job: tuple[Experiment, int, str]) -> dict[str, Any]:
    return train_one(*job)


def train(only: str, jobs: int, folder: str) -> None:
    """Train every seed that is not on file yet with the present settings."""
    done = {(e.name, r["seed"]) for r in lines(RESULTS) for e in EXPERIMENTS if e.counts(r)}
    todo = [(e, seed, folder) for e in EXPERIMENTS for seed in e.seeds
            if (e.name, seed) not in done and only in ("", e.name)]  # fmt: skip
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        for record in pool.imap_unordered(_work, todo):
            with RESULTS.open("a") as file:
                file.write(json.dumps(record) + "\n")
            print(json.dumps(record), flush=True)


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a file; none where there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write() -> None:
    """Write the page from what is on file."""
    PAGE.write_text("\n".join([HEAD, *_scores(), *speeds(lines(SPEED))]) + "\n", encoding="utf-8")


HEAD = f"""# Results

Written by `python benchmarks/results.py write` from docs/results.jsonl and docs/speed.jsonl.

Settings were frozen before the seeds below were run; they are the recipes' own, or `recipes/tuned.toml`'s. *Last* is
the last policy and *best* the checkpoint that the run itself called best, each over {EPISODES} greedy episodes from
start states that the run had never seen; *last (20)* is the run's own last evaluation, over 20; *training* is the mean
return of the last {EPISODES} episodes of training, exploration and all; *exact* is what the last policy is worth by the
environment's own table of transitions, without playing. The interval is the
95 % bootstrap interval of the mean over seeds. Training on two shared CPU cores, one thread a seed; the seconds are of
a machine that was now busy, now not.

CartPole-v1 was first run with ½δ² instead of δ² (`losses[0].coefficient=1`), which moves where the gradient norm is
clipped: its last policies scored {FIRST} in seeds 0 to 9
(6 of 10 at 475 or more). The coefficient 2 was then chosen on four other seeds (500, 482, 500, 469), and seeds 10 to 19
were run.

td3 on HalfCheetah-v5 was planned with seeds 20 to 22, whose mean was 5428, with an interval of 4914 to 5701; 23 and 24
were added with the same settings, because an interval is given here from five seeds on. Both intervals hold the score
asked for, and neither mean reaches it: that of five is lower, its interval wider, as seed 24 lies far below the others.

## Scores
"""


def _scores() -> Iterator[str]:
    records = lines(RESULTS)
    kept = {e.name: sorted(filter(e.counts, records), key=lambda r: r["seed"]) for e in EXPERIMENTS}
    yield "| recipe, environment | steps, seeds | training | last (20) | last | best | 95 % | asked | reached |"
    yield "|---|---|---|---|---|---|---|---|---|"
    yield from (_row(e, kept[e.name]) for e in EXPERIMENTS if kept[e.name])
    for e in EXPERIMENTS:
        earlier = sum(r["experiment"] == e.name for r in records) - len(kept[e.name])
        if kept[e.name] or earlier:
            yield from ["", f"### {e.recipe} on {e.env}", "", f"    {e.command}", ""]
            yield from _seeds(e, kept[e.name])
        if earlier:
            yield from ["", f"Lines of docs/results.jsonl left out, trained with earlier settings: {earlier}."]


def _row(e: Experiment, rows: list[dict[str, Any]]) -> str:
    from rlblocks.runs.statistics import bootstrap_interval

    mean = {c: _mean(e, rows, c) for c in ("trained", "last20", "last", "best")}
    span = bootstrap_interval([r[e.column] for r in rows])
    return (
        f"| {' + '.join((e.recipe, *e.patches))}, {e.env} | {e.steps:,}, {len(rows)} | {mean['trained']} | "
        f"{mean['last20']} | "
        f"{mean['last']} | {mean['best']} | {e.said(float(span.low))} … {e.said(float(span.high))} ({e.column}) | "
        f"{e.asked} | {_reached(e, rows, float(span.high))} |"
    )


def _mean(e: Experiment, rows: list[dict[str, Any]], column: str) -> str:
    values = [r[column] for r in rows if column in r]
    return e.said(statistics.fmean(values)) if values else "–"


def _seeds(e: Experiment, rows: list[dict[str, Any]]) -> Iterator[str]:
    more = [column for column in MEASURES if column == e.column]
    if rows:
        yield " | ".join(
            ["| seed | training | last (20) | last | best", *more, "best at | solved at | seconds | recipe |"]
        )
        yield "|---" * (9 + len(more)) + "|"
    for r in rows:
        scores = [_mean(e, [r], column) for column in ("trained", "last20", "last", "best", *more)]
        yield (
            f"| {r['seed']} | {' | '.join(scores)} | {r['best_at']:,} | "
            f"{r['solved_at']:,} | {r['seconds']:.0f} | `{r['recipe']}` |"
        )


def _reached(e: Experiment, rows: list[dict[str, Any]], high: float) -> str:
    """Whether the score asked for was reached, by the rule that is stated beside it."""
    values = [r[e.column] * e.sign for r in rows]
    run = "" if len(rows) == len(e.seeds) else f" ({len(rows)} of {len(e.seeds)} seeds run so far)"
    if e.needed:
        good = sum(value >= e.least for value in values)
        return f"{'yes' if good >= e.needed else 'not yet' if run else 'no'}: {good} of {len(values)}{run}"
    mean, enough = statistics.fmean(values), len(values) >= len(e.seeds) and len(values) >= FEWEST
    if mean >= e.least * e.sign:
        return f"yes: {e.said(mean * e.sign)}{run}"
    return f"{'the interval reaches it' if high >= e.least and enough else 'no'}: {e.said(mean * e.sign)}{run}"


def main() -> None:
    """Train or write."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "write"))
    parser.add_argument("--only", default="", choices=("", *(e.name for e in EXPERIMENTS)))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", default="runs/results")
    given = parser.parse_args()
    if given.what == "train":
        train(given.only, given.jobs, given.folder)
    write()


if __name__ == "__main__":
    main()
