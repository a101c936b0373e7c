"""Recipes to and from TOML."""

import re
import tomllib

import attrs
import gymnasium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import recipes as named
from rlblocks._core import block as registry
from rlblocks._core import files, structure
from rlblocks._core.block import block, blocks_of, roles
from rlblocks._core.clocks import OfRun, Updates
from rlblocks._core.errors import RecipeError
from rlblocks._core.files import MAX_BYTES, dumps, load, loads, plain, recipe_hash
from rlblocks._core.recipe import Recipe
from rlblocks.envs import FrameStack, Supplied
from rlblocks.losses import Huber, SquaredError
from rlblocks.schedules import Linear, Piecewise
from rlblocks.targets import DoubleQ, MaxQ
from rlblocks.targets.base import Target
from tests.core.random_recipes import recipes

some = settings(derandomize=True, deadline=None, max_examples=50)
few = settings(some, max_examples=10)
TEXT = dumps(named.dqn())
ODD_VALUES = [
    "1", "-1", "1.5", '"x"', "true", "[]", "[[1]]", "{}", "{block = 1}", "1979-05-27", "nan", '{block = "huber"}',
    '[{block = "huber"}]', '{a = {b = "c"}}',
]  # fmt: skip


def refused(text, source="dqn.toml"):
    """What the refusal of a text says."""
    with pytest.raises(RecipeError) as caught:
        loads(text, source=source)
    return str(caught.value)


def outcome(text):
    """The recipe in a text, or its refusal."""
    try:
        return loads(text)
    except RecipeError as error:
        return error


@given(recipes())
@some
def test_a_written_recipe_reads_back_equal(recipe):
    """loads(dumps(r)) == r, and writing it again gives the same text."""
    text = dumps(recipe)

    assert recipe == loads(text)
    assert text == dumps(loads(text))


@given(recipes())
@few
def test_the_hash_leaves_the_name_out(recipe):
    """Twelve hex digits, the same for every name and after a round trip."""
    assert recipe_hash(recipe) == recipe_hash(loads(dumps(recipe.named("another"))))
    assert re.fullmatch("[0-9a-f]{12}", recipe_hash(recipe))


@given(st.text(max_size=200) | st.lists(st.sampled_from([*TEXT.splitlines(), '"', "[[a]]", "x = 1"])).map("\n".join))
@some
def test_any_text_is_a_recipe_or_refused(text):
    """Random text, and random lines of a real file, give a recipe or a RecipeError."""
    assert isinstance(outcome(text), Recipe | RecipeError)


@given(st.data())
@some
def test_any_damaged_value_is_a_recipe_or_refused(data):
    """A real file with any other value in one place gives a recipe or a RecipeError that says where."""
    lines = TEXT.splitlines()
    index = data.draw(st.sampled_from([i for i, line in enumerate(lines) if " = " in line and i > 1]))
    key = lines[index].split(" = ")[0]
    value = data.draw(st.sampled_from(ODD_VALUES))
    lines[index] = f"{key} = {value}"

    found = outcome("\n".join(lines))

    assert isinstance(found, Recipe) or key in str(found)


def test_another_value_has_another_hash():
    """A changed default changes the hash; a number that is equal does not."""
    recipe = named.dqn()

    assert recipe_hash(recipe) != recipe_hash(recipe.set(gamma=0.98))
    assert recipe_hash(recipe.set(gamma=1)) == recipe_hash(recipe.set(gamma=1.0))


def test_an_empty_table_is_not_in_the_hash(monkeypatch):
    """A recipe that has no normalizers is the one that it was before there were any."""
    recipe = named.dqn()
    before, content = recipe_hash(recipe), plain(recipe)
    assert content.pop("normalizers") == {}
    monkeypatch.setattr(files, "plain", lambda _: content)

    assert recipe_hash(recipe) == before


def test_a_file_is_written_in_full_and_short_tables_on_one_line():
    """Schema first, defaults included, clocks as text, blocks by name."""
    assert TEXT.startswith('schema = 1\nname = "dqn"\n')
    assert '\n[store]\nblock = "uniform_replay"\n' in TEXT
    assert '\ntarget = {block = "max_q"}\n' in TEXT
    assert '\nevery = "1 env_steps"\n' in TEXT
    assert all(len(line) <= 110 for line in TEXT.splitlines())


