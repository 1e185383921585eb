"""What a solved hold'em game looks like to its user: decisions by hand, in numbers, text and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Any, Protocol

import numpy as np

from agents.reporting.equity import position_text, ranges_worth, realized
from agents.reporting.figures import blank_figure, save_figure
from agents.reporting.made_hands import hand_names
from agents.reporting.tables import Row, table, write_csv
from games.arrays import Float
from games.holdem.board_tree import BoardTree
from games.holdem.cards import RANKS, Deck, hand_text
from games.holdem.rules import HoldemGame
from search import BoardStrategy
from search.boards.showdown_equity import MOST_RUN_OUTS, run_outs_left, showdown_equity

# Showdown and fold sums take what shares a card from a sum over all hands, in float32: 1e-7 of the whole. What is left of a smaller share
# than this would be known to less than one per cent.
LEAST_MET = 1e-4
LEAST_REACH = 1e-30  # of the largest weight of a range: products of seldom taken actions have no float32 much below
LEAST_DEALT = 1e-12  # the same in float64, of ranges: a hand that meets less can never be dealt
LEAST_TOLD = 0.01  # of the most frequent class: rarer ones are left out where classes are named
# Black names stand on every colour: none may be dark. Solvers agree on these: fold blue, check and call green, bets red.
PASSIVE = {"fold": "#6fa8dc", "check": "#7cc47f", "call": "#7cc47f"}
REDS = ("#ffd3c4", "#ff9a80", "#fb5f4a", "#f0302b")  # of bets and raises, from small to large
EMPTY = "#e4e4e4"
READING = "width: how often the action is taken; height: the share of the square's hands that come here, by weight; grey: none of them"


class Solved(Protocol):
    """What a decision is read out of: a ``BoardSolver``, or what stands for one."""

    game: HoldemGame
    tree: BoardTree

    def answer(self) -> BoardStrategy:
        """See ``BoardSolver``."""

    def node_values(self, node: int, cards: tuple[int, ...] | None = None) -> tuple[Float, Float | None]:
        """See ``BoardSolver``; the other player's are None where they are not known."""


def decision(
    solver: Solved, node: int = 0, cards: tuple[int, ...] | None = None, net: bool = False, most_run_outs: int = MOST_RUN_OUTS
) -> Row:
    """Return the average strategy at a decision, the first one unless given, in the form of ``result.json``'s ``root``.

    A hand's ``weight`` is its range times the player's own actions on the way. Its ``ev`` is what it wins of the pot from there on, in
    chips (a deal's net chips in a game with blinds, or where ``net`` says so), against the hands that the opponent comes there with; none
    where he hardly ever does with one that shares no card with it. ``action_evs`` are the same of each action. ``frequencies`` are weighted
    by both players' reach, none where they never come there. ``equity`` is the share of the pot that a hand wins against those hands at
    showdown if nobody bets any more, ``eqr`` what it wins of the pot by what its equity is worth, ``made`` what it is called on the board.
    ``players`` has equity, EV and EQR of both whole ranges. Equities are none before the flop, or where more than ``most_run_outs`` boards
    may still come.
    """
    game, bets = solver.game, solver.game.bets
    player = int(bets.player[node])
    strategy, reach = solver.answer().at_node(node, cards), solver.answer().reach(node, cards)
    range_, opponent_range = reach[player] / game.ranges[player].max(), reach[1 - player] / game.ranges[1 - player].max()
    board = solver.tree.cards[0] if cards is None else cards
    spot = replace(game, board=(board,))
    deals, cf_reach = (spot.cf_reach(spot.root, player, reach) for reach in (spot.ranges[1 - player], opponent_range))
    meeting = cf_reach > max(LEAST_MET * opponent_range.sum(), LEAST_REACH)
    values, other_values = solver.node_values(node, cards)
    values = values / game.ranges[1 - player].max()
    mixed = (strategy * values).sum(axis=0)
    paid = float(bets.contribution[node, player])
    pot, offset = float(bets.contribution[node].sum()), 0.0 if net or game.betting.blinds else paid
    equity = showdown_equity(game, board, reach) if run_outs_left(game, board) <= most_run_outs else None
    names, hands = hand_names(game.deck, board), dict[str, Row]()
    for hand in np.flatnonzero((spot.ranges[player] > 0) & (deals > LEAST_DEALT * spot.ranges[1 - player].sum())).tolist():
        ev, evs, share = None, None, None
        if meeting[hand]:
            ev, evs = float(mixed[hand] / cf_reach[hand]) + offset, (values[:, hand] / cf_reach[hand] + offset).tolist()
            share = None if equity is None else float(equity[player][hand])
        entry = {"strategy": strategy[:, hand].tolist(), "ev": ev, "action_evs": evs, "weight": float(reach[player][hand])}
        text = hand_text(*game.hands[hand].tolist())
        entry |= {"equity": share, "eqr": realized(None if ev is None else ev - offset + paid, share, pot), "made": names.get(text)}
        hands[text] = entry
    weight = range_ * np.where(meeting, cf_reach, 0.0)
    total = float(weight.sum())
    frequencies = (strategy @ weight / total).tolist() if total > 0 else [None] * len(strategy)
    labels = [bets.labels[child] for child in bets.children(node)]
    won: list[float | None] = [None, None]  # net chips that both win in the deals that come here
    if total > 0:
        mean = float(range_ @ np.where(meeting, mixed, 0.0)) / total
        won[player], won[1 - player] = mean, -mean
    if total > 0 and game.betting.rake and other_values is not None:  # together they lose the rake
        won[1 - player] = float(opponent_range @ other_values) / game.ranges[player].max() / float(range_ @ cf_reach)
    weights = [weight, opponent_range * spot.cf_reach(spot.root, 1 - player, range_)]
    if player == 1:
        weights.reverse()
    in_pot = bets.contribution[node].tolist()
    players = ranges_worth((weights[0], weights[1]), (won[0], won[1]), equity if total > 0 else None, in_pot, net or game.betting.blinds)
    return {
        "player": player, "seats": [position_text(game, p) for p in (0, 1)], "pot": pot, "actions": labels, "frequencies": frequencies,
        "players": players, "hands": hands,
    }  # fmt: skip


