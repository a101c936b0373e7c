"""One example of a law: draws inputs, counts what they contain, and remembers how to write them down."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks.testing._call import Call
from rlblocks.testing._coverage import Coverage
from rlblocks.testing._show import imports, imports_of, show

T = TypeVar("T")


class Case:
    """What the body of a law is given.

    Attributes:
        block: the block that is asked.
        coverage: what was seen in all examples of this law so far.
        lines: the example as source, line by line.
    """

    def __init__(self, block: Block, data: st.DataObject, coverage: Coverage, given: Call | None = None) -> None:
        self.block: Any = block
        self.coverage = coverage
        self.lines: list[str] = []
        self._data, self._given = data, given

    def draw(self, strategy: st.SearchStrategy[T], name: str = "") -> T:
        """Draw from a hypothesis strategy; under a name, it stands in the example."""
        value = self._data.draw(strategy)
        if name:
            self.say(f"{name} = {show(value)}")
        return value

    def say(self, line: str) -> None:
        """Add a line to the example."""
        self.lines.append(line)

    def saw(self, what: str, happened: object = True) -> None:
        """Count something in the inputs."""
        self.coverage.saw(what, happened)

    def call(self, *, rows: int | None = None, **conditions: Any) -> Call:
        """One call of the block on inputs of its own declaration; of `rows` rows, where a law needs a number.

        Where a call was handed over, as those of a run are, it is that one, whatever the conditions.
        """
        from rlblocks.testing._adapters import calls

        if self._given is not None:
            for what in self._given.facts():
                self.saw(what)
            return self._given
        made = self._data.draw(calls(self.block, rows, **conditions))
        self.lines.extend(made.source())
        for what in made.facts():
            self.saw(what)
        return made

    def text(self) -> str:
        """The example as source."""
        body = "\n".join(self.lines)
        return imports(body) + imports_of(self.block) + body

    def generator(self, name: str = "generator") -> torch.Generator:
        """A seeded generator of torch."""
        seed = self._data.draw(st.integers(0, 255))
        self.say(f"{name} = torch.Generator().manual_seed({seed})")
        return torch.Generator().manual_seed(seed)
