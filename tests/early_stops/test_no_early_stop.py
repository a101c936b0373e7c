"""No early stop; its laws are asked in tests/test_laws.py."""

from rlblocks.early_stops import KLStop, NoEarlyStop


def test_it_asks_for_nothing_and_never_stops():
    """So that no loss needs to report a divergence; the other stop asks for one."""
    assert dict(NoEarlyStop().inputs) == {}
    assert NoEarlyStop().compute() is False
    assert [asked.key for asked in KLStop().inputs.values()] == ["kl"]
