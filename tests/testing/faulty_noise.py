"""Explorers of real numbers with one planted fault each, the law that must catch it, and correct ones that are odd."""

import math

import torch

from rlblocks import block, draw, read, scheduled
from rlblocks._core import fields
from rlblocks._core.declare import spec
from rlblocks.explorers import Explorer, GaussianNoise, Mode, OrnsteinUhlenbeck, UniformRandom
from rlblocks.functional import one_per_row, same_shape, uniform_action, uniform_choices, uniform_legal_action
from rlblocks.schedules import Schedule
from rlblocks.testing import unlisted


def bound(x, numbers):
    """Bounds beside `[B, *shape]`."""
    kind = x.dtype if x.is_floating_point() else torch.float32
    return torch.tensor(numbers, dtype=kind, device=x.device).expand(math.prod(x.shape[1:])).reshape(x.shape[1:])


def moved(mode, share, action, fault=""):
    """clip(μ + h·x), with a fault or without."""
    low, high = bound(mode, action.low), bound(mode, action.high)
    half = {
        "not scaled": torch.ones_like(high),
        "whole width": high - low,
        "symmetric": high,
        "first component": ((high - low) / 2).flatten()[0],
    }.get(fault, (high - low) / 2)
    found = mode + half * share
    if fault == "not cut":
        return found.detach()
    return torch.maximum(torch.minimum(found, high), -high if fault == "symmetric" else low).detach()


def refused(action):
    """Real numbers between bounds are wanted."""
    bounded = action.low is not None and action.high is not None
    return "" if bounded and not action.n else "chooses real numbers between bounds"


with unlisted():

    @block("gaussian_noise")
    class FaultyNoise(Explorer):
        """Normal noise around an action."""

        fault: str = fields.text("not scaled")
        scale: Schedule = fields.schedule(0.25)
        inputs = dict(GaussianNoise.inputs)

        def compute(self, *, mode, noise, scale, action):
            if noise.shape != mode.shape:
                raise ValueError("other shapes")
            match self.fault:
                case "one for all components":
                    noise = noise.reshape(len(noise), -1).mean(1).view(-1, *[1] * (noise.dim() - 1)).expand_as(noise)
                case "one for all rows":
                    noise = noise[:1].expand_as(noise)
                case "upwards":
                    noise = noise.abs()
                case "never silent":
                    scale = scale.clamp(min=0.01)
            return moved(mode, scale * noise, action, self.fault)

        def misfit(self, action):
            return refused(action)

        def evaluation(self):
            return self if self.fault == "explores in evaluation" else Mode()

    @block("ornstein_uhlenbeck")
    class FaultyMemory(Explorer):
        """An Ornstein-Uhlenbeck process."""

        fault: str = fields.text("dt")
        scale: Schedule = fields.schedule(0.5)
        theta: float = fields.number(0.5)
        dt: float = fields.number(0.25)
        inputs = dict(OrnsteinUhlenbeck.inputs)
        handed = ("carry",)
        hidden = {}

        def init(self, action, environments):
            count = 1 if self.fault == "one entry" else environments
            return {"x": torch.zeros((count, *action.shape))}

        def compute(self, *, mode, noise, scale, is_first, action, carry):
            one_per_row(noise.shape[0], is_first=is_first)
            same_shape("mode", mode, "noise", noise)
            fault, began = self.fault, is_first.view(-1, *[1] * (noise.dim() - 1))
            before = carry["x"]
            if fault == "remembers elsewhere":
                known = self.hidden.get("x", before)
                before = known if known.shape == before.shape else before
            if fault == "begins all at once":
                before = before * (not is_first.any())
            elif fault not in {"never begins", "begins a step late"}:
                before = before.masked_fill(began, 0.0)
            root = self.dt if fault == "dt" else math.sqrt(self.dt)
            back = self.theta if fault == "forgets at once" else self.theta * self.dt
            x = (before - back * before + root * scale * noise).detach()
            if fault == "shared by rows":
                x = x.mean(0, keepdim=True).expand_as(x)
            found = moved(mode, x, action)
            if fault == "begins a step late":
                x = x.masked_fill(began, 0.0)
            if fault == "remembers what was cut":
                half = (bound(mode, action.high) - bound(mode, action.low)) / 2
                x = (found - mode.detach()) / half
            if fault == "another tensor":
                carry["x"] = x
            elif fault == "remembers elsewhere":
                self.hidden["x"] = x
                carry["x"].copy_(x)
            elif fault != "not written":
                carry["x"].copy_(x)
            return found

        def misfit(self, action):
            return refused(action)

        def evaluation(self):
            return Still() if self.fault == "remembers in evaluation" else Mode()

    @block("lab/still")
    class Still(Explorer):
        """Draws nothing, and counts its steps."""

        inputs = {"mode": read("mode@online")}
        handed = ("carry",)

        def init(self, action, environments):
            return {"steps": torch.zeros(environments)}

        def compute(self, *, mode, carry):
            carry["steps"] += 1
            return mode.detach().clone()

        def evaluation(self):
            return self

    @block("uniform_random")
    class FaultyUniform(Explorer):
        """Any action."""

        fault: str = fields.text("symmetric")
        inputs = dict(UniformRandom.inputs)
        tags = {"evaluation": "stochastic"}

        def compute(self, *, choice, action, action_mask=None):
            if action.n:
                return self._counted(choice, action.n, action_mask)
            low, high = bound(choice, action.low), bound(choice, action.high)
            match self.fault:
                case "symmetric":
                    return (choice * 2 - 1) * high
                case "one range for all":
                    return torch.clamp(low.min() + choice * (high.max() - low.min()), low, high)
                case "one draw for all":
                    choice = choice.reshape(len(choice), -1)[:, :1].expand(-1, low.numel()).view_as(choice)
                case "more in the middle":
                    choice = 0.5 + 4 * (choice - 0.5) ** 3
            return low + choice * (high - low)

        def _counted(self, choice, counts, action_mask):
            if isinstance(counts, int):
                one = action_mask is None
                return uniform_action(choice, counts) if one else uniform_legal_action(choice, action_mask)
            if self.fault == "the longest choice":
                return (choice * max(counts)).long()
            return uniform_choices(choice, counts, None if self.fault == "blind" else action_mask)

        def misfit(self, action):
            return "" if action.n else refused(action)

        def evaluation(self):
            return self

    @block("lab/drift")
    class Drift(Explorer):
        """Noise that is kept in units of the environment, row by row, under other names."""

        sigma: Schedule = fields.schedule(0.5)
        theta: float = fields.number(0.125)
        dt: float = fields.number(0.5)
        inputs = {
            "chosen": read("mode@online"), "shock": draw("normal", like="action"), "sigma": scheduled("scale"),
            "starts": read("is_first"), "space": spec("action"),
        }  # fmt: skip
        handed = ("carry",)
        tags = {"like": "ornstein_uhlenbeck"}

        def scale(self, times):
            """As much as the schedule says."""
            return self.sigma.value(times)

        def init(self, action, environments):
            return {f"at_{i}": torch.zeros(environments) for i in range(math.prod(action.shape))}

        def compute(self, *, chosen, shock, sigma, starts, space, carry):
            if chosen.shape != shock.shape or starts.numel() != len(chosen):
                raise ValueError("other shapes")
            low, high = bound(chosen, space.low).flatten(), bound(chosen, space.high).flatten()
            flat, out = shock.flatten(1) if shock.dim() > 1 else shock.unsqueeze(1), []
            for i, x in enumerate(carry.values()):
                start = torch.where(starts.flatten(), torch.zeros_like(x), x)
                half = (high[i] - low[i]) / 2
                shift = half * self.dt**0.5 * sigma * flat[:, i]
                x.copy_((start * (1 - self.theta * self.dt) + shift).detach())
                mode = chosen.to(x.dtype).reshape(flat.shape)[:, i]
                out.append(torch.minimum(torch.maximum(mode + x, low[i]), high[i]))
            return torch.stack(out, 1).view_as(chosen).detach()

        def misfit(self, action):
            return refused(action)

        def evaluation(self):
            return Mode()

    @block("lab/sticky")
    class Sticky(Explorer):
        """Does again what it did, half of the time, until an episode ends: one of several actions."""

        inputs = {
            "choice": draw("uniform"), "again": draw("uniform"), "starts": read("is_first"), "space": spec("action"),
        }  # fmt: skip
        handed = ("carry",)
        tags = {"evaluation": "stochastic"}

        def init(self, action, environments):
            return {"last": torch.full((environments,), -1)}

        def compute(self, *, choice, again, starts, space, carry):
            if not choice.shape == again.shape == starts.shape:
                raise ValueError("other shapes")
            repeats = (again < 0.5) & ~starts & (carry["last"] >= 0)
            carry["last"].copy_(torch.where(repeats, carry["last"], uniform_action(choice.detach(), space.n)))
            return carry["last"].clone()

        def misfit(self, action):
            return "" if isinstance(action.n, int) and action.n else "chooses one of several actions"

        def evaluation(self):
            return UniformRandom()


