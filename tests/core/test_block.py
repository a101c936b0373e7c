"""What a class must be to be a block, and how blocks are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from rlblocks import block, draw, read, role, scheduled
from rlblocks._core.block import Block, blocks_of, find, roles, snake, with_fields
from rlblocks._core.errors import BlockError, FieldError, RecipeError
from rlblocks.losses import Huber
from rlblocks.optimizers import Adam, Optimizer
from rlblocks.schedules import Constant
from rlblocks.targets import DoubleQ, MaxQ, Target
from tests.core.odd_blocks import unregistered


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with unregistered():
        yield


def made(**members: Any) -> Any:
    """A target with these members."""
    return block("test/made")(type("Made", (Target,), {"__doc__": "y = 0.", **members}))


def refusal(**members: Any) -> str:
    with pytest.raises(BlockError) as caught:
        made(**members)
    return str(caught.value)


def takes_reward(self: Any, *, reward: Any) -> Any:
    return reward


def test_more_than_seven_fields_are_two_blocks() -> None:
    """Eight are refused, seven are not."""
    fields = {f"f{i}": attrs.field(default=i) for i in range(8)}
    notes = {f"f{i}": int for i in range(8)}

    assert refusal(**fields, __annotations__=notes) == "Made has 8 fields, more than 7\n  fix: split it"
    del fields["f7"], notes["f7"]
    made(**fields, __annotations__=notes)


def test_an_input_is_declared_by_one_of_six_words() -> None:
    """A bare key is not a declaration."""
    assert refusal(inputs={"reward": "reward"}, compute=takes_reward) == (
        "Made.inputs['reward'] is 'reward'\n  fix: declare it with read, raw, draw, scheduled, fn or size"
    )


def test_what_is_declared_is_taken() -> None:
    """And what is taken is declared; the message lists both sides."""
    assert refusal(inputs={"rewards": read("reward"), "u": draw("uniform")}, compute=takes_reward) == (
        "Made.compute and its inputs disagree: declared and not taken ['rewards', 'u'], "
        "taken and not declared ['reward']\n"
        "  fix: make the keyword-only parameters of compute exactly the keys of inputs"
    )


def test_arguments_are_taken_by_keyword() -> None:
    """A positional parameter is not one of the declared inputs."""

    def positional(self: Any, reward: Any) -> Any:
        return reward

    assert "declared and not taken ['reward']" in refusal(inputs={"reward": read("reward")}, compute=positional)


def test_what_is_handed_need_not_be_declared() -> None:
    """An optimizer takes its parameters beside what it declares."""

    def compute(self: Any, *, params: Any, grads: Any, carry: Any, lr: Any) -> None:
        pass

    members = {"__doc__": "θ ← θ.", "inputs": {"lr": scheduled("rate")}, "compute": compute, "rate": lambda _, __: 0.1}
    assert block("test/still")(type("Still", (Optimizer,), members)).role == "optimizers"


def test_a_scheduled_number_is_a_field_or_a_method() -> None:
    """Anything else is refused, with the nearest field."""
    members = {"inputs": {"reward": scheduled("epsilo")}, "compute": takes_reward}
    field = {"epsilon": attrs.field(default=0.1), "__annotations__": {"epsilon": float}}

    assert refusal(**members, **field) == (
        "Made.inputs['reward'] is scheduled by 'epsilo', which it does not have\n  fix: did you mean 'epsilon'?"
    )
    made(**members, epsilo=lambda _, __: 0.1)


def test_a_draw_is_of_a_known_distribution() -> None:
    """A misspelt one is refused where it is written, not at the first learn step."""
    with pytest.raises(BlockError) as caught:
        draw("gaussian")

    assert str(caught.value) == (
        "draw('gaussian'): there is no such distribution\n  fix: there are: bernoulli, normal, uniform"
    )
    with pytest.raises(BlockError, match="did you mean 'uniform'"):
        draw("unifrom")


def test_a_block_is_frozen_and_equal_to_its_like() -> None:
    """It is a value: fields do not change, equal fields make equal blocks, and it can be a key."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Huber().delta = 2.0  # type: ignore[misc]
    assert Huber() == Huber(1.0) != Huber(2.0)
    assert {Huber(): 1}[Huber(1.0)] == 1
    assert MaxQ() != DoubleQ()


def test_declaring_one_class_again_replaces_it() -> None:
    """A notebook cell may be run twice."""
    first, second = made(), made()

    assert first is not second
    assert find("targets", "test/made") is second


def test_the_name_of_another_class_is_taken() -> None:
    """Two classes never share a name within a role; in another role the name is free."""
    made()
    with pytest.raises(BlockError, match=r"^Else wants the name 'test/made' in role 'targets', which Made has"):
        block("test/made")(type("Else", (Target,), {"__doc__": "y = 1."}))
    block("test/made")(type("Made", (Optimizer,), {"__doc__": "θ ← θ."}))


def test_a_role_may_be_added() -> None:
    """A third party's role stands beside ours."""
    try:
        declared = role("test_roles")(type("TestRole", (Block,), {"__doc__": "A role."}))
        assert roles()["test_roles"] is declared
        assert blocks_of("test_roles") == {}
    finally:
        from rlblocks._core import block as registry

        registry._ROLES.pop("test_roles", None)
        registry._BLOCKS.pop("test_roles", None)


def test_blocks_are_found_by_role_and_name() -> None:
    """And in the order of the alphabet."""
    assert find("targets", "double_q") is DoubleQ
    assert list(blocks_of("targets")) == sorted(blocks_of("targets"))


NOT_FOUND = {
    ("targets", "doubleq"): "no block 'doubleq' in role 'targets'\n  fix: did you mean 'double_q'?",
    ("targets", "huber"): "no block 'huber' in role 'targets'\n  fix: it is registered in 'losses'",
    ("tragets", "max_q"): "there is no role 'tragets'\n  fix: did you mean 'targets'?",
}


@pytest.mark.parametrize(("role_name", "name"), NOT_FOUND)
def test_what_is_not_there_has_a_nearest(role_name: str, name: str) -> None:
    """A misspelt name, a name of another role, a misspelt role."""
    with pytest.raises(RecipeError) as caught:
        find(role_name, name)

    assert str(caught.value) == NOT_FOUND[role_name, name]


def test_with_fields_changes_fields() -> None:
    """A copy; an unknown field is refused with the nearest, a bad value as when made."""
    assert with_fields(Adam(), lr=0.5).lr == Constant(0.5)
    with pytest.raises(FieldError) as caught:
        with_fields(Adam(), lrr=0.5)
    assert str(caught.value) == "Adam has no field 'lrr'\n  fix: did you mean 'lr'?"
    with pytest.raises(FieldError, match=r"Adam\.eps is 0"):
        with_fields(Adam(), eps=0)


@pytest.mark.parametrize("kind", roles())
def test_every_built_in_block_is_called_as_its_class(kind: str) -> None:
    """The registry name is the snake case of the class name, and every block knows its role."""
    for name, cls in blocks_of(kind).items():
        assert (name, cls.role, cls.registered_name) == (snake(cls.__name__), kind, name)
