"""Every registered block obeys every law of its role.

A block is listed once, by being registered. It is taken as it is made without arguments; where that is not possible, or
other settings are worth a look, EXAMPLES says how.
"""

from gymnasium.vector import SyncVectorEnv

from rlblocks import EnvSteps, Episodes, OfRun, Updates
from rlblocks._core.block import blocks_of
from rlblocks.aggregates import Average, First, Least
from rlblocks.cadences import LearnEvery, RolloutEpochs
from rlblocks.distributions import Gaussian, StateGaussian, TanhGaussian
from rlblocks.early_stops import KLStop
from rlblocks.envs import Discretise, Gym, Supplied, SuppliedVector, TimeLimit, TransitionTable
from rlblocks.explorers import Boltzmann, EpsilonGreedy, EpsilonSoft, GaussianNoise, OrnsteinUhlenbeck, OverMembers
from rlblocks.losses import (
    ClippedSurrogate,
    ClippedValueLoss,
    DeterministicPolicyLoss,
    DiscreteSoftPolicyLoss,
    DiscreteTemperatureLoss,
    Eligibility,
    Entropy,
    Huber,
    KLPenalty,
    PolicyGradient,
    QuantileHuber,
    SoftPolicyLoss,
    TemperatureLoss,
    ValueLoss,
)
from rlblocks.networks import (
    MLP,
    ActionValue,
    DeterministicPolicy,
    DuelingQ,
    NatureCNN,
    NoisyDense,
    OrthogonalDense,
    Policy,
    Quantiles,
    QValues,
    StateValue,
    Temperature,
)
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.optimizers import SGD, Adam, AdamW, ClipNorm, ClipValue, RMSprop, Traces
from rlblocks.returns import GAE, NStepReturn, Retrace, TDLambda, VTrace
from rlblocks.schedules import Constant, Cosine, Exponential, Linear, Piecewise
from rlblocks.stores import Hindsight, NStep, PrioritizedReplay, Rollout, UniformReplay, WholeEpisodes, WithNext
from rlblocks.target_updates import HardCopy, Polyak
from rlblocks.targets import DiscreteSoftQ, PolicyQ, RandomSubset, SmoothedQ, SoftQ, TruncatedQuantiles
from rlblocks.testing import known_roles, parametrize_laws
from rlblocks.testing.clock import ClockEnv
from rlblocks.transforms import Keep, Normalise


def clocks():
    """A vector environment of two clocks."""
    return SyncVectorEnv([ClockEnv, ClockEnv])


