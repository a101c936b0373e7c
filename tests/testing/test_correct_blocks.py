"""Correct blocks of other people's, and the laws that might misread them."""

import attrs
import numpy as np
import pytest

from rlblocks import block
from rlblocks._core import fields
from rlblocks._core.declare import read
from rlblocks.networks import GRU, Body
from rlblocks.returns import Return
from rlblocks.returns.base import DIMS, REAL, STEPS
from rlblocks.stores import PrioritizedReplay, Rollout, Store, UniformReplay
from rlblocks.stores._inner import debts_inside, inputs_inside, outputs_inside
from rlblocks.stores.base import bytes_of
from rlblocks.testing import check_block, unlisted


class Around:
    """A memory that hands on to another what it does not do itself."""

    def __init__(self, memory):
        self.memory = memory

    def __len__(self):
        return len(self.memory)

    def __getattr__(self, name):
        return getattr(self.memory, name)


with unlisted():

    @block("odd/tree_backup")
    class TreeBackup(Return):
        """Reads the values of all actions, and what the policy thinks of the next state."""

        inputs = {
            **STEPS, **REAL,
            "q": read("q@online", dims=(*DIMS, "action")),
            "q_taken": read("q@online", at="action", dims=DIMS),
            "next_log_prob": read("next.log_prob@online", dims=DIMS),
        }  # fmt: skip

    @block("odd/strict_td_lambda")
    class StrictTDLambda(Return):
        """Takes λ as a float of Python's alone."""

        inputs = {**STEPS}
        tags = {"like": "td_lambda"}

        lam: float = attrs.field(
            default=0.9, validator=[attrs.validators.instance_of(float), attrs.validators.ge(0), attrs.validators.le(1)]
        )

    @block("odd/behaviour_replay")
    class BehaviourReplay(Store):
        """Uniform replay for corrections: useless without what the explorer says of its actions."""

        capacity: int = fields.integer(9, ge=1)
        steps: int = fields.integer(4, ge=2)  # of a sequence, of which the first only warms up

        def build(self, spec):
            if "log_prob" not in spec.columns:
                raise ValueError("nothing writes log_prob")
            return UniformReplay(self.capacity).build(spec)

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns)

    @block("odd/shouting_replay")
    class ShoutingReplay(Store):
        """Prioritized replay that writes NaN as people do."""

        inputs, outputs, debts = property(inputs_inside), property(outputs_inside), property(debts_inside)

        inner: Store = fields.slot("stores", lambda: PrioritizedReplay(9))

        def __attrs_post_init__(self):
            if not isinstance(self.inner, PrioritizedReplay):
                raise ValueError("only prioritized_replay stands inside; use that")  # noqa: TRY004

        def build(self, spec):
            return Shouting(self.inner.build(spec))

        def most_rows(self):
            return self.inner.most_rows()

        def row_bytes(self, columns):
            return self.inner.row_bytes(columns)

    class Shouting(Around):
        """Words the refusal of errors anew."""

        def feed(self, priority):
            if np.isnan(priority).any():
                raise ValueError("an error is NaN")
            self.memory.feed(priority=priority)

    @block("odd/weighing_replay")
    class WeighingReplay(Store):
        """Uniform replay that writes weights, and looks up every column that it is asked for."""

        outputs = debts = ("weight",)

        capacity: int = fields.integer(9, ge=1)

        def build(self, spec):
            return Weighing(UniformReplay(self.capacity).build(spec))

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns)

    class Weighing(Around):
        """Weighs all rows alike."""

        def sample(self, batch, keys, **numbers):
            return {**self.memory.sample(batch, keys, **numbers), "weight": np.ones(batch, np.float32)}

    @block("odd/any_store")
    class AnyStore(Store):
        """Stands around any store and changes nothing; a drained one makes it drained."""

        inner: Store = fields.slot("stores", lambda: UniformReplay(9))

        hands = property(lambda self: self.inner.hands)
        outputs = property(lambda self: self.inner.outputs)

        def build(self, spec):
            return self.inner.build(spec)

        def most_rows(self):
            return self.inner.most_rows()

        def row_bytes(self, columns):
            return self.inner.row_bytes(columns)

    @block("odd/episode_replay")
    class EpisodeReplay(Store):
        """Rows of episodes that are over: those of the one under way wait."""

        tags = {"flush": "episode end"}

        capacity: int = fields.integer(9, ge=1)

        def build(self, spec):
            return Waiting(UniformReplay(self.capacity).build(spec), spec.environments)

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns)

    class Waiting(Around):
        """Hands rows on when their episode ends."""

        def __init__(self, memory, environments):
            self.memory, self.waits = memory, [[] for _ in range(environments)]

        def add(self, rows, environments):
            for i, e in enumerate(environments.tolist()):
                self.waits[e].append({name: column[i : i + 1] for name, column in rows.items()})
                if rows["terminated"][i] or rows["truncated"][i]:
                    for row in self.waits[e]:
                        self.memory.add(row, environments[i : i + 1])
                    self.waits[e] = []

    @block("odd/rewarded_replay")
    class RewardedReplay(Store):
        """Rows that were rewarded, alone."""

        tags = {"keeps": "rewarded rows"}

        capacity: int = fields.integer(9, ge=1)

        def build(self, spec):
            if "reward" not in spec.columns:
                raise ValueError("nothing writes reward")
            return Rewarded(UniformReplay(self.capacity).build(spec))

        def most_rows(self):
            return self.capacity

        def row_bytes(self, columns):
            return bytes_of(columns)

    class Rewarded(Around):
        """Lets go of rows without reward."""

        def add(self, rows, environments):
            there = rows["reward"] != 0
            self.memory.add({name: column[there] for name, column in rows.items()}, environments[there])

    @block("odd/reservoir")
    class Reservoir(Body):
        """An echo state network: its weights are drawn once and never learned."""

        units: int = fields.integer(4, ge=1)

        def misfit(self, spec):
            return GRU(self.units).misfit(spec)

        def width(self, spec):
            return self.units

        def carry(self, spec):
            return self.units

        def build(self, spec, generator):
            return GRU(self.units).build(spec, generator).requires_grad_(False)


CASES = [
    ("RET-24", TreeBackup()),
    ("GEN-24", StrictTDLambda()),
    ("BUF-16", WeighingReplay()),
    ("BUF-21", BehaviourReplay()),
    ("GEN-21c", BehaviourReplay()),
    ("BUF-24", BehaviourReplay()),
    ("GEN-21a", ShoutingReplay()),
    ("BUF-19", ShoutingReplay()),
    ("BUF-19a", ShoutingReplay()),
    ("BUF-20", ShoutingReplay()),
    ("BUF-20", AnyStore()),
    ("BUF-20", AnyStore(Rollout(2))),
    ("BUF-17", EpisodeReplay()),
    ("BUF-17", RewardedReplay()),
    ("BUF-23", RewardedReplay()),
    ("NET-11a", Reservoir()),
]


@pytest.mark.parametrize(
    ("law", "one"), CASES, ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_correct_blocks_are_not_accused(law, one):
    """A correct block breaks no law, in whatever form it is correct."""
    (result,) = check_block(one, only=(law,))
    assert result.status in {"passed", "skipped"}, str(result)
