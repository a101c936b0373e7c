"""Transforms with one planted fault each, and the law that must catch it; and correct ones that are odd."""

import torch

from rlblocks import block
from rlblocks._core import fields
from rlblocks.testing import unlisted
from rlblocks.transforms import Keep, Normalise, Transform

NORMALISED = {
    "divides by all rows": ("LOS-8f",),
    "half the spread": ("LOS-8h",),
    "not centred": ("LOS-8h",),
    "unbiased": ("LOS-8h",),
    "turned round": ("LOS-8h", "LOS-8g"),
    "square of the mean": ("LOS-8i",),
    "in float16": ("LOS-8k", "LOS-8i"),
    "always float32": ("LOS-8k",),
}
KEPT = {
    "shared": ("LOS-8j",),
    "rounded": ("LOS-8j", "LOS-8k"),
    "centred": ("LOS-8j", "LOS-8f"),
    "halved": ("LOS-8j", "LOS-8g"),
}


def mask_of(column, weight):
    if torch.is_tensor(weight) and weight.shape != column.shape:
        raise ValueError("shapes differ")
    return weight != 0 if torch.is_tensor(weight) else torch.ones_like(column, dtype=torch.bool)


with unlisted():

    @block("normalise")
    class Normalised(Transform):
        """A column normalised over the rows that count."""

        inputs = Normalise().inputs
        outputs = Normalise().outputs
        fault: str = fields.choice(("", *NORMALISED), "")
        key: str = fields.text("advantage")
        eps: float = fields.number(1e-8)

        def compute(self, *, column, weight=1):
            mask, kind = mask_of(column, weight), column.dtype
            x = column.detach().masked_fill(~mask, 0.0)
            x = {"in float16": x.half().to(kind), "always float32": x.float()}.get(self.fault, x)
            count = len(x.flatten()) if self.fault == "divides by all rows" else mask.sum().clamp(min=1)
            least, greatest = x.masked_fill(~mask, torch.inf).amin(), x.masked_fill(~mask, -torch.inf).amax()
            mean = (x.sum() / count).clamp(least, greatest)
            spread = (((x - mean) * mask).square().sum() / (count - float(self.fault == "unbiased"))).sqrt()
            if self.fault == "square of the mean":
                spread = (x.square().sum() / count - mean**2).clamp(min=0.0).sqrt()
            spread = spread / 2 if self.fault == "half the spread" else spread
            centred = x if self.fault == "not centred" else mean - x if self.fault == "turned round" else x - mean
            return (centred / (spread + self.eps)).masked_fill(~mask, 0.0)

    @block("keep")
    class Kept(Transform):
        """A column as it was."""

        inputs = Keep().inputs
        outputs = Keep().outputs
        specs = Keep().specs
        fault: str = fields.choice(("", *KEPT), "")
        key: str = fields.text("value")

        def compute(self, *, column, weight=1):
            mask = mask_of(column, weight)
            x = column.detach()
            match self.fault:
                case "shared":
                    return x.masked_fill_(~mask, 0.0)
                case "rounded":
                    x = x.bfloat16().to(x.dtype)
                case "centred":
                    x = x - x.nan_to_num(0.0, 0.0, 0.0).mean()
                case "halved":
                    x = x / 2
            return torch.where(mask, x, 0.0)


FAULTS = [
    *((Normalised(fault=fault), law) for fault, laws in NORMALISED.items() for law in laws),
    *((Kept(fault=fault), law) for fault, laws in KEPT.items() for law in laws),
]
CORRECT = [Normalised(), Kept()]
