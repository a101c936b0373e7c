"""Blocks that take whole numbers of one type alone, and the law that must catch it."""

import torch

from rlblocks import block
from rlblocks.distributions import Categorical
from rlblocks.testing import unlisted
from tests.testing.faulty_policies import Discrete

with unlisted():

    @block("categorical")
    class PicksByInt64(Discrete):
        """The action is an index as it is, whatever its type."""

        def log_prob(self, parameters, *, action, action_mask=None):
            picked = Categorical().log_prob(parameters, action=action, action_mask=action_mask)
            return picked + 0 * torch.nn.functional.one_hot(action).sum()


FAULTS = [(PicksByInt64(), "GEN-7b")]