def test_long_lists_of_blocks_become_tables_of_their_own():
    """A list that does not fit on a line is an array of tables."""
    lr = Piecewise((Linear(0.0, 1e-3, over=OfRun(0.1)), Linear(1e-3, 1e-5, over=OfRun(0.9))))
    text = dumps(named.dqn().swap({"objectives.q.optimizer.lr": lr}))

    assert text.count("[[objectives.q.optimizer.lr.pieces]]") == 2
    assert lr == loads(text).get("lr")


def test_comments_and_a_short_hand_are_welcome():
    """A block with all its defaults may be its name alone, and a schedule a number."""
    text = "# mine\n" + TEXT.replace('{block = "max_q"}', '"double_q"  # new').replace(
        'epsilon = {block = "linear", start = 1.0, end = 0.05, over = "10000 env_steps"}', "epsilon = 0.1"
    )
    recipe = loads(text)

    assert DoubleQ() == recipe.get("target")
    assert recipe.get("explorer.epsilon").amount == 0.1


def test_blocks_of_any_role_say_theirs():
    """A slot that takes any role is written with the role of what it holds."""
    recipe = attrs.evolve(named.dqn(), prepare=(Huber(), MaxQ()))

    assert 'role = "targets"' in dumps(recipe)
    assert recipe == loads(dumps(recipe))
    assert "prepare[0]: a block of any role must say which" in refused(
        TEXT.replace("prepare = []", 'prepare = [{block = "huber"}]', 1)
    )


def test_wrappers_and_options_of_environments_are_written():
    """Options are plain values: booleans, lists and tables."""
    recipe = named.dqn()
    recipe = recipe.swap(env=attrs.evolve(recipe.env, wrappers=(FrameStack(2),), options={"a": {"b": [1, True, "x"]}}))

    assert recipe == loads(dumps(recipe))


