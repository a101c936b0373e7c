"""Sum trees against plain sums and a scan, exhaustively where that is possible."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlblocks.functional import sum_tree as module
from rlblocks.functional.sum_tree import find, leaves_at, set_leaves, sum_tree, total

LAW = settings(max_examples=150, deadline=None, derandomize=True)
BELOW_ONE = 1 - 2.0**-53


@pytest.fixture(params=[(0, 0), (8, 8)], ids=["node by node", "as shipped"])
def paths(request, monkeypatch):
    """With and without the short cuts for small batches and narrow levels."""
    whole, few = request.param
    monkeypatch.setattr(module, "WHOLE", whole)
    monkeypatch.setattr(module, "FEW", few)


def is_exact(tree):
    """Every node is the sum of its children, bit for bit."""
    width = tree.size // 2
    return (tree[1:width] == tree[2::2][: width - 1] + tree[3::2][: width - 1]).all()


def test_root_and_nodes_stay_exact_over_many_updates():
    """After 1e5 updates from 1e-6 to 1e6, and after lowering all to 1e-6, nothing is left of what was (PER-1)."""
    random = np.random.default_rng(0)
    leaves = np.zeros(5_000)
    tree = sum_tree(leaves)
    for size in [1, 3, 7, 64, 1000, 3925] * 20:
        index = random.permutation(leaves.size)[:size]
        leaves[index] = 10 ** random.uniform(-6, 6, size)
        set_leaves(tree, index, leaves[index])
    assert is_exact(tree)
    assert abs(total(tree) - math.fsum(leaves)) <= 1e-12 * math.fsum(leaves)

    for index in np.split(random.permutation(leaves.size), 50):
        set_leaves(tree, index, np.full(index.size, 1e-6))
    assert is_exact(tree)
    assert abs(total(tree) - 5_000e-6) <= 1e-12 * 5_000e-6


@LAW
@given(st.integers(1, 3_000), st.integers(0, 10**6), st.sampled_from([1, 2, 8, 9, 40, 500]), st.sampled_from([0, 8]))
def test_written_leaves_give_the_tree_built_anew(capacity, seed, size, short_cut):
    """Whatever is written, and by which path, the tree is that of its leaves bit for bit."""
    random = np.random.default_rng(seed)
    leaves = random.random(capacity)
    tree = sum_tree(leaves)
    kept = (module.WHOLE, module.FEW)
    try:
        module.WHOLE = module.FEW = short_cut
        for _ in range(3):
            index = random.integers(0, capacity, size)
            leaves[index] = random.random(size) * (random.random(size) > 0.2)
            set_leaves(tree, index, leaves[index])
    finally:
        module.WHOLE, module.FEW = kept

    assert tree.tobytes() == sum_tree(leaves).tobytes()
    assert leaves_at(tree, np.arange(capacity)).tobytes() == leaves.tobytes()


@pytest.mark.parametrize("capacity", range(1, 34))
def test_find_is_the_inverse_of_the_cumulative_sum(capacity, paths):
    """Exhaustively: every mass m and m + ½ gives the leaf of a scan, right-continuous at every boundary (PER-2)."""
    for pattern in range(4):
        leaves = np.array([(i * 7 + pattern * 3) % (3 + pattern) for i in range(capacity)], np.float64)
        leaves[(5 * pattern) % capacity] += 1.0
        tree, cumulative = sum_tree(leaves), np.cumsum(leaves)
        masses = np.concatenate([np.arange(int(total(tree))) + offset for offset in (0.0, 0.5)])
        expected = [next(i for i in range(capacity) if mass < cumulative[i]) for mass in masses]
        assert find(tree, masses).tolist() == expected
        assert [int(find(tree, masses[i : i + 1])[0]) for i in range(masses.size)] == expected


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 31, 64, 100, 4_097])
def test_ends_of_the_range_never_find_a_leaf_of_zero(capacity, paths):
    """The least and the greatest prefix find leaves above 0, also beside zeros at both ends (PER-3)."""
    random = np.random.default_rng(capacity)
    for _ in range(20):
        leaves = 10 ** random.uniform(-12, 12, capacity) * (random.random(capacity) > 0.6)
        leaves[random.integers(capacity)] = 1.0
        tree = sum_tree(leaves)
        above = np.flatnonzero(leaves)
        edges = np.cumsum(leaves)
        near = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, np.inf)])
        prefix = np.concatenate([[0.0, BELOW_ONE * total(tree)], near[near < total(tree)]])
        found = find(tree, prefix)
        assert (leaves[found] > 0).all()
        assert found[0] == above[0]


@pytest.mark.parametrize("padding", [0, 1, 12, 3_000])
def test_rounding_past_the_end_of_a_node_takes_the_last_leaf_above_zero(padding, paths):
    """A prefix that rounding moves up to the sum of a node still finds the last leaf of that node that is not 0."""
    # 1.5 + (2⁵² + 2) rounds up to 2⁵² + 4; of the prefix 2⁵² + 3 a rest of 2⁵² + 2 is left: all of the right half.
    leaves = np.array([1.5, 0.0, 2.0**52 + 2, 0.0] + [0.0] * padding)
    tree = sum_tree(leaves)
    prefix = np.array([2.0**52 + 3])
    assert prefix[0] < total(tree)
    assert find(tree, prefix).tolist() == [2]


def test_random_prefixes_agree_with_a_scan(paths):
    """In large trees the found leaf is that of a search in the cumulative sum, up to the rounding of the sums."""
    counts = Counter()

    @LAW
    @given(
        hnp.arrays(np.float64, st.integers(1, 2_000), elements=st.floats(0, 1e6)),
        st.integers(1, 300),
        st.integers(0, 999),
    )
    def law(leaves, size, seed):
        leaves[seed % leaves.size] += 1.0
        tree = sum_tree(leaves)
        prefix = np.random.default_rng(seed).random(size) * total(tree)
        found, cumulative = find(tree, prefix), np.cumsum(leaves)
        slack = 1e-9 * total(tree)
        counts["zeros"] += int((leaves == 0).any())
        counts["deep"] += int(tree.size // 2 > 16 * size)
        assert (cumulative[found] > prefix - slack).all()
        assert (cumulative[found] - leaves[found] <= prefix + slack).all()
        assert (leaves[found] > 0).all()

    law()
    assert counts["zeros"] > 20
    assert counts["deep"] > 5


def test_a_write_and_a_search_touch_few_nodes():
    """NaN in every node that is off the path and not beside it does no harm: O(log L) nodes are read (PER-15)."""
    width = 2**12
    for leaf in (0, 1, 777, width - 1):
        path = {(leaf + width) >> level for level in range(13)}
        tree = np.full(2 * width, np.nan)
        beside = [node ^ 1 for node in path if node > 1]
        tree[beside] = 1.0
        set_leaves(tree, np.array([leaf]), np.array([0.5]))
        assert np.isfinite(tree[list(path)]).all()
        assert np.isnan(tree).sum() == tree.size - len(path) - len(beside)

    leaves = np.ones(width)
    exact = sum_tree(leaves)
    for leaf in (0, 777, width - 1):
        tree = np.full(2 * width, np.nan)
        seen = {(leaf + width) >> level for level in range(13)} | set(range(1, 32))
        for node in list(seen):
            seen |= {node ^ 1}
        tree[list(seen)] = exact[list(seen)]
        assert find(tree, np.array([leaf + 0.5])).tolist() == [leaf]


def test_a_tree_of_zeros_cannot_be_searched():
    """There is nothing to find, which is said at once."""
    with pytest.raises(AssertionError, match="nothing to find"):
        find(sum_tree(np.zeros(3)), np.array([0.0]))


def test_inputs_are_left_alone():
    """Neither prefixes, nor indices, nor values are changed (GEN-1)."""
    tree = sum_tree(np.arange(100.0))
    prefix, index, value = np.arange(50.0), np.arange(50), np.ones(50)
    find(tree, prefix)
    set_leaves(tree, index, value)

    assert (prefix == np.arange(50.0)).all()
    assert (index == np.arange(50)).all()
    assert (value == 1).all()
