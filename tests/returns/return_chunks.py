"""A chunk of two environments, three steps each, by column."""

import torch


def chunk(*names):
    """Environment 0 is truncated at its second step; environment 1 terminates at its first and goes on at the last."""
    terminated = torch.tensor([[False, True], [False, False], [False, False]])
    columns = {
        "reward": torch.tensor([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]),
        "discount": 0.5 * ~terminated,
        "terminated": terminated,
        "truncated": torch.tensor([[False, False], [True, False], [False, False]]),
        "value": torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]),
        "next_value": torch.tensor([[2.0, torch.nan], [6.0, 3.0], [8.0, 8.0]]),
        "q": torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]),
        "log_prob": torch.log(torch.tensor([[0.5, 0.5], [0.5, 0.5], [0.25, 0.25]])),
        "behaviour_log_prob": torch.log(torch.tensor([[0.25, 0.25], [0.5, 0.5], [0.5, 0.5]])),
    }
    steps = ("reward", "discount", "terminated", "truncated")
    return {name: columns[name] for name in (*steps, *names)}


VALUES = ("value", "next_value")
RATIOS = ("log_prob", "behaviour_log_prob")