def test_an_object_that_was_handed_over_cannot_be_written():
    """The refusal names the slot and says what to do."""
    recipe = named.dqn().swap(env=Supplied(lambda: gymnasium.make("CartPole-v1")))

    with pytest.raises(RecipeError, match=r"env.source cannot be written to a file: (.|\n)*register(.|\n)*fix: "):
        dumps(recipe)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"max_q"', '"max_qq"', "objectives.q.target: no block 'max_qq' in role 'targets'\n  fix: did you mean"),
        ('"max_q"', '"lab/q"', "no block 'lab/q' in role 'targets'\n  fix: is the package that registers it"),
        ('"max_q"', '"huber"', "no block 'huber' in role 'targets'\n  fix: it is registered in 'losses'"),
        ('over = "10', 'ovr = "10', "explorer.epsilon.ovr: Linear has no field 'ovr'\n  fix: did you mean 'over'?"),
        ("capacity = 50000", 'capacity = "a"', "store.capacity: UniformReplay.capacity is 'a', but must be a whole"),
        ("capacity = 50000", "", "store.capacity: is missing, and it has no default"),
        ("gamma = 0.99", "gamma = 3", "gamma: Recipe.gamma is 3, but must be a finite number, at least 0 and"),
        ("[explorer]", "[exploer]", "exploer: Recipe has no field 'exploer'\n  fix: did you mean 'explorer'?"),
        ('"1 env_steps"', '"1 steps"', "cadence.every: 'steps' is no clock; did you mean 'env_steps'?"),
        ('"1 env_steps"', "1", "cadence.every: 1 stands where a duration is needed\n  fix: write it as in"),
        ('block = "learn_every"', "", 'cadence: the table names no block\n  fix: write block = "learn_every" in it'),
        ('trains = ["q"]', 'trains = "q"', "objectives.q.trains: 'q' stands where a list is needed"),
        ('trains = ["q"]', "trains = [1]", "objectives.q.trains[0]: 1 stands where a text is needed"),
        ("[store]", "[store]\n[store]", ", column 7: cannot declare store twice\n  fix: keep one of the two"),
        ("gamma = 0.99", "gamma = 0.99\ngamma = 0.99", "says something twice, line 4, column 13"),
        ("gamma = 0.99", "gamma = ", "dqn.toml is not TOML, line 3, column 9: invalid value"),
        ("schema = 1", "schema = 2", "written by a newer rlblocks: schema 2, this one reads up to 1\n  fix: upgrade"),
        ("schema = 1", "", "does not say its schema\n  fix: write schema = 1 as its first line"),
        ("schema = 1", "schema = true", "has schema = True, which there is not"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_path(old, new, said):
    """Every refusal names the file, the place, what is wrong and what to do."""
    assert old in TEXT

    message = refused(TEXT.replace(old, new, 1))

    assert message.startswith("dqn.toml")
    assert said in message
    assert "cattrs" not in message


def test_monstrous_texts_are_refused():
    """A number of thousands of digits, brackets without end, and a text larger than any recipe."""
    assert "holds a number of thousands of digits" in refused("x = " + "1" * 5000)
    assert "nests too deeply" in refused("x = " + "[" * 5000)
    assert "is larger than 1,000,000 bytes" in refused("#" * (MAX_BYTES + 1))


def test_all_misfits_of_a_file_are_told_at_once():
    """One error holds every problem, each with its own path."""
    text = TEXT.replace('"max_q"', '"max_qq"').replace("capacity =", "capacitz =")
    with pytest.raises(RecipeError) as caught:
        loads(text)

    paths = {problem.facts["path"] for problem in caught.value.facts["problems"]}

    assert {"store.capacity", "store.capacitz", "objectives.q.target"} == paths


def test_renamed_blocks_and_fields_load_by_the_table(monkeypatch):
    """An older file's names stand for today's."""
    renames = {"targets.greatest_q": "max_q", "stores.uniform_replay.size": "capacity", "Objective.updates": "trains"}
    monkeypatch.setattr(structure, "RENAMES", renames)
    text = TEXT.replace('"max_q"', '"greatest_q"').replace("capacity =", "size =").replace("trains =", "updates =")

    assert named.dqn() == loads(text)


def test_every_rename_leads_to_what_there_is():
    """The table of renames names blocks and fields of today."""
    for old, new in structure.RENAMES.items():
        owner = old.rpartition(".")[0]
        if owner in roles():
            assert new in blocks_of(owner)
        else:
            role, _, name = owner.partition(".")
            assert new in attrs.fields_dict(blocks_of(role)[name])


def test_a_block_of_another_package_is_read_by_its_name():
    """A registered third-party block loads; its fields need no description of ours, only annotations."""

    class SoftQ(Target):
        """A target of another package: it holds a block, a tuple and a mapping in plain attrs fields."""

        inner: Target
        weights: tuple[float, ...] = (1.0,)
        numbers: dict[str, int] = attrs.field(factory=dict)
        every: Updates = Updates(3)

    made = block("lab/soft_q")(SoftQ)
    try:
        recipe = named.dqn().swap(target=made(MaxQ(), (0.5, 2.0), {"count": 1}))
        text = dumps(recipe)

        assert 'block = "lab/soft_q"' in text
        assert recipe == loads(text)
        assert "target.weights: 3 stands where a list is needed" in refused(text.replace("[0.5, 2.0]", "3"))
        assert "target.numbers.count: 1.5 stands where a whole number is needed" in refused(
            text.replace("count = 1", "count = 1.5")
        )
    finally:
        del registry._BLOCKS["targets"]["lab/soft_q"]
    assert "is the package that registers it installed?" in refused(text)


def test_a_file_is_read_from_disk(tmp_path):
    """With or without the mark that some editors write first, and with either line ending."""
    path = tmp_path / "mine.toml"
    for content in (TEXT.encode(), b"\xef\xbb\xbf" + TEXT.encode(), TEXT.replace("\n", "\r\n").encode()):
        path.write_bytes(content)
        assert named.dqn() == load(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: b"\x00\xff\xfe\x80", "is no text (byte 1 is not UTF-8)"),
        (lambda: b"\xff" * (MAX_BYTES + 10), "larger than 1,000,000 bytes"),
        (lambda: b"a" * (MAX_BYTES + 10), "larger than 1,000,000 bytes"),
        (lambda: b"\x00", "is not TOML, line 1, column 1"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_recipe_is_refused(tmp_path, content, said):
    """Binary and huge files are refused by name."""
    path = tmp_path / "mine.toml"
    path.write_bytes(content())

    with pytest.raises(RecipeError) as caught:
        load(path)

    assert "mine.toml" in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    """A missing file, and a folder."""
    with pytest.raises(RecipeError, match="No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(RecipeError, match=r"cannot be read: Is a directory"):
        load(tmp_path)


def test_the_text_is_toml_for_others_too():
    """The standard reader gives the tables in the order of the recipe."""
    recipe = attrs.evolve(named.dqn(), target_updates={})
    table = tomllib.loads(dumps(recipe))

    assert table["target_updates"] == {}
    assert table["schema"] == 1


def test_two_losses_keep_their_order():
    """Lists are written as they are."""
    recipe = named.dqn().swap({"objectives.q.losses": (Huber(coefficient=0.5), SquaredError(), Huber(delta=2.0))})

    assert recipe == loads(dumps(recipe))
