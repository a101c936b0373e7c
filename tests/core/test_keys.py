"""Keys and what is known of tensors."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import RecipeError
from rlblocks._core.keys import FLAG, SCALAR, Key, Spec, parse

some = settings(derandomize=True, deadline=None, max_examples=60)
NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True) | st.sampled_from(["next", "observation", "q"])
TEXT = st.builds(
    lambda parts, which: ".".join(parts) + which,
    st.lists(NAME, min_size=1, max_size=4), st.sampled_from(["", "@online", "@target"]),
)  # fmt: skip
PLAIN = NAME.filter(lambda name: name not in ("next", "observation"))


@given(TEXT)
@example("observation.next.q")
@example("next.next")
@some
def test_a_key_is_its_text(text: str) -> None:
    """str(parse(text)) == text."""
    assert str(parse(text)) == text


@given(PLAIN, st.booleans(), st.sampled_from(["", "online", "target"]), st.lists(PLAIN, max_size=2))
@some
def test_a_text_is_its_key(name: str, later: bool, which: str, groups: list[str]) -> None:
    """parse(str(key)) == key, for every combination of its four parts."""
    key = Key(name, later, which, ".".join(groups))

    assert parse(str(key)) == key


PARTS = {
    "q": Key("q"),
    "next.q@target": Key("q", next=True, which="target"),
    "critic.error": Key("error", group="critic"),
    "critic.next.q@online": Key("q", next=True, which="online", group="critic"),
    "observation.image": Key("observation.image"),
    "next.observation.image": Key("observation.image", next=True),
    "next": Key("next"),
}


@pytest.mark.parametrize("text", PARTS)
def test_keys_are_taken_apart(text: str) -> None:
    """Group, next, name and whose parameters; a leaf of a dict observation keeps its dots."""
    assert parse(text) == PARTS[text]


WRONG = {
    "q@tarjet": "'q@tarjet' asks for 'tarjet'",
    "q@online@target": "'q@online@target' asks for 'online@target'",
    "q@": "'q@' is no key",
    "": "'' is no key",
    "1q": "'1q' is no key",
    "a..b": "'a..b' is no key",
    "q\n": "'q\\n' is no key",
    "q online": "'q online' is no key",
    "@online": "'@online' is no key",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_key_is_refused(text: str) -> None:
    """Quoted as it was written, with a fix."""
    with pytest.raises(RecipeError) as caught:
        parse(text)

    assert caught.value.what == WRONG[text]
    assert caught.value.fix


SPECS = {
    "float32[batch]": SCALAR,
    "bool[batch]": FLAG,
    "int64[batch] in [0, 4)": Spec((), "int64", n=4),
    "uint8[batch, 4, 84, 84]": Spec((4, 84, 84), "uint8"),
    "float32[batch, action]": Spec((2,), dims=("batch", "action")),
    "float32[batch, action, atom]": Spec((2, 51), dims=("batch", "action", "atom")),
    "float32[batch, member, 3]": Spec((2, 3), dims=("batch", "member")),
}


@pytest.mark.parametrize("text", SPECS)
def test_a_spec_says_what_is_known(text: str) -> None:
    """Dims by name where they have one, else by size."""
    assert str(SPECS[text]) == text
