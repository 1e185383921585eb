"""A table of the cards that may come at the end of a street: what each is worth to both players, and what who acts first does there."""

from __future__ import annotations

import numpy as np

from agents.reporting.equity import position_text
from agents.reporting.tables import Row, table
from games.game import find_decision
from games.holdem.cards import card_text
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE
from games.settings import shown
from search import BoardSolver
from search.boards.next_cards import next_cards
from search.boards.showdown_equity import MOST_RUN_OUTS, run_outs_left, showdown_equity


def find_cards(game: HoldemGame, line: str) -> HoldemState:
    """Return where a line of play leads: a state where one card comes, and somebody acts behind it.

    Raises:
        ValueError: a line that leads nowhere, or to another state.
    """
    above, _, last = line.rpartition("/")
    state = find_decision(game, above, "line")
    try:
        state = game.child(state, game.action(state, " ".join(last.split())))
    except ValueError as error:
        raise ValueError(f"line must go on with {error}, got {shown(last.strip())}") from None
    if game.player(state) != CHANCE or game.settled(state) or game.deals[game.round(state) + 1] != 1:
        raise ValueError(f"line must end where one card comes and somebody acts behind it, got {shown(line)}")
    return state


def cards_row(solver: BoardSolver, state: HoldemState) -> Row:
    """Return what each card is worth: ``actions`` and the ``player`` who takes them there, and ``cards``, a row a card.

    ``net`` says what EVs are.

    A row's ``cards`` are equal by suits. ``share`` is how often one of them comes. ``ev`` is what both players win of the pot from
    there on, in chips (a deal's net chips in a game with blinds), ``equity`` their shares of the pot at showdown if nobody bets any more,
    ``frequencies`` how often each action is taken.
    """
    game, bets, place = solver.game, solver.game.bets, solver.game.locate(state)
    assert place is not None  # every action of its line is one of the menus'
    first = place.node + 1
    offset = [0.0, 0.0] if game.betting.blinds else bets.contribution[first].tolist()
    player, rows = int(bets.player[first]), list[Row]()
    worths = next_cards(solver, *place)
    total = sum(len(one.cards) * one.deals for one in worths)
    for one in worths:
        revealed = (*place.cards, one.cards[0])
        equity: list[float | None] = [None, None]
        if one.won is not None and run_outs_left(game, revealed) <= MOST_RUN_OUTS:
            shares = showdown_equity(game, revealed, one.reach)[0]
            weights = one.reach[0] * game.cf_reach(game.state_at(first, revealed), 0, one.reach[1])
            known = weights > 0
            mean = float(np.average(shares[known], weights=weights[known]))
            equity = [mean, 1 - mean]
        rows.append(
            {
                "cards": [card_text(card) for card in one.cards],
                "share": len(one.cards) * one.deals / total if total > 0 else 0.0,
                "ev": None if one.won is None else [one.won[p] + offset[p] for p in (0, 1)],
                "equity": equity,
                "frequencies": None if one.frequencies is None else one.frequencies.tolist(),
            }
        )
    actions = [bets.labels[child] for child in bets.children(first)]
    seats = [position_text(game, p) for p in (0, 1)]
    net, pot = bool(game.betting.blinds), float(bets.contribution[first].sum())
    return {"player": player, "seats": seats, "pot": pot, "net": net, "actions": actions, "cards": rows}


def cards_table(row: Row) -> str:
    """Return the cards as text, those with the largest EV of player 0 first."""
    cells = []
    for one in sorted(row["cards"], key=lambda one: -(one["ev"] or [-np.inf])[0]):
        evs = ["-", "-"] if one["ev"] is None else [f"{ev:z.2f}" for ev in one["ev"]]
        shares = ["-" if share is None else f"{share:.1%}" for share in one["equity"]]
        often = ["-"] * len(row["actions"]) if one["frequencies"] is None else [f"{share:.1%}" for share in one["frequencies"]]
        cells.append([" ".join(one["cards"]), f"{one['share']:.1%}", *evs, shares[0], *often])
    first, second = row["seats"]
    heads = ["card", "comes", f"EV {first}", f"EV {second}", f"equity {first}", *row["actions"]]
    evs_text = f"net EVs of a deal in chips, the pot is {row['pot']:g}" if row["net"] else f"EVs in chips of the pot {row['pot']:g}"
    return table(heads, cells) + f"\nactions: {row['seats'][row['player']]}; {evs_text}"
