import dataclasses
import itertools

import numpy as np
import pytest

from games import CHANCE, TERMINAL
from tests.naive.synthetic import random_game

INVARIANT_SEEDS = range(12)


@pytest.fixture(params=INVARIANT_SEEDS)
def synthetic(request):
    return random_game(request.param, (3, 9)).tree


def check_preorder(tree):
    n = tree.num_nodes
    assert tree.parent[0] == -1
    assert tree.end[0] == n
    for i in range(1, n):
        parent = tree.parent[i]
        assert 0 <= parent < i < tree.end[i] <= tree.end[parent]
    for i in range(n):
        children = tree.children(i)
        assert children == [j for j in range(n) if tree.parent[j] == i]
        assert bool(children) == (tree.player[i] != TERMINAL)
        assert len({tree.action[c] for c in children}) == len(children)


def check_sequences(tree):
    for p in (0, 1):
        sequences = tree.sequences[p]
        decisions = np.flatnonzero(tree.player == p)
        np.testing.assert_array_equal(sequences.node, decisions)
        np.testing.assert_array_equal(tree.decision[decisions], np.arange(len(decisions)))
        assert sequences.action[0] == -1
        assert sequences.first_row[0] == 1
        assert sequences.first_row[-1] == tree.num_rows(p) == len(sequences.action)
        for k, node in enumerate(decisions):
            rows = tree.rows_at(int(node))
            children = tree.children(int(node))
            assert sequences.parent_row[k] == tree.row[p, node] < rows.start  # parents first
            assert list(sequences.action[rows]) == [tree.action[c] for c in children]
            assert [tree.row[p, c] for c in children] == list(range(rows.start, rows.stop))
            assert all(tree.row[1 - p, c] == tree.row[1 - p, node] for c in children)
    assert all(tree.decision[i] == -1 for i in range(tree.num_nodes) if tree.player[i] < 0)
    for i in np.flatnonzero(tree.player == CHANCE):
        assert all((tree.row[:, c] == tree.row[:, i]).all() for c in tree.children(int(i)))


def check_terminals(tree):
    nodes = np.flatnonzero(tree.player == TERMINAL)
    one, other = tree.terminals
    for p, view in enumerate(tree.terminals):
        np.testing.assert_array_equal(view.own_row, tree.row[p, nodes])
        np.testing.assert_array_equal(view.other_row, tree.row[1 - p, nodes])
        assert view.other_hands == tree.num_hands(1 - p)
        assert view.payoff.shape[1] == tree.padded_hands(p)
        assert view.payoff.shape[1] % 8 == 0
        assert not view.payoff[:, tree.num_hands(p) :].any()  # padded columns
        assert view.matrix.max() < len(view.payoff) // view.other_hands
    np.testing.assert_array_equal(one.scale, other.scale)
    np.testing.assert_array_equal(one.matrix, other.matrix)
    h0, h1 = tree.num_hands(0), tree.num_hands(1)
    to_0 = one.payoff.reshape(-1, h1, tree.padded_hands(0))[:, :, :h0]
    to_1 = other.payoff.reshape(-1, h0, tree.padded_hands(1))[:, :, :h1]
    np.testing.assert_array_equal(to_0.transpose(0, 2, 1), -to_1)  # zero-sum
    assert not to_0.transpose(0, 2, 1)[:, tree.deal_weights == 0].any()  # impossible deals pay nothing


def check_slices(tree, nodes):
    for node in nodes:
        part = tree.subgame(node)
        inside = np.arange(node, tree.end[node])
        assert (part.node, part.end) == (node, tree.end[node])
        for p in (0, 1):
            decisions = [int(tree.decision[i]) for i in inside if tree.player[i] == p]
            assert decisions == list(range(*part.decisions[p]))
            rows = [r for i in inside if tree.player[i] == p for r in range(tree.rows_at(i).start, tree.rows_at(i).stop)]
            assert rows == list(range(*part.rows[p]))
            assert part.root_row[p] == tree.row[p, node]
            above = tree.sequences[p].parent_row[slice(*part.decisions[p])]
            assert all(a == part.root_row[p] or part.rows[p][0] <= a < part.rows[p][1] for a in above)  # closed
        assert part.terminals[1] - part.terminals[0] == (tree.player[inside] == TERMINAL).sum()
        assert part.terminals[0] == (tree.player[:node] == TERMINAL).sum()


def test_every_game_is_well_formed(case):
    check_preorder(case.tree)
    check_sequences(case.tree)
    check_terminals(case.tree)
    step = 1 if case.tree.num_nodes < 600 else 97
    check_slices(case.tree, range(0, case.tree.num_nodes, step))


def test_random_trees_are_well_formed(synthetic):
    """The games that other tests draw keep the same promises."""
    check_preorder(synthetic)
    check_sequences(synthetic)
    check_terminals(synthetic)
    check_slices(synthetic, range(synthetic.num_nodes))


def test_paths_and_words(leduc):
    tree = leduc.tree
    assert tree.text(0) == "start"
    assert tree.path(0) == [0]
    for node in range(tree.num_nodes):
        path = tree.path(node)
        assert path[0] == 0
        assert path[-1] == node
        assert all(tree.parent[b] == a for a, b in itertools.pairwise(path))
        assert tree.text(node).split() == " ".join(tree.labels[i] for i in path[1:]).split() or node == 0
    texts = [tree.text(i) for i in range(tree.num_nodes)]
    assert len(set(texts)) == tree.num_nodes
    assert "Call Call" in texts
    assert any("Raise Call" in text and "Chance outcome" in text for text in texts)


def test_a_path_starts_at_its_ancestor(leduc):
    tree = leduc.tree
    node = tree.num_nodes - 1
    middle = tree.path(node)[2]
    assert tree.path(node, middle) == tree.path(node)[2:]
    with pytest.raises(ValueError, match=f"node must lie below node {middle}, got 0"):
        tree.path(0, middle)


@pytest.mark.parametrize("node", [-1, 465, 10**6])
def test_a_subgame_of_no_node_is_refused(leduc, node):
    with pytest.raises(ValueError, match=rf"node must be in 0\.\.464, got {node}"):
        leduc.tree.subgame(node)


def test_only_decisions_have_rows(kuhn):
    tree = kuhn.tree
    leaf = int(np.flatnonzero(tree.player == TERMINAL)[0])
    with pytest.raises(ValueError, match=f"node must be a decision, got {leaf}"):
        tree.rows_at(leaf)


def test_rounds_count_public_chance(leduc):
    tree = leduc.tree
    for node in range(tree.num_nodes):
        assert tree.round[node] == sum(tree.player[i] == CHANCE for i in tree.path(node)[:-1])
    assert set(tree.round) == {0, 1}


def arrays_of(thing):
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, tuple):
        for part in thing:
            yield from arrays_of(part)


def test_memory_is_that_of_the_arrays(case):
    fields = [getattr(case.tree, field.name) for field in dataclasses.fields(case.tree)]
    case.tree.subgame()  # its counts of what comes before a node are kept
    distinct = {id(a): a.nbytes for a in arrays_of((*fields, case.tree._before))}
    assert case.tree.memory_bytes() == sum(distinct.values())
