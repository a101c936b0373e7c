"""Blocks that are correct and not at all like the library's: every law must hold for them."""

import torch

from rlblocks import block, draw, fn, raw, read, scheduled
from rlblocks._core import fields
from rlblocks._core.clocks import Clock, EnvSteps, Updates
from rlblocks.explorers import Explorer, Greedy
from rlblocks.functional import one_step_backup
from rlblocks.losses import Loss
from rlblocks.optimizers import Clip, NoClip, Optimizer
from rlblocks.schedules import Schedule
from rlblocks.target_updates import TargetUpdate
from rlblocks.targets import Target
from rlblocks.testing import unlisted

with unlisted():

    @block("lab/loops")
    class LoopOverRows(Target):
        """Q-learning's target, row by row and action by action, in Python."""

        inputs = {
            "reward": read("reward"),
            "discount": read("discount"),
            "q_select": read("next.q@target", dims=("batch", "action")),
            "q_evaluate": raw("next.q@target"),
            "backup": fn("q.backup"),
            "action_mask": read("next.action_mask", default=None),
        }
        tags = {"like": "max_q"}

        def compute(self, *, reward, discount, q_select, q_evaluate, backup=one_step_backup, action_mask=None):
            rows = []
            for i in range(len(reward)):
                legal = [a for a in range(q_select.shape[1]) if action_mask is None or bool(action_mask[i, a])]
                best = max(legal, key=lambda a: float(q_select[i, a].detach()))
                rows.append(q_evaluate[i, best])
            value = torch.stack(rows) if rows else q_evaluate[:, 0]
            return backup(reward, discount, value).detach()

    @block("lab/soft")
    class SoftValue(Target):
        """Soft Q-learning: y = r + γ·T·log Σ exp(q/T). It has no oracle in the kit, and the scale of values matters."""

        inputs = {
            "reward": read("reward"),
            "discount": read("discount"),
            "q": read("next.q@target", dims=("batch", "action")),
            "legal": read("next.action_mask", default=None),
        }
        tags = {"scale": "matters"}
        temperature: float = fields.number(2.0, gt=0)

        def compute(self, *, reward, discount, q, legal=None):
            masked = q if legal is None else q.masked_fill(~legal, -torch.inf)
            soft = self.temperature * torch.logsumexp(masked / self.temperature, 1)
            return one_step_backup(reward, discount, soft).detach()

    @block("lab/mean_q")
    class MeanOfBothNetworks(Target):
        """The greatest mean of online and target values: reads what DoubleQ reads, and is something else."""

        inputs = {
            "reward": read("reward"),
            "discount": read("discount"),
            "one": read("next.q@online", dims=("batch", "action")),
            "two": read("next.q@target", dims=("batch", "action")),
        }

        def compute(self, *, reward, discount, one, two):
            return one_step_backup(reward, discount, ((one + two) / 2).amax(1)).detach()

    @block("lab/expectile")
    class Expectile(Loss):
        """mean(w·|τ − 1{δ < 0}|·δ²): not symmetric, no coefficient field."""

        inputs = {
            "prediction": read("q@online", at="action"),
            "td_target": read("td_target"),
            "weight": read("weight", default=1),
        }
        tau: float = fields.number(0.7, gt=0, lt=1)

        @property
        def coefficient(self):
            return 1.0

        def compute(self, *, prediction, td_target, weight=1):
            if prediction.shape != td_target.shape:
                raise ValueError("other shapes")
            error = td_target.detach() - prediction
            share = torch.where(error < 0, 1 - self.tau, self.tau).to(error.dtype)
            if isinstance(weight, torch.Tensor):
                if weight.shape != error.shape:
                    raise ValueError("other shapes")
                weight = weight.detach()
            return (weight * share * error**2).mean(), error.detach().abs()

    @block("lab/cube")
    class CubeRoot(Schedule):
        """It falls fast and then slowly."""

        over: Clock = fields.duration(EnvSteps(40))

        def at(self, t):
            return 1.0 - min(max(t / self.over.count, 0.0), 1.0) ** (1 / 3)

        def span(self):
            return (1.0, 0.0)

    @block("lab/inverse")
    class InverseCoin(Explorer):
        """ε-greedy whose coin is read from the other side, and whose random action counts from the last."""

        inputs = {
            "q": read("q@online", dims=("batch", "action")),
            "epsilon": scheduled("epsilon"),
            "coin": draw("uniform"),
            "choice": draw("uniform"),
            "action_mask": read("action_mask", default=None),
        }
        tags = {"like": "epsilon_greedy", "ties": "first"}
        epsilon: Schedule = fields.schedule(0.25)

        def compute(self, *, q, epsilon, coin, choice, action_mask=None):
            if coin.shape != choice.shape or coin.shape != q.shape[:1]:
                raise ValueError("one number a row")
            if action_mask is not None and action_mask.shape != q.shape:
                raise ValueError("one flag an action")
            legal = torch.ones_like(q, dtype=torch.bool) if action_mask is None else action_mask
            best = q.masked_fill(~legal, -torch.inf).argmax(1)
            rank = legal.sum(1) - 1 - (choice * legal.sum(1)).long()
            random = ((legal.cumsum(1) - 1 == rank.unsqueeze(1)) & legal).byte().argmax(1)
            return torch.where((1 - coin <= epsilon) & (epsilon > 0), random, best)

        def evaluation(self):
            return Greedy()

    @block("lab/copy_by_hand")
    class CopyByHand(TargetUpdate):
        """Tensor by tensor, after a look at the shapes."""

        every: Clock = fields.duration(Updates(7))

        def compute(self, *, online, target):
            if [t.shape for t in target] != [o.shape for o in online]:
                raise ValueError("other shapes")
            with torch.no_grad():
                for t, o in zip(target, online, strict=True):
                    t.copy_(o)

    @block("lab/adam_by_tensors")
    class AdamByTensors(Optimizer):
        """Adam with a carry for each tensor, and a step count of its own in it."""

        inputs = {"rate": scheduled("lr")}
        tags = {"like": "adam"}
        lr: Schedule = fields.schedule(0.01)
        beta1: float = fields.number(0.9)
        beta2: float = fields.number(0.99)
        eps: float = fields.number(1e-8)
        clip: Clip = fields.slot("clips", NoClip)

        def init(self, params):
            return {
                "mean": [torch.zeros_like(p) for p in params],
                "square": [torch.zeros_like(p) for p in params],
                "steps": [params[0].new_zeros(())],
            }

        def compute(self, *, params, grads, carry, rate):
            t = carry["steps"][0].add_(1)
            for p, g, m, v in zip(params, grads, carry["mean"], carry["square"], strict=True):
                m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
                v.mul_(self.beta2).add_(g * g, alpha=1 - self.beta2)
                root = (v / (1 - self.beta2**t)).sqrt() + self.eps
                p.sub_(rate * (m / (1 - self.beta1**t)) / root)


CORRECT = [
    LoopOverRows(), SoftValue(), MeanOfBothNetworks(), Expectile(), CubeRoot(), InverseCoin(), CopyByHand(),
    AdamByTensors(),
]  # fmt: skip
