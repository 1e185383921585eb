"""A game against an agent in a terminal: what is shown, and what the keys do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agent import Agent
from agents.aivat import history_values, terminal_values
from agents.course import Course
from agents.report import duration, table
from games import CHANCE, TERMINAL, PublicTree
from search import Budget, full_ranges, uniform

Float = npt.NDArray[np.float64]
Record = dict[str, Any]
HELP, UNDO, QUIT = "?", "u", "q"
RANKS, SUITS = "JQKA", "♠♥"


def card_text(game: str, text: str) -> str:
    """Return OpenSpiel's text of a card or hand as people know it: J, Q, K in Kuhn, with suits in Leduc; dice as they are."""
    if not text.isdigit():
        return text
    number = int(text)
    if game.startswith("kuhn_poker") or "suit_isomorphism=true" in game.lower():
        return RANKS[number] if number < len(RANKS) else text
    if game.startswith("leduc_poker"):
        return RANKS[number // 2] + SUITS[number % 2] if number // 2 < len(RANKS) else text
    return text


def hand_text(tree: PublicTree, player: int, hand: int) -> str:
    """Return a hand as people know it."""
    return card_text(tree.game, tree.hands[player][hand])


def board_text(tree: PublicTree, node: int) -> str:
    """Return the public cards at a node; nothing if there are none."""
    chance = [tree.labels[n] for n in tree.path(node)[1:] if tree.player[tree.parent[n]] == CHANCE]
    return " ".join(card_text(tree.game, label.removeprefix("Chance outcome:")) for label in chance)


def contributions(tree: PublicTree, node: int) -> tuple[int, int] | None:
    """Return what each player has put into the pot, None in games without one that is known here."""
    kuhn = tree.game.startswith("kuhn_poker")
    if not kuhn and not tree.game.startswith("leduc_poker"):
        return None
    paid = [1, 1]
    for above, here in pairwise(tree.path(node)):
        player, label = int(tree.player[above]), tree.labels[here]
        facing_bet = paid[1 - player] > paid[player] if player >= 0 else False
        if label in ("Call", "Raise") or (label == "Bet"):
            paid[player] = max(paid)
        if label == "Raise" or (label == "Bet" and not facing_bet):
            paid[player] += 1 if kuhn else 2 * (1 + int(tree.round[above]))
    return paid[0], paid[1]


def action_text(tree: PublicTree, child: int) -> str:
    """Return the action that leads to a public node as people know it: a call of nothing is a check."""
    node, label = int(tree.parent[child]), tree.labels[child]
    paid = contributions(tree, node)
    return "Check" if label == "Call" and paid is not None and paid[0] == paid[1] else label


def keys_of(labels: Sequence[str]) -> dict[str, int]:
    """Return {key: place} for actions: their first letters where these differ and mean nothing else, numbers from 1 where not."""
    letters = [label[0].lower() for label in labels]
    plain = len(set(letters)) == len(letters) and all(letter.isalpha() for letter in letters) and not {UNDO, QUIT} & set(letters)
    return {(letter if plain else str(i + 1)): i for i, letter in enumerate(letters)}


@dataclass
class Terminal:
    """Hands against an agent.

    Attributes:
        agent: who plays against.
        budget: of its decisions.
        seed: of deals and of the agent's actions; each depends on the hand's number and the public node, so taking a move back does not
            draw anew.
        ask: shows a prompt and returns a line; EOFError ends the game.
        show: shows a line.
        save: takes each hand when it is over.
    """

    agent: Agent
    budget: Budget
    seed: int
    ask: Callable[[str], str]
    show: Callable[[str], None]
    save: Callable[[Record], None]

    def __post_init__(self) -> None:
        self.tree = self.agent.tree
        self.course = Course(self.agent, self.budget)
        policy = getattr(self.agent, "blueprint", None) or getattr(self.agent, "policy", None)
        self.valued_by = "its blueprint" if policy is not None else "uniform play"
        self.values = history_values(policy.strategy() if policy is not None else uniform(self.tree))
        self.total, self.played = 0.0, 0

    def run(self, hands: int | None = None) -> None:
        """Play until that many hands are over, or the player leaves."""
        self.show(f"{self.tree.game} against {self.agent.name}. {HELP} shows what it thinks, {UNDO} takes a move back, {QUIT} leaves.")
        while hands is None or self.played < hands:
            try:
                record = self.hand(self.played)
            except EOFError:
                break
            self.played += 1
            self.total += record["chips"]
            self.save(record)
            self.show(f"  so far: {self.total:+g} in {self.played} hand{'s' * (self.played != 1)}")
        self.show(f"\n{self.played} hands, {self.total:+g} chips")

    def hand(self, number: int) -> Record:
        """Play one hand.

        Raises:
            EOFError: the player leaves; the hand does not count.
        """
        tree, you = self.tree, number % 2
        self.course.forget()
        hands = self._dealt(number)
        self.show(f"\nHand {number + 1}: you are player {you + 1}, your hand is {hand_text(tree, you, hands[you])}")
        node, asked, undone, milliseconds = 0, list[int](), 0, list[float]()
        while tree.player[node] != TERMINAL:
            if tree.player[node] == you:
                child = self._yours(node, hands[you])
                if child is None:
                    if asked:
                        node, undone = asked.pop(), undone + 1
                        self.show("  back at your last decision")
                    else:
                        self.show("  there is no move of yours to take back")
                    continue
                asked.append(node)
            else:
                child = self._drawn(number, node, hands)
                if tree.player[node] == CHANCE:
                    self.show(f"  board: {board_text(tree, child)}")
                else:
                    milliseconds.append(1000 * self.course.at(1 - you, node).seconds)
                    self.show(f"  agent: {action_text(tree, child)}")
            node = child
        chips = float(terminal_values(tree, node)[hands]) * (1 if you == 0 else -1)
        outcome = "win" if chips > 0 else "lose" if chips < 0 else "get"
        self.show(f"  agent had {hand_text(tree, 1 - you, hands[1 - you])}; you {outcome} {abs(chips):g}")
        play = [tree.labels[n] for n in tree.path(node)[1:]]
        record = {"hand": number, "you": you, "hands": [tree.hands[p][hands[p]] for p in (0, 1)], "play": play, "chips": chips}
        return record | {"undone": undone, "agent_milliseconds": milliseconds}

    def _dealt(self, number: int) -> tuple[int, int]:
        flat = self.tree.deal_weights.ravel()
        cell = int(np.random.default_rng([self.seed, number]).choice(len(flat), p=flat / flat.sum()))
        first, second = divmod(cell, self.tree.num_hands(1))
        return first, second

    def _drawn(self, number: int, node: int, hands: tuple[int, int]) -> int:
        """Return the child that chance or the agent takes."""
        tree, children = self.tree, self.tree.children(node)
        player = int(tree.player[node])
        if player == CHANCE:
            weights = np.array([tree.chance_weights[tree.chance_of[child]][hands] for child in children])
        else:
            weights = self.course.at(player, node).policy[:, hands[player]]
        return children[int(np.random.default_rng([self.seed, number, node + 1]).choice(len(children), p=weights / weights.sum()))]

    def _yours(self, node: int, hand: int) -> int | None:
        """Ask until there is an action; None takes the last move back."""
        children = self.tree.children(node)
        labels = [action_text(self.tree, child) for child in children]
        keys = keys_of(labels)
        prompt = f"  {self._situation(node, hand)}\n  {', '.join(f'{k} {labels[i]}' for k, i in keys.items())} > "
        while True:
            answer = self.ask(prompt).strip().lower()
            if answer in (QUIT, "quit", "exit"):
                raise EOFError
            if answer == UNDO:
                return None
            if answer in keys:
                return children[keys[answer]]
            if answer in [label.lower() for label in labels]:
                return children[[label.lower() for label in labels].index(answer)]
            if answer == HELP:
                self.show(self.view(node, hand))
            else:
                self.show(f"  a key must be one of {', '.join((*keys, HELP, UNDO, QUIT))}, got {answer!r}")

    def _situation(self, node: int, hand: int) -> str:
        you, board, paid = int(self.tree.player[node]), board_text(self.tree, node), contributions(self.tree, node)
        parts = [f"hand {hand_text(self.tree, you, hand)}"]
        parts += [f"board {board}"] if board else []
        if paid is not None:
            parts.append(f"pot {sum(paid)} (yours {paid[you]}, to call {paid[1 - you] - paid[you]})")
        elif node:
            parts.append(f"last: {self.tree.labels[node]}")
        return " | ".join(parts)

    def view(self, node: int, hand: int) -> str:
        """Return what the agent would do in your place with your hand, what it is worth, and what its own hand may be, as you can tell."""
        tree, you = self.tree, int(self.tree.player[node])
        decision = self.course.at(you, node)
        ranges = full_ranges(tree)
        for above, here in pairwise(tree.path(node)):
            if tree.player[above] == 1 - you:
                action = int(tree.row[1 - you, here]) - tree.rows_at(above).start
                ranges[1 - you][:] *= self.course.at(1 - you, above).policy[action]
        weights = tree.chance_weights[tree.chance_of[node]]
        likely = (weights[hand] if you == 0 else weights[:, hand]) * ranges[1 - you]
        sign = 1.0 if you == 0 else -1.0
        rows = []
        for child, probability in zip(tree.children(node), decision.policy[:, hand], strict=True):
            values = self.values[child][hand] if you == 0 else self.values[child][:, hand]
            worth = f"{sign * float(likely @ values) / likely.sum():+.3f}" if likely.sum() > 0 else "-"
            rows.append([f"    {action_text(tree, child)}", f"{probability:.1%}", worth])
        shares: dict[str, float] = {}
        for h in np.argsort(-likely, kind="stable").tolist():
            text = re.sub(f"[{SUITS}]", "", hand_text(tree, 1 - you, h))
            shares[text] = shares.get(text, 0.0) + float(likely[h]) / max(float(likely.sum()), 1e-300)
        held = ", ".join(f"{text} {share:.0%}" for text, share in sorted(shares.items(), key=lambda s: -s[1])[:8])
        spent = f"{duration(decision.seconds)}, {decision.iterations} iterations"
        lines = [table(["    in your place it plays", "how often", "chips"], rows), f"    its hand, by what it did: {held}"]
        return "\n".join([*lines, f"    thought for {spent}; chips by {self.valued_by}"])
