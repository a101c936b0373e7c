"""Optimizers: gradients to steps, and the clips that go before them."""

from rlblocks.optimizers.adam import Adam
from rlblocks.optimizers.adam_w import AdamW
from rlblocks.optimizers.base import Carry, Clip, Optimizer
from rlblocks.optimizers.clips import ClipNorm, ClipValue, NoClip
from rlblocks.optimizers.rmsprop import RMSprop
from rlblocks.optimizers.sgd import SGD
from rlblocks.optimizers.traces import Traces

__all__ = ["SGD", "Adam", "AdamW", "Carry", "Clip", "ClipNorm", "ClipValue", "NoClip", "Optimizer", "RMSprop", "Traces"]