EXAMPLES = {
    "schedules": [
        Constant(0.1),
        Linear(1.0, 0.05, over=EnvSteps(50)),
        Linear(-2.0, 3.0, over=Updates(1)),
        Linear(1e6, -1e6, over=Episodes(7)),
        Linear(0.3, 0.3, over=EnvSteps(10**7)),
        Cosine(1e-3, 1.0),
        Cosine(-1.0, 1.0, over=OfRun(0.3)),
        Exponential(-5.0, 0.0, over=Updates(1)),
        Exponential(1e-3, 0.05, over=EnvSteps(30)),
        Piecewise((Linear(0.0, 1.0, over=Updates(10)), Linear(0.5, 0.25, over=Updates(100)), Constant(0.25))),
    ],
    "explorers": [
        EpsilonGreedy(0.3),
        EpsilonSoft(0.3),
        Boltzmann(4.0),
        Boltzmann(0.0),
        GaussianNoise(Linear(1.0, 0.0, over=EnvSteps(50))),
        OrnsteinUhlenbeck(0.5, theta=0.5, dt=0.25),
        OverMembers(EpsilonSoft(0.3), First()),
        OverMembers(Boltzmann(2.0), Least()),
    ],
    "stores": [
        UniformReplay(7),
        PrioritizedReplay(7),
        NStep(UniformReplay(7), n=3),
        NStep(PrioritizedReplay(7), n=2),
        Hindsight(PrioritizedReplay(7), goals=2),
        Rollout(3),
        WholeEpisodes(2, longest=9),
        WithNext(UniformReplay(7)),
        WithNext(PrioritizedReplay(7)),
    ],
    "losses": [
        Huber(delta=4.0, coefficient=0.5),
        PolicyGradient(0.5),
        ClippedSurrogate(Linear(0.5, 0.1, over=Updates(50)), coefficient=2.0),
        ClippedSurrogate(clip=1e9),
        KLPenalty(beta=0.25, target=0.05),
        ValueLoss(1.0),
        ClippedValueLoss(1.5, coefficient=1.0),
        Eligibility(2.0),
        Entropy(Linear(0.1, 0.0, over=Updates(50))),
        QuantileHuber(kappa=0.5, coefficient=8.0),
        DeterministicPolicyLoss(Least(), coefficient=2.0),
        SoftPolicyLoss(Average(), coefficient=0.5),
        DiscreteSoftPolicyLoss(First()),
        TemperatureLoss(-0.5, coefficient=2.0),
        DiscreteTemperatureLoss(0.5),
    ],
    "targets": [
        PolicyQ(Average()),
        SmoothedQ(1.0, 0.25, over=First()),
        SmoothedQ(noise=0.0),
        SoftQ(Average()),
        RandomSubset(of=3),
        TruncatedQuantiles(drop=0),
        DiscreteSoftQ(First()),
    ],
    "early_stops": [KLStop(2.0)],
    "returns": [
        NStepReturn(2),
        TDLambda(0.5),
        GAE(0.3),
        VTrace(0.7, rho_max=1.5, c_max=1.25),
        Retrace(0.8),
    ],
    "transforms": [Normalise("return", eps=1e-5), Keep("entropy")],
    "normalizers": [ObservationNorm(clip=1e9, eps=1e-3), RewardScale(clip=0.5)],
    "target_updates": [HardCopy(every=EnvSteps(7)), Polyak(0.25, every=Updates(3))],
    "optimizers": [
        Adam(lr=Linear(0.1, 0.0, over=Updates(5)), clip=ClipNorm(1.0)),
        Adam(beta1=0.0, beta2=0.0, eps=1.5e-4),
        AdamW(weight_decay=0.5, clip=ClipValue(0.1)),
        RMSprop(momentum=0.5, clip=ClipValue(0.5)),
        SGD(momentum=0.9),
        Traces(0.5, Adam(clip=ClipNorm(1.0))),
    ],
    "clips": [ClipNorm(1.0), ClipValue(1.0)],
    "bodies": [MLP((16,), layer=NoisyDense(), activation="tanh"), MLP(()), NatureCNN(features=12)],
    "layers": [OrthogonalDense(0.01)],
    "distributions": [Gaussian(log_std=-1.0), StateGaussian(low=-5.0, high=0.5), TanhGaussian(low=-20.0)],
    "heads": [
        DuelingQ(hidden=(8,)),
        QValues(layer=NoisyDense()),
        Policy(continuous=TanhGaussian(), layer=NoisyDense()),
        Policy(continuous=StateGaussian(), layer=OrthogonalDense(0.01)),
        StateValue(layer=NoisyDense()),
        QValues(Quantiles(4)),
        DuelingQ(Quantiles(3), hidden=(8,)),
        ActionValue(Quantiles(5), layer=NoisyDense()),
        DeterministicPolicy(layer=OrthogonalDense(0.01)),
        DeterministicPolicy(layer=NoisyDense()),
        Temperature(0.05),
    ],
    "value_forms": [Quantiles(1), Quantiles(4)],
    "cadences": [
        LearnEvery(EnvSteps(4), updates=2, batch=8, warmup=8),
        LearnEvery(EnvSteps(3), updates=0.25, batch=4, warmup=10),
        LearnEvery(EnvSteps(1), updates=1 / 3, batch=1, warmup=0),
        LearnEvery(EnvSteps(9), updates=1.5, batch=12, warmup=5),
        RolloutEpochs(epochs=1, minibatches=1),
        RolloutEpochs(epochs=10, minibatches=3, early_stop=KLStop(0.02)),
    ],
    "envs": [
        Gym("CartPole-v1", n=2),
        Gym("FrozenLake-v1"),
        Supplied(ClockEnv, n=2),
        SuppliedVector(clocks),
        TransitionTable("Taxi-v4", n=3),
    ],
    "wrappers": [Discretise((2, 3, 2)), TimeLimit(3)],
}


def instances(role):
    """The examples of a role, and every block of it that needs no arguments and has no example in default settings."""
    examples = EXAMPLES.get(role, [])
    for kind in blocks_of(role).values():
        try:
            plain = kind()
        except TypeError:
            continue
        if plain not in examples:
            yield plain
    yield from examples


BLOCKS = [block for role in known_roles() for block in instances(role)]


@parametrize_laws(BLOCKS)
def test_law(law):
    """The block obeys the law; what is skipped says why."""
    law()


def test_every_block_has_an_instance():
    """No registered block of a role with laws is left out."""
    asked = {type(block) for block in BLOCKS}
    missing = [kind.__name__ for role in known_roles() for kind in blocks_of(role).values() if kind not in asked]

    assert missing == [], f"add examples of {missing} to EXAMPLES"
