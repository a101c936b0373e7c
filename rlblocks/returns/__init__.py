"""Estimators of returns and advantages over a time axis."""

from rlblocks.returns.base import Return
from rlblocks.returns.gae import GAE
from rlblocks.returns.monte_carlo import MonteCarlo
from rlblocks.returns.n_step_return import NStepReturn
from rlblocks.returns.retrace import Retrace
from rlblocks.returns.td_lambda import TDLambda
from rlblocks.returns.v_trace import VTrace

__all__ = ["GAE", "MonteCarlo", "NStepReturn", "Retrace", "Return", "TDLambda", "VTrace"]
