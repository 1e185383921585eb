"""No raise before the flop wins by itself: an opponent who never looks at his cards and gives up when he is called loses."""

import numpy as np
import pytest

from agents.apps.build import BLUEPRINTS
from agents.bucket_blueprint import load_blueprint
from games.game import Kind
from games.holdem.config import Holdem
from search.off_tree import lines_from
from tests.compiling import compiled


@compiled
@pytest.mark.parametrize("limped", [False, True])
def test_a_raise_that_gives_up_when_it_is_called_loses_whatever_its_size(limped):
    game = Holdem(name="heads_up_no_limit", blinds=[50, 100], stack=20_000, min_bet=100, amounts="any").build()
    lines, state, range_ = lines_from(game, load_blueprint(game, BLUEPRINTS / "small")), game.root, np.ones(1326)
    if limped:
        range_ = lines.likely(state, "call")
        after = game.child(state, game.action(state, "call"))
        lines, state = lines.follow(state, after), after
    low, high = game.amounts(state)
    dead = game.chips(state).paid[1 - game.player(state)]
    for amount in sorted({*range(low, 1200, 9), *range(1200, high, 601), high}):
        action = game.action(state, f"raise {amount}" if amount < high else f"all-in {amount}")
        raised = game.child(state, action)
        assert game.actions(raised)[0].kind == Kind.FOLD
        folded = float(lines.follow(state, raised).at(raised)[0] @ range_ / range_.sum())
        assert folded * dead < (1 - folded) * amount
