"""The kernel of places on the turns of a flop, beside its naive twin."""

import numpy as np
import pytest

from games.holdem.cards import hole_hands, parse_cards
from search.kernels.equity import equity_space
from search.kernels.turn_places import turn_places
from tests.compiling import compiled
from tests.naive import turn_places as naive

HANDS = hole_hands()


@compiled
@pytest.mark.kernels
def test_places_are_those_of_the_naive_twin():
    cards = [parse_cards(text, "board") for text in ("Ks8h3d2c9c", "Ks8h3d2cKd", "QsJsTs9s8s")]
    boards = np.array(cards, np.uint8)
    turns, found, wanted = np.array([[0, 1], [0, 2], [1, 2]]), np.zeros((2, 3, len(HANDS))), np.zeros((2, 3, len(HANDS)))
    turn_places(boards, turns, HANDS, equity_space(len(HANDS), 1, 1), *found)
    naive.turn_places(boards, turns, HANDS, *wanted)
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    assert found.max() > 1
