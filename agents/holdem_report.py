"""What a solved hold'em game looks like to its user: the first decision by hand, in numbers, text and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.figures import blank_figure, save_figure
from agents.report import Row, table
from games.cards import RANKS, Deck, hand_text
from search import BoardSolver

Float = npt.NDArray[np.float64]
PASSIVE = {"fold": "#4f8fc0", "check": "#4f8fc0", "call": "#58a868"}  # bets and raises have warm colours, from small to large


def first_decision(solver: BoardSolver) -> Row:
    """Return the strategy of whoever acts first, by action and by hand, in the form of ``result.json``'s ``root``."""
    game = solver.game
    player = int(game.bets.player[0])
    labels, child = [], 1
    while child < game.bets.end[0]:
        labels.append(game.bets.labels[child])
        child = int(game.bets.end[child])
    strategy = solver.answer().at(0)
    values = solver.board_values(player)
    mass = game.met(player)
    weight = (game.live[player] / game.live[player].max()) * (mass / mass.max())
    offset = 0.0 if game.big_blind and game.betting.blinds else game.pot / 2
    hands: dict[str, Row] = {}
    for hand, cfv in zip(values.hands.tolist(), values.cfvs[0].tolist(), strict=True):
        if mass[hand] > 0:
            low, high = game.hands[hand].tolist()
            hands[hand_text(low, high)] = {
                "strategy": strategy[:, hand].tolist(),
                "ev": cfv / float(mass[hand]) + offset,
                "weight": float(game.live[player][hand]),
            }
    return {"player": player, "actions": labels, "frequencies": (strategy @ weight / weight.sum()).tolist(), "hands": hands}


def by_class(root: Row, suits: int = 4) -> dict[str, tuple[float, Float]]:
    """Return, for each class of hands such as ``AKs``, its share of all its hands in a deck of so many suits, and its mean strategy."""
    whole = {"": suits * (suits - 1) // 2, "s": suits, "o": suits * (suits - 1)}
    found: dict[str, list[Any]] = {}
    for name, entry in root["hands"].items():
        suffix = "" if name[0] == name[2] else "s" if name[1] == name[3] else "o"
        total = found.setdefault(name[0] + name[2] + suffix, [0.0, whole[suffix], np.zeros(len(root["actions"]))])
        total[0] += entry["weight"]
        total[2] = total[2] + entry["weight"] * np.array(entry["strategy"])
    return {name: (weight / count, shares / weight if weight > 0 else shares) for name, (weight, count, shares) in found.items()}


def decision_table(root: Row) -> str:
    """Return the first decision as text: how often each action is taken, and the classes of hands that take it most."""
    classes = by_class(root)
    rows = []
    for i, (action, frequency) in enumerate(zip(root["actions"], root["frequencies"], strict=True)):
        most = sorted(classes, key=lambda name: -classes[name][1][i])
        rows.append([action, f"{100 * frequency:.1f} %", " ".join(name for name in most[:8] if classes[name][1][i] > 0.5) or "-"])
    return table([f"player {root['player']}", "how often", "most with"], rows)


def action_colors(actions: Sequence[str]) -> list[str]:
    """Return a colour of its own for each action."""
    from matplotlib import colormaps, colors  # slow to import, and needed only here

    warm = sum(action not in PASSIVE for action in actions)
    places = iter(np.linspace(0.2, 0.9, warm) if warm > 1 else [0.35])
    return [PASSIVE[a] if a in PASSIVE else str(colors.to_hex(colormaps["inferno_r"](next(places)))) for a in actions]


def plot_decision(root: Row, deck: Deck, title: str, paths: Sequence[Path]) -> None:
    """Draw the first decision as players know it: pairs on the diagonal, suited hands above it, bars by action, filled by weight."""
    figure, axes = blank_figure(title, (8, 8))
    order = sorted(deck.ranks, key=RANKS.index, reverse=True)
    classes, chosen = by_class(root, len(deck.suits)), action_colors(root["actions"])
    boxes: list[tuple[float, float, float, float, str]] = []  # left, top, width, height, colour
    for i, first in enumerate(order):
        for j, second in enumerate(order):
            name = first + second + "s" if i < j else second + first + "o" if j < i else first + second
            boxes.append((j, i, 1.0, 1.0, "#e4e4e4"))
            if name in classes:
                weight, shares = classes[name]
                left = float(j)
                for share, color in zip(shares, chosen, strict=True):
                    if share > 0:
                        boxes.append((left, i + 1 - weight, float(share), weight, color))
                    left += float(share)
            axes.text(j + 0.06, i + 0.3, name, fontsize=7, color="black" if name in classes else "0.6", in_layout=False)
    axes.add_collection(_boxes(boxes))
    axes.set_xlim(0, len(order))
    axes.set_ylim(len(order), 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal")
    for action, frequency, color in zip(root["actions"], root["frequencies"], chosen, strict=True):
        axes.plot([], [], "s", color=color, label=f"{action}  {100 * frequency:.1f} %")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=4, fontsize=8, frameon=False)
    save_figure(figure, paths)


def _boxes(boxes: Sequence[tuple[float, float, float, float, str]]) -> Any:
    """Return rectangles as one artist: hundreds of single ones take a second to draw."""
    from matplotlib.collections import PolyCollection  # slow to import, and needed only here

    corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h, _ in boxes]
    return PolyCollection(corners, facecolors=[color for *_, color in boxes], edgecolors="white", linewidths=0.3, zorder=1)
