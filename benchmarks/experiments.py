"""What is trained for docs/results.md: recipes, environments, steps, seeds, and what the scores are held against."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from rlblocks import Recipe
    from rlblocks.runs.agent import Agent


@attrs.frozen
class Experiment:
    """One row of the page.

    Attributes:
        name: its key.
        recipe: the named recipe.
        patches: applied to it.
        env: a gymnasium id.
        steps: environment steps.
        seeds: the reported ones; settings were frozen before they were run.
        asked: what the score is held against, in words.
        column: which score that is; one of `MEASURES` is taken besides the four that every run has.
        least: the score asked for.
        settings: overrides that are applied to it, after the tuned settings.
        compiled: the option `compile` of the run.
        needed: how many seeds must reach the score; 0 asks for the mean.
        sign: −1 where the score must stay below what is asked.
    """

    name: str
    recipe: str
    patches: tuple[str, ...]
    env: str
    steps: int
    seeds: tuple[int, ...]
    asked: str
    column: str
    least: float
    settings: tuple[str, ...] = ()
    compiled: str = "always"
    needed: int = 0
    sign: int = 1

    @property
    def command(self) -> str:
        """The command that trains the same."""
        patch = f" patch={','.join(self.patches)}" if self.patches else ""
        seeds = f"{self.seeds[0]}..{self.seeds[-1]}"
        words = [f"rlblocks run {self.recipe} env={self.env} steps={self.steps:_}{patch}", *self.settings]
        return " ".join([*words, f"seeds={seeds} compile={self.compiled}"])

    def made(self) -> Recipe:
        """The recipe as it is trained at present."""
        from rlblocks.recipes import PATCHES, RECIPES

        from rlblocks._core.overrides import apply_overrides
        from rlblocks._core.tuned import apply_tuned

        recipe, _ = apply_tuned(RECIPES[self.recipe](), self.env)
        for patch in self.patches:
            recipe = PATCHES[patch](recipe)
        return apply_overrides(recipe, self.settings)

    @property
    def cut(self) -> int:
        """After how many steps an evaluation is cut; 0 where the environment says it."""
        from rlblocks._core.tuned import tuned

        found = tuned(self.recipe, self.env)
        return int(found.options.get("evaluation_steps", 0)) if found else 0

    def said(self, value: float) -> str:
        """A score, with as many digits as it has."""
        return format(value, ".4g" if self.column in MEASURES else ".1f")

    def counts(self, record: Mapping[str, Any]) -> bool:
        """Whether a line is of this experiment with its present settings."""
        from rlblocks._core.files import recipe_hash

        named = (record["experiment"], record["steps"]) == (self.name, self.steps)
        return named and record["recipe"] == recipe_hash(self.made())


def exact(agent: Agent, env: str, cut: int) -> float:
    """The mean return over all start states and all that can happen, by the environment's own table, without playing.

    Episodes are as long as registered, or `cut` where nothing is.
    """
    import gymnasium

    from rlblocks.testing.finite_mdps import expected_return, policy_of, toy_text

    made = gymnasium.make(env)
    mdp = toy_text(made)
    limit = made.spec.max_episode_steps if made.spec else None
    return expected_return(mdp, policy_of(mdp, agent, masked="action_mask" in agent.plan.columns), limit or cut)


MEASURES = {"exact": exact}  # by column: of the last policy
HIDDEN = ("env.wrappers=select", "env.wrappers[0].components=0,2")  # of CartPole: its velocities
EXPERIMENTS = (
    Experiment("cartpole", "dqn", (), "CartPole-v1", 50_000, tuple(range(10, 20)),
               "the last policy at 475 or more over 20 episodes in 9 of 10 seeds", "last20", 475.0, needed=9),
    Experiment("lunar", "double_dqn", ("prioritized",), "LunarLander-v3", 300_000, tuple(range(5)),
               "mean of the best checkpoints at 200 or more", "best", 200.0),
    Experiment("acrobot", "dqn", (), "Acrobot-v1", 100_000, tuple(range(5)),
               "mean of the last policies at −90 or more", "last", -90.0),
    Experiment("reinforce", "reinforce", (), "CartPole-v1", 200_000, tuple(range(10)),
               "mean return of training at its end at 483 or more", "trained", 483.0, compiled="never"),
    Experiment("a2c", "a2c", (), "CartPole-v1", 200_000, tuple(range(10, 20)),
               "mean return of training at its end at 496 or more", "trained", 496.0, compiled="never"),
    Experiment("ppo", "ppo", (), "CartPole-v1", 100_000, tuple(range(10)),
               "the last policy at 500 in 9 of 10 seeds", "last", 500.0, compiled="never", needed=9),
    Experiment("ppo_acrobot", "ppo", (), "Acrobot-v1", 300_000, tuple(range(5)),
               "mean return of training at its end at −81 or more", "trained", -81.3, compiled="never"),
    Experiment("ppo_lunar", "ppo", (), "LunarLander-v3", 1_000_000, tuple(range(5)),
               "mean of the best checkpoints at 242 or more", "best", 242.0, compiled="never"),
    Experiment("ppo_car", "ppo", (), "MountainCar-v0", 1_000_000, tuple(range(5)),
               "mean of the best checkpoints at −110 or more", "best", -110.4, compiled="never"),
    Experiment("ppo_pendulum", "ppo", (), "Pendulum-v1", 100_000, tuple(range(5)),
               "mean of the best checkpoints at −172 or more", "best", -172.0, compiled="never"),
    Experiment("ppo_cheetah", "ppo", (), "HalfCheetah-v5", 1_000_000, tuple(range(3)),
               "mean return of training at its end at 1443 or more", "trained", 1443.0, compiled="never"),
    Experiment("ppo_lstm", "ppo_lstm", (), "CartPole-v1", 200_000, tuple(range(5)),
               "mean of the last policies at 400 or more, velocities hidden", "last", 400.0, HIDDEN, "never"),
    Experiment("ppo_blind", "ppo", (), "CartPole-v1", 100_000, tuple(range(5)),
               "without memory: below 100, velocities hidden", "last", 100.0, HIDDEN, "never", sign=-1),
    Experiment("sac", "sac", (), "Pendulum-v1", 20_000, tuple(range(5)),
               "mean of the best checkpoints at −157 or more", "best", -157.0),
    Experiment("td3", "td3", (), "Pendulum-v1", 20_000, tuple(range(5)),
               "mean of the best checkpoints at −152 or more", "best", -152.0),
    Experiment("ddpg", "ddpg", (), "Pendulum-v1", 20_000, tuple(range(5)),
               "mean of the best checkpoints at −152 or more", "best", -152.0),
    Experiment("tqc", "tqc", (), "Pendulum-v1", 20_000, tuple(range(5)),
               "mean of the best checkpoints at −151 or more", "best", -151.0),
    Experiment("redq_5k", "redq", (), "Pendulum-v1", 5_000, tuple(range(5)),
               "mean of the last policies at −250 or more, and above sac's", "last", -250.0),
    Experiment("sac_5k", "sac", (), "Pendulum-v1", 5_000, tuple(range(5)),
               "for redq to be compared with", "last", -math.inf),
    Experiment("sac_cheetah", "sac", (), "HalfCheetah-v5", 100_000, tuple(range(3)),
               "mean of the last policies at 6156 or more", "last", 6156.0),
    Experiment("td3_cheetah", "td3", (), "HalfCheetah-v5", 100_000, tuple(range(20, 25)),
               "mean of the last policies at 5514 or more", "last", 5514.0),
    Experiment("tqc_lunar", "tqc", (), "LunarLanderContinuous-v3", 200_000, tuple(range(3)),
               "mean of the best checkpoints at 250 or more", "best", 250.0),
    Experiment("sac_goal", "sac", (), "rlblocks/PointGoal-v0", 20_000, tuple(range(5)),
               "mean of the last policies at −20 or more, with hindsight", "last", -20.0, ("store=hindsight",)),
    Experiment("sac_blind_goal", "sac", (), "rlblocks/PointGoal-v0", 20_000, tuple(range(5)),
               "without hindsight: below −40", "last", -40.0, sign=-1),
    Experiment("lake", "q_learning", (), "FrozenLake-v1", 50_000, tuple(range(5)),
               "success of the last policies, computed, 0.73 or more (best: 0.7402 within 100 steps)", "exact", 0.73,
               compiled="numpy"),
    Experiment("large_lake", "q_learning", (), "FrozenLake8x8-v1", 200_000, tuple(range(5)),
               "success of the last policies, computed, 0.86 or more (best: 0.8936 within 200 steps)", "exact", 0.86,
               compiled="numpy"),
    Experiment("taxi", "q_learning", (), "Taxi-v4", 100_000, tuple(range(5)),
               "return of the last policies over all 300 starts, computed, 7.93 (the best there is)", "exact", 7.9299,
               compiled="numpy"),
    Experiment("cliff", "q_learning", (), "CliffWalking-v1", 20_000, tuple(range(5)),
               "return of the last policies, computed, −13 (along the cliff)", "exact", -13.0, compiled="numpy"),
    Experiment("cliff_sarsa", "sarsa", (), "CliffWalking-v1", 30_000, tuple(range(5)),
               "return of the last policies, computed, −17 (the best way for who errs in one step of five)", "exact",
               -17.0, ("explorer.epsilon=0.2", "optimizer.lr.end=0.01"), "numpy"),
    Experiment("cliff_dyna", "dyna_q", (), "CliffWalking-v1", 800, tuple(range(5)),
               "return of the last policies, computed, −13 in a third of the steps of q_learning", "exact", -13.0,
               compiled="numpy"),
    Experiment("cliff_third", "q_learning", (), "CliffWalking-v1", 2_400, tuple(range(5)),
               "for dyna_q to be compared with, with its α and ε", "exact", -math.inf,
               ("optimizer.lr=0.5", "explorer.epsilon=0.1"), "numpy"),
    Experiment("cartpole_bins", "q_learning", (), "CartPole-v1", 200_000, (10, 11, 12),
               "mean of the last policies at 195 or more, of 576 bins", "last", 195.0, compiled="numpy"),
)  # fmt: skip
