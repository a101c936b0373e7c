"""What a drawing shows: who writes which key and who reads it."""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest
from rlblocks.recipes import RECIPES, ppo, ppo_lstm

from rlblocks import wire
from rlblocks.early_stops import KLStop
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.runs.drawing import Arrow, drawing_of, mermaid, svg

BOX = r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="8"'
KEYS = r'<text x="([\d.]+)" y="([\d.]+)" font-size="11" fill="#ffffff" stroke="#ffffff" [^>]*>([^<]*)<'


def arrows(recipe, **ends):
    """The keys of the arrows between boxes, by kind."""
    found = drawing_of(wire(recipe)).arrows
    return {a.kind: a.keys for a in found if all(getattr(a, end) == box for end, box in ends.items())}


@pytest.mark.parametrize("name", RECIPES)
def test_every_box_is_touched_and_every_arrow_ends_at_boxes(name):
    """A block that does nothing, such as NoTarget, is not drawn."""
    drawing = drawing_of(wire(RECIPES[name]()))
    boxes = {box.id for box in drawing.boxes}

    assert {end for arrow in drawing.arrows for end in (arrow.source, arrow.target)} == boxes


@pytest.mark.parametrize("name", RECIPES)
def test_the_svg_is_whole_and_its_keys_are_apart(name):
    """It parses as XML; no two lines of keys lie over each other at the box where they begin."""
    text = svg(wire(RECIPES[name]()))
    ET.fromstring(text)
    places = [(float(x), float(y)) for x, y, _ in re.findall(KEYS, text)]

    assert places
    for (x, y), (other_x, other_y) in itertools.combinations(places, 2):
        assert x != other_x or abs(y - other_y) > 10


@pytest.mark.parametrize("name", RECIPES)
def test_no_arrow_that_goes_back_passes_behind_a_box(name):
    """It runs around what stands between a box and its lane."""
    text = svg(wire(RECIPES[name]()))
    boxes = [tuple(map(float, found)) for found in re.findall(BOX, text)]
    ways = [re.findall(r"[\d.]+,[\d.]+", way) for way in re.findall(r'<path d="(M[^"]*Q[^"]*)"', text)]

    assert boxes
    for way in ways:
        points = [tuple(map(float, point.split(","))) for point in way]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            for x, y, width, height in boxes:
                beside = max(x0, x1) <= x + 1 or min(x0, x1) >= x + width - 1
                assert beside or max(y0, y1) <= y + 1 or min(y0, y1) >= y + height - 1


def test_a_column_is_read_through_its_normalizer():
    """In acting and in learning alike; the store keeps it raw."""
    recipe = ppo().swap({"normalizers": {"observation": ObservationNorm(), "reward": RewardScale()}})

    assert arrows(recipe, source="env", target="normalizers_observation") == {"collect": ("observation",)}
    assert arrows(recipe, source="store", target="normalizers_observation") == {
        "learn": ("observation", "next.observation")
    }
    assert arrows(recipe, source="store", target="normalizers_reward") == {"learn": ("reward",)}
    assert arrows(recipe, source="normalizers_reward", target="prepare_0") == {"learn": ("reward",)}
    assert "observation" in arrows(recipe, source="env", target="store")["collect"]
    assert arrows(recipe, source="store", target="networks_value") == {}


def test_what_a_network_remembers_goes_to_the_store_and_back():
    """As columns: the memory before a row and after it, and where it was cleared."""
    recipe = ppo_lstm()

    assert arrows(recipe, source="networks_memory", target="store") == {"remember": ("hidden", "next.hidden")}
    assert {"hidden", "next.hidden", "is_first"} <= set(
        arrows(recipe, source="store", target="networks_memory")["learn"]
    )


def test_an_early_stop_reads_what_a_loss_wrote():
    """One that reads nothing is not drawn."""
    stopping = ppo().swap({"cadence.early_stop": KLStop()})

    assert (
        Arrow("objectives_policy_losses_0", "cadence_early_stop", ("policy.kl",), "learn")
        in drawing_of(wire(stopping)).arrows
    )
    assert "early_stop" not in mermaid(wire(ppo()))


def test_mermaid_names_every_box_and_arrow():
    """Arrows of every kind have a line; colours are given once for each role."""
    plan = wire(ppo_lstm())
    text, drawing = mermaid(plan), drawing_of(plan)

    assert sum("|" in line for line in text.splitlines()) == len(drawing.arrows)
    assert text.count("classDef") == len({box.role for box in drawing.boxes})