FAULTS = [
    *[(FaultyNoise("not scaled"), law) for law in ("EXP-8a", "EXP-8b")],
    *[(FaultyNoise("symmetric"), law) for law in ("EXP-1", "EXP-8a", "EXP-8b")],
    *[(FaultyNoise("not cut"), law) for law in ("EXP-1", "EXP-8a")],
    (FaultyNoise("whole width"), "EXP-8a"),
    (FaultyNoise("first component"), "EXP-8b"),
    (FaultyNoise("one for all components"), "EXP-8d"),
    *[(FaultyNoise("one for all rows"), law) for law in ("EXP-8d", "GEN-8")],
    (FaultyNoise("upwards"), "EXP-8c"),
    (FaultyNoise("never silent"), "EXP-8"),
    (FaultyNoise("explores in evaluation"), "EXP-7"),
    (FaultyMemory("dt"), "EXP-8a"),
    (FaultyMemory("forgets at once"), "EXP-8a"),
    (FaultyMemory("remembers what was cut"), "EXP-8a"),
    *[(FaultyMemory("begins all at once"), law) for law in ("EXP-9", "GEN-8", "EXP-8a")],
    *[(FaultyMemory("never begins"), law) for law in ("EXP-9", "EXP-8a")],
    (FaultyMemory("begins a step late"), "EXP-9"),
    *[(FaultyMemory("not written"), law) for law in ("EXP-9b", "EXP-8a")],
    (FaultyMemory("another tensor"), "EXP-9b"),
    *[(FaultyMemory("shared by rows"), law) for law in ("EXP-8d", "GEN-8")],
    (FaultyMemory("one entry"), "EXP-9a"),
    *[(FaultyMemory("remembers elsewhere"), law) for law in ("EXP-12", "GEN-14")],
    (FaultyMemory("remembers in evaluation"), "EXP-7"),
    *[(FaultyUniform("symmetric"), law) for law in ("EXP-1", "EXP-11")],
    *[(FaultyUniform("one range for all"), "EXP-11")],
    (FaultyUniform("one draw for all"), "EXP-11"),
    (FaultyUniform("more in the middle"), "EXP-11"),
    (FaultyUniform("the longest choice"), "EXP-1"),
    (FaultyUniform("blind"), "EXP-1a"),
]
CORRECT = [FaultyNoise("none"), FaultyMemory("none"), Drift(), Sticky()]
