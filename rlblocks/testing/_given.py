"""Laws asked of inputs that somebody has, such as those of a run, instead of drawn ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import attrs
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Declared, Read
from rlblocks._core.keys import Spec, parse
from rlblocks.testing import _return_calls, _tensor_calls
from rlblocks.testing._adapters import unsupplied
from rlblocks.testing._call import Call, Function, snapshot
from rlblocks.testing._case import Case
from rlblocks.testing._compare import LawBroken
from rlblocks.testing._compute_calls import MEMORY, computed, reduced
from rlblocks.testing._coverage import Coverage
from rlblocks.testing._critic_calls import Setting, has_rows
from rlblocks.testing._examples import without_local_constants
from rlblocks.testing._law import Law
from rlblocks.testing._names import arguments_of, asked_by
from rlblocks.testing.trajectories import facts

COMPUTING = ("targets", "losses", "explorers", "transforms")
DRAWS = 2  # examples of a law that draws beside its inputs: hypothesis begins with the simplest, such as no permutation


@attrs.frozen
class Around:
    """What is known around a call.

    Attributes:
        action: what is known of the environment's actions.
        members: by the name of a key, how many networks write it; 0, or no entry, where one does.
        timed: whether rows stand in time order, `[T, B]`.
    """

    action: Spec = attrs.Factory(Spec)
    members: Mapping[str, int] = attrs.Factory(dict)
    timed: bool = False


def call_on(block: Block, given: Mapping[str, Any], around: Around = Around()) -> Call | None:
    """The call of `compute` with these arguments, whose tensors are copied; None where no law could be asked of it.

    >>> import torch
    >>> from rlblocks.losses import SquaredError
    >>> call = call_on(SquaredError(), {"prediction": torch.zeros(3), "td_target": torch.ones(3)})
    >>> call()["loss"], call.sizes["batch"]
    (tensor(0.5000), 3)
    """
    made = _MAKERS.get(block.role)
    if made is None or unsupplied(block):
        return None
    return made(block, snapshot(dict(given)), around)


def _of_compute(block: Block, given: Mapping[str, Any], around: Around) -> Call:
    """Of a block whose inputs are declared one by one; rows in time order become rows in one line."""
    asked, meaning = asked_by(block), {argument: name for name, argument in arguments_of(block).items()}
    inputs = {meaning.get(name, name): value for name, value in given.items()}
    rows = frozenset(n for n, of in asked.items() if isinstance(inputs.get(n), Tensor) and has_rows(of))
    if around.timed:
        inputs |= {name: inputs[name].flatten(0, 1) for name in rows}
    lead = {name: 1 for name in rows if _leads(asked[name], around)}
    batch = next((inputs[name].shape[lead.get(name, 0)] for name in rows), 0)
    remembered = frozenset({MEMORY} if block.role == "explorers" and MEMORY in inputs else ())
    members = max((_members(of, around) for of in asked.values()), default=0)
    sizes = {"batch": batch, "action": around.action.n if isinstance(around.action.n, int) else 0, "member": members}
    name, names = f"{block!r}.compute", arguments_of(block)
    return Call(
        block, computed, inputs, name, sizes, rows | remembered, lead, reduced(block), arguments=names,
        action=around.action,
    )  # fmt: skip


def _members(asked: Declared, around: Around) -> int:
    return around.members.get(parse(asked.key).name, 0) if isinstance(asked, Read) else 0


def _leads(asked: Declared, around: Around) -> bool:
    """Whether a dim for members stands before the rows: in what networks say, and in a target for each of them."""
    if not _members(asked, around) or not isinstance(asked, Read):
        return False
    return not parse(asked.key).which or Setting(around.action, 1).leads(asked)


def _of_returns(block: Block, given: Mapping[str, Any], around: Around) -> Call:  # noqa: ARG001  the signature of a maker
    """Of an estimator, by the columns of a trajectory."""
    meaning = {argument: name for name, argument in _return_calls.meanings(block).items()}
    inputs = {meaning.get(name, name): value for name, value in given.items()}
    rows = frozenset(name for name in inputs if name in _return_calls.KEYS.values())
    time, batch = inputs["reward"].shape
    made = _return_calls.computed
    names = _return_calls.meanings(block)
    sizes, notes = {"time": time, "batch": batch}, tuple(facts(inputs))
    return Call(block, made, inputs, f"{block!r}.compute", sizes, rows, arguments=names, notes=notes)


def _of_tensors(function: Callable[[Any], Function]) -> Callable[..., Call]:
    """Of a block that writes in place."""
    return lambda block, given, _: Call(block, function, given, f"{block!r}.compute")


def _of_normalizers(block: Block, given: Mapping[str, Any], around: Around) -> Call:
    """Of a normalizer: x is read, and what it remembers is held still."""
    inputs = dict(given)
    if around.timed:
        inputs["x"] = inputs["x"].flatten(0, 1)
    sizes = {"batch": inputs["x"].shape[0]}

    def function(of: Any) -> Function:
        return lambda x, carry: {"x": of.compute(x=x, carry=carry)}

    return Call(block, function, inputs, f"{block!r}.compute", sizes, frozenset({"x"}))


_MAKERS: dict[str, Callable[[Block, Mapping[str, Any], Around], Call]] = {
    **dict.fromkeys(COMPUTING, _of_compute),
    "returns": _of_returns,
    "target_updates": _of_tensors(_tensor_calls.followed),
    "optimizers": _of_tensors(_tensor_calls.stepped),
    "normalizers": _of_normalizers,
}


def first_rows(call: Call, count: int) -> Call:
    """The call on its first rows alone, or on all that there are; on all where a function of the rows is an input."""
    if has_functions(call):
        return call
    count = min(count, call.sizes["batch"])
    kept = call.with_inputs(**call.map_rows(lambda value: value[:count]))
    return attrs.evolve(kept, sizes={**call.sizes, "batch": count})


def has_functions(call: Call) -> bool:
    """Whether an input is a function of the rows beside it, such as a critic, which cannot be asked of other rows."""
    asked = asked_by(call.block) if call.block.role in COMPUTING else {}
    return any(callable(value) and name != "backup" for name, value in call.inputs.items() if name in asked)


class _Drawing(Exception):  # noqa: N818  a way out of a body, not an error
    """The body of a law draws something beside its inputs."""


class _Nothing:
    """Stands where hypothesis hands out what is drawn, for laws that draw nothing."""

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:  # noqa: ARG002  the signature of a `DataObject`
        """Leave the body."""
        raise _Drawing


def broken_by(law: Law, call: Call, number: int = 1, coverage: Coverage | None = None) -> str:
    """Why a law is broken by a block on the inputs of this call; empty where it holds, or does not apply.

    Args:
        law: asked by its own body, which is handed this call wherever it asks for one.
        call: of the block.
        number: decides what is drawn besides, such as the order of rows in a law on permutations.
        coverage: takes note of what the inputs contain.

    >>> import torch
    >>> from rlblocks.losses import SquaredError
    >>> from rlblocks.testing import laws_for
    >>> call = call_on(SquaredError(), {"prediction": torch.zeros(3), "td_target": torch.ones(3)})
    >>> {law.id: broken_by(law, call) for law in laws_for("losses") if law.id in ("GEN-1", "GEN-9")}
    {'GEN-1': '', 'GEN-9': ''}
    """
    if law.needs(call.block):
        return ""
    coverage = coverage or Coverage()
    try:
        law.body(Case(call.block, cast("st.DataObject", _Nothing()), coverage, call))
    except _Drawing:
        return _with_draws(law, call, number, coverage)
    except Exception as error:  # noqa: BLE001  whatever a block raises is a broken law
        return _said(error, call)
    return ""


def _with_draws(law: Law, call: Call, number: int, coverage: Coverage) -> str:
    @seed(number)
    @settings(
        derandomize=False, deadline=None, database=None, max_examples=DRAWS, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet, phases=(Phase.generate,),
    )  # fmt: skip
    @given(st.data())
    def examples(data: st.DataObject) -> None:
        law.body(Case(call.block, data, coverage, call))

    try:
        with without_local_constants():
            examples()
    except Exception as error:  # noqa: BLE001  as above
        return _said(error, call)
    return ""


def _said(error: Exception, call: Call) -> str:
    if isinstance(error, KeyError) and error.args[0] in set(asked_by(call.block)) - set(call.inputs):
        return ""  # the law is about an input that the block can do without, and was not handed
    text = (str(error).strip().splitlines() or [""])[0]
    return text if isinstance(error, LawBroken) else f"it raised {type(error).__name__}: {text}".rstrip(": ")


__all__ = ["Around", "broken_by", "call_on", "first_rows", "has_functions"]
