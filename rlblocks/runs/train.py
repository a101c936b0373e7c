"""Training from Python: one call, and going on where a run stopped."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import torch

from rlblocks._core.block import Block
from rlblocks._core.errors import CheckpointError, RecipeError
from rlblocks._core.paths import join, walk
from rlblocks._core.plan import Plan
from rlblocks._core.recipe import Recipe
from rlblocks._core.state import build
from rlblocks._core.wiring import wire
from rlblocks.envs import Supplied, SuppliedVector, as_environment
from rlblocks.runs import checkpoint
from rlblocks.runs import folder as files
from rlblocks.runs._record import OPTIONS, options_of, recipe_of, write_record
from rlblocks.runs.agent import evaluation_seed
from rlblocks.runs.broken_laws import Asking
from rlblocks.runs.events import Callback, Saved, Started
from rlblocks.runs.live import live_view
from rlblocks.runs.metrics import MetricsWriter
from rlblocks.runs.options import ASKED_FOR, Choice, Options, choose_compile, choose_device, options_from
from rlblocks.runs.run import Run
from rlblocks.runs.session import Outcome, Session, verdict_of


def train(
    recipe: Recipe,
    env: Any = None,
    *,
    folder: str | Path | None = "runs",
    view: str = "auto",
    callbacks: Sequence[Callback] = (),
    command: str | None = None,
    notes: Sequence[str] = (),
    **options: Any,
) -> Run:
    """Train a recipe and return the finished run.

    Args:
        recipe: what to train.
        env: instead of the recipe's: a gymnasium id, an environment, a factory, or a vector environment.
        folder: where the run's own folder is made; None writes nothing.
        view: "auto" (live on a terminal, a line every ten seconds elsewhere), "plain", "json" or "quiet".
        callbacks: anything with `on(event)`.
        command: the command that began the run, for the record.
        notes: lines for the banner, such as which tuned settings were taken.
        options: the fields of `Options`, such as steps, seed, device, compile, evaluate_every, episodes and stop.

    Raises:
        RecipeError: the recipe does not fit the environment or an option is wrong; before the first step.
        RunError: the run broke; what was last saved is intact.
    """
    chosen = options_from(options)
    if env is not None:
        recipe = recipe.swap(env=as_environment(env))
    plan = wire(recipe)
    settled, audience = settle(plan, chosen), Audience(live_view(mode=view), tuple(callbacks), tuple(notes))
    where = None if folder is None else files.new_run_folder(Path(folder), f"{recipe.name}-{plan.facts.name}")
    if where is not None:
        write_record(where, recipe, chosen, command or shlex.join(sys.argv))
    return _drive(plan, settled, where, audience)


def resume(run: str | Path, *, view: str = "auto", callbacks: Sequence[Callback] = (), env: Any = None) -> Run:
    """Go on with a run where its last checkpoint stands, bit for bit as if it had never stopped.

    Args:
        run: its folder, or the beginning of its name.
        view: as in `train`.
        callbacks: as in `train`.
        env: needed only where the run was trained on an environment object: no file can hold one.

    Raises:
        RunError: there is no such run, nothing was saved yet, the checkpoint is damaged, or the run is held elsewhere.
    """
    where = files.find_run(str(run))
    recipe, chosen = recipe_of(where, env), options_of(where)
    with files.claim(where):
        tree, _ = checkpoint.load(where / files.LAST)
    if "session" not in tree:
        raise CheckpointError(f"the checkpoint of {where} holds networks only", fix="resume from the one named last")
    plan, chosen = wire(recipe), attrs.evolve(chosen, **tree["session"]["fixed"])
    return _drive(plan, settle(plan, chosen), where, Audience(live_view(mode=view), tuple(callbacks)), tree)


@attrs.frozen
class Audience:
    """Who is told of a run: what is shown, who listens besides, and what the banner should say."""

    view: Callback
    callbacks: tuple[Callback, ...] = ()
    notes: tuple[str, ...] = ()


@attrs.frozen
class Settled:
    """Options that suit the plan and this machine, and what was chosen where they say "auto"."""

    options: Options
    device: Choice
    mode: Choice


def settle(plan: Plan, options: Options) -> Settled:
    """Choose what is left open.

    Raises:
        RecipeError: the run would never learn, could not be evaluated, or is to use what is not there.
    """
    _check_budget(plan, options)
    if options.episodes and isinstance(plan.recipe.env, Supplied | SuppliedVector):  # may be the only one of its kind
        plan.recipe.env.build(evaluation_seed(options), n=options.episodes).close()
    chunk = plan.recipe.store.chunk(plan.facts.n)
    mode = choose_compile(options.compile, plan.recipe.cadence.updates_planned(options.steps, chunk))
    return Settled(options, choose_device(options.device, _parameters(plan)), mode)


def _drive(
    plan: Plan, settled: Settled, where: Path | None, audience: Audience, tree: dict[str, Any] | None = None
) -> Run:
    """Build the state, run the session, and hand over the run, whatever happens in between."""
    options, device, mode = settled.options, settled.device, settled.mode
    # A run never changes its device or the way its learn step runs: both move the last bits.
    fixed = {"device": str(device.value), "compile": ASKED_FOR[mode.value]}
    threads = torch.get_num_threads()
    torch.set_num_threads(options.threads)
    try:
        with ExitStack() as stack:
            if where is not None:
                stack.enter_context(files.claim(where))
                audience = attrs.evolve(audience, notes=(*audience.notes, *_machine_notes(where, fixed["device"])))
            state = build(plan, seed=options.seed, budget=options.steps, device=device.value)
            stack.callback(state.pool.close)
            asking = Asking.of(state, options, where)
            if tree is not None:
                state.load(tree)
            metrics = stack.enter_context(_metrics(where, tree)) if where is not None else None
            listeners = [
                *([MetricsWriter(metrics)] if metrics else []), audience.view, *audience.callbacks,
            ]  # fmt: skip
            outcome = Outcome(**tree["session"]["outcome"]) if tree is not None else Outcome()
            owed = tree is not None and bool(tree["session"].get("owed"))
            session = Session(
                plan, state, options, folder=where, metrics=metrics, callbacks=listeners, mode=mode.value,
                outcome=outcome, owed=owed, fixed=fixed,
            )  # fmt: skip
            asking.begin(session)
            session.emit(_started(session, device, mode, audience.notes))
            if tree is not None and where is not None:
                session.emit(Saved(state.counters.env_steps, where / files.LAST, "last", outcome.seconds))
            return _run(session, asking)
    finally:
        torch.set_num_threads(threads)


def _check_budget(plan: Plan, options: Options) -> None:
    """Refuse a run that would end before it learns."""
    needs, first = plan.recipe.cadence.needs(), plan.recipe.store.least_rows(plan.facts.n)
    if options.steps < first:
        raise RecipeError(
            f"recipe {plan.recipe.name!r} would never learn: the run takes {options.steps:,} steps, and slot 'store' "
            f"holds {type(plan.recipe.store).__name__}, which hands over its first chunk after {first:,}",
            fix=f"take more steps: steps={10 * first:_}, or make the chunk smaller",
        )
    if options.steps <= needs:
        shorter = max(1, options.steps // 10)
        raise RecipeError(
            f"recipe {plan.recipe.name!r} would never learn: the run takes {options.steps:,} steps, and learning "
            f"begins once the store holds {needs:,} rows",
            fix=f"take more steps, or a shorter warm-up: cadence.warmup={shorter}"
            if shorter < needs else f"take more steps: steps={10 * needs:_}",
        )  # fmt: skip


def _run(session: Session, asking: Asking) -> Run:
    """From the first step to the last picture."""
    try:
        session.run()
    except Exception as error:
        session.fail(error)
        raise
    run = Run(
        session.plan, session.agent, session.options, session.folder, session.outcome, session.reason, asking.report
    )
    records = session.folder is not None and session.reason != "interrupted" and session.options.video == "auto"
    missing = run.keepsake(run.video) if records and session.plan.facts.renders else ""
    asking.end(session)
    session.finish(session.reason, verdict_of(session) + (f"; no video: {missing}" if missing else ""))
    if session.folder is not None:
        run.keepsake(run.plot)
    return run


def _machine_notes(where: Path, device: str) -> list[str]:
    """What has changed since the run began that moves the last bits; writes the record of a run that begins."""
    now, path = files.machine_record(device), where / files.MACHINE
    if path.exists():
        return files.compare_machines(json.loads(path.read_text(encoding="utf-8")), now)
    path.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    return []


def _metrics(where: Path, tree: dict[str, Any] | None) -> files.MetricsFile:
    """The metrics file, cut back to where the checkpoint stands."""
    path = where / files.METRICS
    if tree is not None and files.cut_back(path, tree["session"]["metrics"]) < tree["session"]["metrics"]:
        raise CheckpointError(
            f"{path} is shorter than its checkpoint remembers: lines of it are lost",
            fix="put the file back from a copy, or start a new run from the recipe in the folder",
        )  # fmt: skip
    return files.MetricsFile(path)


def _parameters(plan: Plan) -> int:
    from rlblocks._core.dry_run import META, build_modules

    return sum(p.numel() for module in build_modules(plan, None, META).values() for p in module.parameters())


def _started(session: Session, device: Choice, mode: Choice, notes: Sequence[str]) -> Started:
    plan, options = session.plan, session.options
    from rlblocks.runs.machine import version_of

    inexact = session.state.pool.inexact
    facts = {
        "rlblocks": f"{version_of('rlblocks')} (torch {torch.__version__})",
        "device": f"{device}",
        "threads": str(options.threads),
        "learn step": f"{mode}",
        "seed": str(options.seed),
        "resume": f"not exact: {inexact}" if inexact else "bit for bit",
        **{f"note {i}" if len(notes) > 1 else "note": note for i, note in enumerate(notes, 1)},
    }
    title = f"{plan.recipe.name} on {plan.facts.name}"
    return Started(title, session.folder, options.steps, session.state.counters.env_steps, facts, lines_of(plan.recipe))


def lines_of(recipe: Recipe) -> tuple[tuple[str, str], ...]:
    """The recipe, a slot and its block a line."""
    rows: list[tuple[str, str]] = [("gamma", f"{recipe.gamma:g}")]
    taken: list[tuple[Any, ...]] = []
    for steps, node in walk(recipe):
        if isinstance(node, Block) and not any(steps[: len(t)] == t for t in taken):
            taken.append(steps)
            rows.append((join(steps), repr(node)))
        elif steps[-1:] == ("members",) and node != 1:
            rows.append((join(steps), f"{node}"))
    return tuple(rows)


__all__ = ["OPTIONS", "options_from", "resume", "train"]
