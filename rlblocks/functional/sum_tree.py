"""Sums over many leaves that change a few at a time, and the search for the leaf at a given prefix sum.

A sum tree over n leaves is a float64 array of 2·L numbers, L the least power of two ≥ n. Leaf i is `tree[L + i]`, node
k is the sum of `tree[2k]` and `tree[2k + 1]`, the root is `tree[1]`, and `tree[0]` is unused. A node is always
recomputed from its children and never moved by a difference, so that no rounding error outlives a write: whatever was
written before, the tree equals a freshly built one bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# A level with at most so many nodes for each row asked about is cheaper to treat whole than node by node (measured: a
# pass over 1,024 neighbours costs 2 µs, a pass that picks 128 nodes out of many costs 5).
WHOLE = 8
FEW = 8  # so many leaves are written sooner one by one, at 0.2 µs a node, than in vectors at 4 µs a level


def sum_tree(leaves: Floats) -> Floats:
    """The tree over these leaves, at least 0 each: `[n] -> [2L]`.

    >>> sum_tree(np.array([1.0, 2.0, 3.0]))
    array([0., 6., 3., 3., 1., 2., 3., 0.])
    """
    width = 1 << max(leaves.size - 1, 0).bit_length()
    tree = np.zeros(2 * width)
    tree[width : width + leaves.size] = leaves
    while width > 1:
        width //= 2
        _add_pairs(tree, width)
    return tree


def total(tree: Floats) -> float:
    """The sum of all leaves."""
    return float(tree[1])


def leaves_at(tree: Floats, index: Indices) -> Floats:
    """The leaves with these indices: `[B] -> [B]`."""
    return tree.take(index + tree.size // 2)


def set_leaves(tree: Floats, index: Indices, value: Floats) -> None:
    """Write leaves, in place: O(B·log L). An index may stand twice only with the same value.

    >>> tree = sum_tree(np.array([1.0, 2.0, 3.0]))
    >>> set_leaves(tree, np.array([0, 2]), np.array([5.0, 0.5]))
    >>> tree
    array([0. , 7.5, 7. , 0.5, 5. , 2. , 0.5, 0. ])
    """
    if index.size <= FEW:
        for i, leaf in zip(index.tolist(), value.tolist(), strict=True):
            _set_leaf(tree, i, leaf)
        return
    width = tree.size // 2
    node = index + width
    tree[node] = value
    whole = WHOLE * index.size
    while width > 1:
        width //= 2
        if width > whole:
            left = tree.take(node & ~1)
            right = tree.take(node | 1)
            node >>= 1
            tree[node] = left + right
        else:
            _add_pairs(tree, width)


def _add_pairs(tree: Floats, width: int) -> None:
    """Recompute the level with `width` nodes."""
    np.add(tree[2 * width : 4 * width : 2], tree[2 * width + 1 : 4 * width : 2], out=tree[width : 2 * width])


def _set_leaf(tree: Floats, index: int, value: float) -> None:
    view: Any = tree.data  # single numbers come out of a memoryview three times as fast as out of an array
    node = tree.size // 2 + index
    view[node] = value
    while node > 1:
        node >>= 1
        view[node] = view[2 * node] + view[2 * node + 1]


def find(tree: Floats, prefix: Floats) -> Indices:
    """The leaf i with Σ_{k<i} p_k ≤ prefix < Σ_{k≤i} p_k: `[B] -> [B]`, O(B·log L).

    This is the inverse of the cumulative distribution, right-continuous: a prefix that hits a boundary belongs to the
    leaf that begins there. Where rounding moves a prefix past the end of what it was to be found in, the last leaf
    above 0 is taken, so that a leaf of 0 is never found.

    Args:
        tree: a sum tree with a leaf above 0.
        prefix: in [0, total).

    >>> find(sum_tree(np.array([1.0, 0.0, 2.0])), np.array([0.0, 0.5, 1.0, 2.9]))
    array([0, 0, 2, 2])
    """
    assert tree[1] > 0.0, "there is nothing to find in a tree of zeros"
    leaves = tree.size // 2
    width = min(leaves, 1 << (WHOLE * prefix.size).bit_length())
    before = np.zeros(width + 1)  # sums of all nodes to the left, over one level that is searched whole
    np.cumsum(tree[width : 2 * width], out=before[1:])
    node = before[1:].searchsorted(prefix, side="right")
    np.minimum(node, width - 1, out=node)
    rest = prefix - before.take(node)
    node += width
    left, goes_right = np.empty(prefix.size), np.empty(prefix.size, bool)
    while width < leaves:
        width *= 2
        node *= 2
        tree.take(node, out=left, mode="clip")
        np.greater_equal(rest, left, out=goes_right)
        left *= goes_right
        rest -= left
        node += goes_right
    for row in np.flatnonzero(tree.take(node) == 0.0):
        node[row] = _last_above_zero(tree, int(node[row]))
    return node - leaves


def _last_above_zero(tree: Floats, node: int) -> int:
    """The nearest leaf to the left of leaf node `node` that is above 0, as a node."""
    while node & 1 == 0 or tree[node - 1] == 0.0:
        node >>= 1
    node -= 1
    while node < tree.size // 2:
        node = 2 * node + int(tree[2 * node + 1] > 0.0)
    return node
