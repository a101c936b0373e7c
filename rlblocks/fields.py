"""The fields that a block may have: each says what it takes, and refuses anything else when the block is made.

>>> from rlblocks import block, fields
>>> from rlblocks.targets import Target
>>> @block("lab/half")
... class Half(Target):
...     '''Half the reward.'''
...     share: float = fields.number(0.5, ge=0.0, le=1.0)
>>> Half(share=2.0)
Traceback (most recent call last):
rlblocks._core.errors.FieldError: Half.share is 2.0, but must be a finite number, at least 0 and at most 1
"""

from rlblocks._core.fields import choice, column, duration, integer, number, numbers, schedule, sizes, slot, text

__all__ = ["choice", "column", "duration", "integer", "number", "numbers", "schedule", "sizes", "slot", "text"]