def by_class(root: Row, suits: int = 4) -> dict[str, tuple[float, Float]]:
    """Return, for each class of hands such as ``AKs``, its share of all its hands in a deck of so many suits, and its mean strategy."""
    whole = {"": suits * (suits - 1) // 2, "s": suits, "o": suits * (suits - 1)}
    totals: dict[str, list[Any]] = {}
    for name, entry in root["hands"].items():
        suffix = "" if name[0] == name[2] else "s" if name[1] == name[3] else "o"
        total = totals.setdefault(name[0] + name[2] + suffix, [0.0, whole[suffix], np.zeros(len(root["actions"]))])
        total[0] += entry["weight"]
        total[2] = total[2] + entry["weight"] * np.array(entry["strategy"])
    return {name: (weight / count, shares / weight if weight > 0 else shares) for name, (weight, count, shares) in totals.items()}


def decision_table(root: Row) -> str:
    """Return a decision as text: how often each action is taken, and the classes of hands that take it most."""
    classes = by_class(root)
    least = LEAST_TOLD * max((weight for weight, _ in classes.values()), default=0.0)
    named = {name: shares for name, (weight, shares) in classes.items() if weight > least}
    rows = []
    for i, (action, frequency) in enumerate(zip(root["actions"], root["frequencies"], strict=True)):
        most = sorted(named, key=lambda name: -named[name][i])
        rows.append([action, _percent(frequency), " ".join(name for name in most[:8] if named[name][i] > 0.5) or "-"])
    seats = root.get("seats")
    return table([seats[root["player"]] if seats else f"player {root['player']}", "how often", "most with"], rows)


def write_decision(root: Row, deck: Deck, title: str, directory: Path, name: str) -> None:
    """Write a decision as ``<name>.csv``, a row a hand, and as a figure, ``<name>.png`` and ``<name>.svg``."""
    actions = root["actions"]
    unknown = [None] * len(actions)
    rows = [
        {"hand": hand, "made": entry.get("made"), "weight": entry["weight"], "ev": entry["ev"]}
        | {"equity": entry.get("equity"), "eqr": entry.get("eqr")}
        | dict(zip(actions, entry["strategy"], strict=True))
        | {f"ev {action}": ev for action, ev in zip(actions, entry.get("action_evs") or unknown, strict=True)}
        for hand, entry in root["hands"].items()
    ]
    write_csv(directory / f"{name}.csv", rows)
    plot_decision(root, deck, title, [directory / f"{name}.{kind}" for kind in ("png", "svg")])


def _percent(share: float | None) -> str:
    return "never here" if share is None else f"{100 * share:.1f} %"


def action_colors(actions: Sequence[str]) -> list[str]:
    """Return a colour of its own for each action of a decision; the larger a bet, the deeper its red."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex  # slow to import, and needed only here

    bets, ramp = sum(action not in PASSIVE for action in actions), LinearSegmentedColormap.from_list("reds", REDS)
    places = iter(np.linspace(0.0, 1.0, bets) if bets > 1 else [0.6])
    return [PASSIVE[a] if a in PASSIVE else str(to_hex(ramp(next(places)))) for a in actions]


def plot_decision(root: Row, deck: Deck, title: str, paths: Sequence[Path]) -> None:
    """Draw a decision as players know it: pairs on the diagonal, suited hands above it, bars by action, filled by weight.

    A square is full where all its hands have the largest weight that there is.
    """
    most = max((entry["weight"] for entry in root["hands"].values()), default=0.0) or 1.0
    lines = [line for part in title.split("\n") for line in wrap(part, 100)]
    bottom, top = 0.046 + 0.0225 * -(-len(root["actions"]) // 4), 0.993 - 0.0225 * len(lines)  # room for the legend and for the title
    figure, axes = blank_figure("\n".join(lines), (8, 8), ((1 - top + bottom) / 2, bottom, top - bottom, top - bottom))
    order = sorted(deck.ranks, key=RANKS.index, reverse=True)
    classes, chosen = by_class(root, len(deck.suits)), action_colors(root["actions"])
    names: dict[str, list[tuple[float, float, str]]] = {"black": [], "0.6": []}
    boxes: dict[str, list[tuple[float, float, float, float]]] = {color: [] for color in (EMPTY, *chosen)}
    for i, first in enumerate(order):
        for j, second in enumerate(order):
            name = first + second + "s" if i < j else second + first + "o" if j < i else first + second
            boxes[EMPTY].append((j, i, 1.0, 1.0))
            if name in classes:
                weight, shares = classes[name][0] / most, classes[name][1]
                left = float(j)
                for share, color in zip(shares, chosen, strict=True):
                    if share > 0:
                        boxes[color].append((left, i + 1 - weight, float(share), weight))
                    left += float(share)
            names["black" if name in classes else "0.6"].append((j + 0.06, i + 0.3, name))
    for color, rectangles in boxes.items():
        axes.add_artist(_boxes(rectangles, color))
    axes.add_artist(_boxes(boxes[EMPTY], "none", 1.4))  # over the bars: where squares begin
    for color, texts in names.items():
        axes.add_artist(_texts(axes, texts, color))
    axes.set_xlim(0, len(order))
    axes.set_ylim(len(order), 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal")
    for action, frequency, color in zip(root["actions"], root["frequencies"], chosen, strict=True):
        axes.plot([], [], "s", color=color, label=f"{action}  {_percent(frequency)}")
    place: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.005), "ncols": 4}
    axes.legend(**place, fontsize=8, frameon=False, title=READING, title_fontsize=7)
    save_figure(figure, paths)


def _boxes(boxes: Sequence[tuple[float, float, float, float]], color: str, edge: float = 0.3) -> Any:
    """Return rectangles (left, top, width, height) as one artist: hundreds of single ones take a second to draw."""
    from matplotlib.patches import PathPatch  # slow to import, and needed only here
    from matplotlib.path import Path as Outline

    corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)] for x, y, w, h in boxes]
    codes = [Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY] * len(boxes)
    return PathPatch(Outline(np.reshape(corners, (-1, 2)), codes), facecolor=color, edgecolor="white", linewidth=edge, zorder=1)


def _texts(axes: Any, texts: Sequence[tuple[float, float, str]], color: str) -> Any:
    """Return small texts (left, baseline) as one artist, which measures none: to lay out a hundred takes longer than to draw them."""
    from matplotlib.artist import Artist  # slow to import, and needed only here
    from matplotlib.colors import to_rgba
    from matplotlib.font_manager import FontProperties

    class Texts(Artist):
        def draw(self, renderer: Any) -> None:
            pen, font = renderer.new_gc(), FontProperties(size=7)
            pen.set_foreground(to_rgba(color))
            height = renderer.get_canvas_width_height()[1]
            for left, baseline, text in texts:
                x, y = axes.transData.transform((left, baseline))
                renderer.draw_text(pen, x, height - y if renderer.flipy() else y, text, font, 0)
            pen.restore()

    artist = Texts()
    artist.set_zorder(3)
    return artist
