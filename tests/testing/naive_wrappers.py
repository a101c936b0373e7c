"""A store around any other that changes nothing: a correct one, and the same with a fault.

A fault is the name of a place where the correct store does something else.
"""

import attrs
import numpy as np

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.declare import Scheduled
from rlblocks._core.errors import FieldError
from rlblocks.stores import Store, UniformReplay
from rlblocks.testing import unlisted
from tests.testing.lists import Around


class BufferedMemory(Around):
    """Hands every row on by itself."""

    def add(self, rows, environments):
        count = len(environments)
        if any(len(column) != count for column in rows.values()):
            raise ValueError("not one row of each environment")
        if rows.keys() != self.columns.keys():
            self.inner.add(rows, environments)
            return
        for i in range(count):
            of = np.zeros(1, np.int64) if self.fault == "all of one environment" else environments[i : i + 1]
            self.inner.add({name: value[i : i + 1] for name, value in rows.items()}, of)

    def cut(self):
        if self.fault != "a cut that stops here":
            self.inner.cut()

    def feed(self, **fed):
        if self.fault != "errors that stop here":
            self.inner.feed(**fed)

    def sample(self, batch, keys, **numbers):
        if self.fault == "a number of its own":
            numbers = dict.fromkeys(numbers, 0.5)
        return self.inner.sample(batch, keys, **numbers)

    def state(self):
        return self.inner.state()

    def load(self, state):
        self.inner.load(state)


def asked_inside(inner):
    """What the store inside asks for, with numbers found there."""
    return {
        name: Scheduled(f"inner.{asked.name}") if isinstance(asked, Scheduled) else asked
        for name, asked in inner.inputs.items()
    }


with unlisted():

    @block("lab/buffered")
    class Buffered(Store):
        """Hands rows one by one to the store inside."""

        inner: Store = fields.slot("stores", lambda: UniformReplay(9))
        fault: str = fields.text("none")

        outputs = property(lambda self: self.inner.outputs)
        specs = property(lambda self: self.inner.specs)
        debts = property(lambda self: () if self.fault == "debts that stop here" else self.inner.debts)
        inputs = property(lambda self: asked_inside(self.inner))

        def __attrs_post_init__(self):
            if self.inner.hands == "drained" and self.fault != "takes drained stores":
                raise FieldError("its rows are drained", fix="use a store that samples")

        def build(self, spec):
            generator = np.random.default_rng(0) if self.fault == "another generator inside" else spec.generator
            memory = BufferedMemory(self.inner.build(attrs.evolve(spec, generator=generator)), self.fault)
            memory.columns = spec.columns
            return memory

        def most_rows(self):
            return self.inner.most_rows()

        def misfit(self, facts):
            return self.inner.misfit(facts)

        def in_order(self):
            return self.inner.in_order()

        def row_bytes(self, columns):
            return self.inner.row_bytes(columns)


FAULTS = [
    (Buffered(fault="all of one environment"), "BUF-19"),
    (Buffered(fault="a cut that stops here"), "BUF-19"),
    (Buffered(fault="errors that stop here"), "BUF-19"),
    (Buffered(fault="a number of its own"), "BUF-19"),
    (Buffered(fault="another generator inside"), "BUF-19"),
    (Buffered(fault="debts that stop here"), "BUF-19a"),
    (Buffered(fault="takes drained stores"), "BUF-20"),
]
CORRECT = [Buffered()]
