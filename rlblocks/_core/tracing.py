"""What a function does with tensors, operation by operation, its gradients included: recorded while it runs once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from rlblocks._core.errors import BuildError

FIX = "use compile=never or compile=always"
OWN_DRAWS = "declare what it draws: draw(…) among its inputs"


@attrs.frozen
class Ref:
    """A tensor in a trace: its name, and what is known of it beforehand."""

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    fixed: bool = False  # the same in every call


@attrs.frozen
class Operation:
    """One operation: references in `arguments` stand for tensors.

    Attributes:
        name: of the operation, such as `aten.mm`.
        arguments: by position, then those by name.
        options: those by name.
        outs: what it gives; of one that changes its first argument, that argument.
        common: the dtype in which numbers of several dtypes meet.
        changes: whether it writes into its first argument.
    """

    name: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    outs: tuple[Ref, ...]
    common: torch.dtype
    changes: bool

    @property
    def out(self) -> Ref:
        """The first thing that it gives."""
        return self.outs[0]


@attrs.frozen
class Trace:
    """One run of a function.

    Attributes:
        operations: in order; those whose result is the same in every call are left out.
        returned: what the function returned, by key.
        fixed: by name, the tensors that were there before the run, parameters among them, and those that never change.
        late: whether a view of a tensor is read, or returned, after that tensor was written into.
    """

    operations: tuple[Operation, ...]
    returned: Mapping[str, Ref]
    fixed: Mapping[str, Tensor]
    late: bool = False


def trace(function: Callable[[], Mapping[str, Tensor]], given: Mapping[str, Tensor]) -> tuple[Trace, Mapping[str, Any]]:
    """Run a function, which may change tensors that it holds; what it did, and what it returned.

    Args:
        function: takes nothing; it reads the tensors in `given`.
        given: by name, the tensors that differ from call to call.

    Raises:
        BuildError: what it does depends on a number in a tensor, or on random numbers that it draws itself, so that a
            trace would not be the whole of it.
    """
    recorder = _Recorder(given)
    with _Countable(), recorder:
        returned = function()
    recorder.read(returned.values())
    refs = {key: recorder.ref(value) for key, value in returned.items()}
    return Trace(tuple(recorder.lasting()), refs, recorder.fixed, recorder.late), returned


class _Countable(TorchFunctionMode):
    """Unit vectors as a comparison: torch's own way looks at the numbers first."""

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.one_hot:
            index, n = args[0], (*args, *(kwargs or {}).values())[1]
            return index.unsqueeze(-1).eq(torch.arange(n, device=index.device)).long()
        return func(*args, **(kwargs or {}))


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch declares no types here
    """Writes down every operation. Whatever it saw it keeps, so that no place in memory is given twice."""

    def __init__(self, given: Mapping[str, Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the base class that torch asks for
        self.fixed: dict[str, Tensor] = {}
        self.late = False
        self._operations: list[Operation] = []
        self._held: dict[int, tuple[Tensor, Ref]] = {}
        self._places: dict[Any, Ref] = {}
        self._values: dict[str, Tensor] = {}
        self._ours: set[int] = set()  # storages that were made while it ran, or given
        self._changed: set[int] = set()
        for name, tensor in given.items():
            self._know(tensor, Ref(name, tuple(tensor.shape), tensor.dtype))

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, options = str(func.overloadpacket), kwargs or {}
        if name == "aten._local_scalar_dense":
            raise BuildError("a block looks at a number in a tensor, so that compile=numpy cannot print it", fix=FIX)
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise BuildError(f"a block draws random numbers by {name}, which compile=numpy would freeze", fix=OWN_DRAWS)
        self.read(args)
        arguments = self._refs(args)
        result = func(*args, **options)
        changes = func._schema.is_mutable  # noqa: SLF001  torch's only word on it
        results = [] if result is None else list(result) if isinstance(result, tuple | list) else [result]
        if changes:
            self._changed |= {storage(t) for t in (args[0] if isinstance(args[0], list) else [args[0]])}
        outs = tuple(self.ref(t) if changes else self._new(t, name, arguments) for t in results)
        self._operations.append(Operation(name, arguments, options, outs, _common(args, results), changes))
        return result

    def read(self, values: Iterable[Any]) -> None:
        """Note whether a view of what was written into is among what is read now."""
        for tensor in values if self._changed else ():
            if isinstance(tensor, list | tuple):
                self.read(tensor)
            elif isinstance(tensor, Tensor) and storage(tensor) in self._changed:
                self.late = self.late or self.ref(tensor).name not in self.fixed

    def ref(self, tensor: Tensor) -> Ref:
        """The reference to a tensor; one that was there before is noted as it is met."""
        if id(tensor) in self._held:
            return self._held[id(tensor)][1]
        found = self._places.get(_place(tensor))  # autograd hands back what it saved under another identity
        if found is not None:
            return found
        if storage(tensor) in self._ours:
            raise BuildError("compile=numpy lost track of a tensor", fix=FIX, shape=tuple(tensor.shape))
        name = f"k{len(self.fixed)}"
        self.fixed[name] = tensor.detach()
        found = Ref(name, tuple(tensor.shape), tensor.dtype)
        self._held[id(tensor)] = tensor, found
        self._places[_place(tensor)] = found
        return found

    def lasting(self) -> list[Operation]:
        """The operations, without those whose result is the same in every call and is never written into."""
        lasting = []
        for operation in self._operations:
            out = operation.outs[0] if operation.outs else None
            if not operation.changes and out is not None and out.fixed and storage(self._values[out.name]) not in (
                self._changed
            ):  # fmt: skip
                self.fixed[out.name] = self._values[out.name].detach()
            else:
                lasting.append(operation)
        return lasting

    def _new(self, tensor: Tensor, name: str, arguments: Any) -> Ref:
        if id(tensor) in self._held:
            return self._held[id(tensor)][1]
        of_shapes = name.endswith("_like") or name.startswith("aten.new_")  # these read no number
        fixed = of_shapes or all(self._is_fixed(ref) for ref in refs_in(arguments))
        return self._know(tensor, Ref(f"v{len(self._values)}", tuple(tensor.shape), tensor.dtype, fixed))

    def _is_fixed(self, ref: Ref) -> bool:
        return ref.fixed and storage(self._values[ref.name]) not in self._changed

    def _know(self, tensor: Tensor, ref: Ref) -> Ref:
        self._held[id(tensor)] = tensor, ref
        self._places[_place(tensor)] = ref
        self._values[ref.name] = tensor
        self._ours.add(storage(tensor))
        return ref

    def _refs(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.ref(value)
        return tuple(self._refs(item) for item in value) if isinstance(value, tuple | list) else value


def refs_in(value: Any) -> list[Ref]:
    """All references in arguments."""
    if isinstance(value, Ref):
        return [value]
    return [ref for item in value for ref in refs_in(item)] if isinstance(value, tuple) else []


def storage(tensor: Tensor) -> int:
    """Where the memory of a tensor begins, shared by all its views."""
    return tensor.untyped_storage().data_ptr()


def _place(tensor: Tensor) -> Any:
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype


def _common(args: Any, results: list[Tensor]) -> torch.dtype:
    """The dtype in which the first arguments meet: that of the result, unless they are compared."""
    pair: list[Any] = [arg for arg in args if isinstance(arg, Tensor | bool | int | float)][:2]
    if results and (results[0].dtype != torch.bool or len(pair) == 1):
        return results[0].dtype
    return torch.result_type(pair[0], pair[1]) if len(pair) > 1 else torch.float32
