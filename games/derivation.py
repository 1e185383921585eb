"""Any suitable OpenSpiel game as a public tree.

Suitable means poker-style: two players, zero sum, private deals first, and after them only actions and chance events that both players
see. Nothing of this is assumed. Every history is visited, and a game that breaks a rule is refused with the reason and the first
offending history. That actions are public is checked on what matters, the information states: a player's information state strings must
be in one-to-one correspondence with (public node, own hand).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from games.arrays import Float
from games.kernels import DenseTerminals, aligned_zeros
from games.openspiel import UnsuitableGameError, in_memory, load_game, tidy, unsuitable
from games.private_deals import LOOK_SECONDS, MAX_HISTORIES, TELL_SECONDS, Deal, Hands, Progress, list_deals
from games.public_tree import CHANCE, TERMINAL, PublicTree, Sequences
from games.size_estimate import Size, estimate_histories

AHEAD = 1000  # public nodes, from the root, whose children are all checked before anything below them: hidden actions show at once


def public_tree(game: str, max_histories: int = MAX_HISTORIES, progress: Progress | None = None) -> PublicTree:
    """Derive the public tree of an OpenSpiel game.

    Args:
        game: an OpenSpiel game string, e.g. ``leduc_poker`` or ``liars_dice(numdice=2,dice_sides=3)``.
        max_histories: refuse games with more histories than this instead of running for hours. The size is estimated after a second.
        progress: called twice a second with what is counted (private deals, then histories), how many so far, and about how many in all.

    Raises:
        UnknownGameError: no such game or parameter.
        UnsuitableGameError: a rule of poker-style games is broken, the message names it and the first offending history; or the game is too
            large, the message says how large.
    """
    with in_memory(game):
        return derive(game, max_histories, keep=False, progress=progress).tree()


def derive(game: str, max_histories: int = MAX_HISTORIES, keep: bool = True, progress: Progress | None = None) -> Derivation:
    """Visit every history of a game; with ``keep``, hold one for each information state. Raises as ``public_tree``."""
    game = tidy(game)
    spiel = load_game(game)
    derivation = Derivation(game, spiel, *list_deals(game, spiel, max_histories, progress), max_histories, keep, progress)
    collecting = gc.isenabled()
    gc.disable()  # hundreds of thousands of histories and no cycles among them: collections are a tenth of the time
    try:
        derivation.walk()
    except RecursionError:
        raise unsuitable(game, "a hand must end within some hundred actions, got a longer one") from None
    finally:
        if collecting:
            gc.enable()
    return derivation


class _Histories(NamedTuple):
    """The histories of one public node: one for each deal that can be there."""

    deals: list[int]
    states: list[Any]
    weights: list[float]  # probability of the deal and of the public chance outcomes so far


@dataclass(slots=True)
class _Node:
    """A public node as it is visited; the fields are those of ``PublicTree``."""

    player: int
    parent: int
    action: int
    label: str
    round: int
    row: tuple[int, int]
    chance_of: int
    end: int = 0
    decision: int = -1


_COLUMNS = {"player": np.int8, "row": np.uint32, "chance_of": np.uint32} | dict.fromkeys(
    ("parent", "action", "end", "round", "decision"), np.int32
)


@dataclass
class _Side:
    """One player's part of a derivation; the lists are those of ``Sequences``."""

    hands: list[str]  # information states right after the deal
    hand_of: list[int]  # by deal
    node: list[int] = field(default_factory=list)
    first_row: list[int] = field(default_factory=lambda: [1])
    parent_row: list[int] = field(default_factory=list)
    action: list[int] = field(default_factory=lambda: [-1])
    decision_of: dict[str, int] = field(default_factory=dict)  # information state -> public decision and own hand as one number
    infostates: int = 0  # how many there should be: public decisions x possible hands
    states: list[dict[int, Any]] = field(default_factory=list)  # [decision] hand -> a history with it, if kept

    def sequences(self) -> Sequences:
        node, first_row, parent_row = (np.array(values, np.uint32) for values in (self.node, self.first_row, self.parent_row))
        return Sequences(node, first_row, parent_row, np.array(self.action, np.int32))

    def names(self) -> tuple[str, ...]:
        """Return short texts of the hands: information states right after the deal differ only in the hand, in the middle."""
        if len(self.hands) < 2:
            return tuple(self.hands)
        head = _common(self.hands)
        tail = _common([text[head:][::-1] for text in self.hands])
        return tuple(text[head : len(text) - tail] for text in self.hands)


def _common(texts: Sequence[str]) -> int:
    """Return how many letters all texts begin with."""
    return next((i for i, letters in enumerate(zip(*texts, strict=False)) if len(set(letters)) > 1), min(map(len, texts)))


class Derivation:
    """The walk that turns histories into arrays; one instance per tree."""

    def __init__(
        self, game: str, spiel: Any, deals: list[Deal], hands: Hands, max_histories: int, keep: bool,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.game, self.spiel, self.deals = game, spiel, deals
        self.histories, self.max_histories, self.keep = 0, max_histories, keep
        self.progress, self.size, self.next_look = progress, Size(0.0, True), time.perf_counter() + LOOK_SECONDS
        self.sides = tuple(_Side(hands[p], [deal.hands[p] for deal in deals]) for p in (0, 1))
        self.cell = np.array([deal.hands[0] * len(hands[1]) + deal.hands[1] for deal in deals])  # of a matrix [H0, H1], flat
        self.nodes: list[_Node] = []
        self.entered: list[tuple[int, int]] = []  # of each public decision the node above and the action that leads from there
        self.chance_weights: list[Float] = []
        self.matrices: list[Float] = []
        self.matrix_of: dict[bytes, int] = {}  # terminals that differ in stakes only share a matrix
        self.terminals: list[tuple[int, int, int, float]] = []  # row of player 0, of player 1, matrix, scale

    def refuse(self, rule: str, state: Any) -> UnsuitableGameError:
        return unsuitable(self.game, f"{rule} (at history {state.history()})")

    def walk(self) -> None:
        root = _Histories(list(range(len(self.deals))), [deal.state for deal in self.deals], [deal.weight for deal in self.deals])
        if time.perf_counter() > self.next_look:
            self.look()
        self.enter(root, -1, -1)
        self.visit(root, -1, -1, "", 0, (0, 0))

    def look(self) -> None:
        """Estimate the size after a second's work, once; refuse what is too large; tell how far it is."""
        if self.size.histories == 0:
            self.size = estimate_histories([deal.state for deal in self.deals])
        if max(self.size.histories, self.histories) > self.max_histories:
            size = max(self.size, Size(float(self.histories), False))
            raise unsuitable(self.game, f"at most {self.max_histories:,} histories can be derived, got {size}")
        if self.progress is not None:
            self.progress("histories", self.histories, max(self.size.histories, self.histories))
        self.next_look = time.perf_counter() + TELL_SECONDS

    def enter(self, here: _Histories, parent: int, action: int) -> None:
        """Check one public node before it is visited."""
        first = here.states[0]
        self.histories += len(here.states)
        if self.histories > self.max_histories or time.perf_counter() > self.next_look:
            self.look()
        who = int(first.current_player())
        for state in here.states:
            if state.current_player() != who:
                raise self.refuse(f"who acts must be public, got player {who} and {state.current_player()} after the same actions", state)
        if who in (CHANCE, TERMINAL):
            return
        if who not in (0, 1):
            raise self.refuse(f"moves must be sequential, got player {who}", first)
        legal, side = first.legal_actions(), self.sides[who]
        decision = len(self.entered) * len(side.hands)
        self.entered.append((parent, action))
        for deal, state in zip(here.deals, here.states, strict=True):
            if state.legal_actions() != legal:
                raise self.refuse(f"legal actions must be public, got {legal} and {state.legal_actions()} after the same actions", state)
            known = side.decision_of.setdefault(state.information_state_string(who), decision + side.hand_of[deal])
            if known != decision + side.hand_of[deal]:
                raise self.refuse(self.confused(who, state, *divmod(known, len(side.hands))), state)
        side.infostates += len({side.hand_of[deal] for deal in here.deals})
        if len(side.decision_of) != side.infostates:
            raise self.refuse(f"a player must know only the own hand and what is public, got player {who} knowing more", first)

    def confused(self, who: int, state: Any, decision: int, hand: int) -> str:
        """Return the rule that a history breaks in which a player knows the same as at another decision.

        A player who never saw a difference was not shown it; one who saw it at the time has forgotten it since.
        """
        path: list[int] = []
        node, action = self.entered[decision]
        while node >= 0:
            path, action, node = [action, *path], self.nodes[node].action, self.nodes[node].parent
        for deal in (deal for deal in self.deals if deal.hands[who] == hand):
            twin = self.known([*deal.history, *path], who)
            if twin and twin != self.known(state.history(), who):
                return f"a player must remember what was seen before, got player {who} forgetting"
        return f"actions and chance after the deal must be seen by both, got hidden ones: player {who} cannot tell"

    def known(self, history: Sequence[int], who: int) -> list[str]:
        """Return what a player knows from the private deal on, one after the other, repeated ones once; none if it cannot be played."""
        states = [self.spiel.new_initial_state()]
        for action in history:
            if action not in states[-1].legal_actions():
                return []
            states.append(states[-1].child(action))
        texts = (state.information_state_string(who) for state in states if not state.is_chance_node())
        return [text for text, _ in groupby(texts)]

    def tree(self) -> PublicTree:
        columns: dict[str, Any] = {
            name: np.ascontiguousarray(np.array([getattr(node, name) for node in self.nodes], kind).T) for name, kind in _COLUMNS.items()
        }
        return PublicTree(
            game=self.game,
            hands=(self.sides[0].names(), self.sides[1].names()),
            chance_weights=np.stack(self.chance_weights),
            labels=tuple(node.label for node in self.nodes),
            sequences=(self.sides[0].sequences(), self.sides[1].sequences()),
            terminals=(self.view(0), self.view(1)),
            **columns,
        )

    def view(self, p: int) -> DenseTerminals:
        """Return a player's view of the terminals: payoffs by opponent's hand, own hands along the row, padded."""
        *rows, matrix, scale = zip(*self.terminals, strict=True)
        own, other = len(self.sides[p].hands), len(self.sides[1 - p].hands)
        payoffs = np.stack(self.matrices)
        payoff = aligned_zeros(len(payoffs) * other, own)
        payoff[:, :own] = (payoffs.transpose(0, 2, 1) if p == 0 else -payoffs).reshape(-1, own)
        own_row, other_row, which = (np.array(values, np.uint32) for values in (rows[p], rows[1 - p], matrix))
        return DenseTerminals(own_row, other_row, which, np.array(scale), payoff, other)

    def visit(self, here: _Histories, parent: int, action: int, label: str, round_: int, row: tuple[int, int]) -> None:
        """Append one public node and everything below it."""
        index, who = len(self.nodes), int(here.states[0].current_player())
        if parent < 0 or self.nodes[parent].player == CHANCE:
            self.chance_weights.append(self.by_hands(here.deals, here.weights))
            chance_of = len(self.chance_weights) - 1
        else:
            chance_of = self.nodes[parent].chance_of
        node = _Node(who, parent, action, label, round_, row, chance_of)
        self.nodes.append(node)
        if who == TERMINAL:
            self.add_terminal(here, row)
        elif who == CHANCE:
            self.visit_chance(here, index, round_ + 1, row)
        else:
            self.visit_decision(here, index, node)
        node.end = len(self.nodes)

    def visit_chance(self, here: _Histories, node: int, round_: int, row: tuple[int, int]) -> None:
        below: dict[int, _Histories] = {}
        labels: dict[int, str] = {}
        for deal, state, weight in zip(*here, strict=True):
            for outcome, probability in state.chance_outcomes():
                if probability <= 0:
                    continue
                if outcome not in below:
                    below[outcome], labels[outcome] = _Histories([], [], []), state.action_to_string(CHANCE, outcome)
                below[outcome].deals.append(deal)
                below[outcome].states.append(state.child(outcome))
                below[outcome].weights.append(weight * probability)
        for outcome in sorted(below):
            self.enter(below[outcome], node, outcome)
        for outcome in sorted(below):
            self.visit(below[outcome], node, outcome, labels[outcome], round_, row)

    def visit_decision(self, here: _Histories, index: int, node: _Node) -> None:
        side, first = self.sides[node.player], here.states[0]
        legal, row = first.legal_actions(), side.first_row[-1]
        if self.keep:
            side.states.append({side.hand_of[deal]: state for deal, state in zip(here.deals, here.states, strict=True)})
        node.decision = len(side.node)
        side.node.append(index)
        side.parent_row.append(node.row[node.player])
        side.first_row.append(row + len(legal))
        side.action.extend(legal)

        def children() -> Iterator[tuple[int, str, _Histories]]:
            for action in legal:
                label, states = first.action_to_string(node.player, action), here.states
                if action == legal[-1] and index > 0 and not self.keep:  # nobody needs these histories any more: move them on, copy nothing
                    for state in states:
                        state.apply_action(action)
                else:
                    states = [state.child(action) for state in states]
                child = here._replace(states=states)
                self.enter(child, index, action)
                yield action, label, child

        for own, (action, label, child) in enumerate(list(children()) if index < AHEAD else children(), row):
            self.visit(child, index, action, label, node.round, (own, node.row[1]) if node.player == 0 else (node.row[0], own))

    def by_hands(self, deals: list[int], values: Any) -> Float:
        """Return [H0, H1]: one value per deal, added up over the deals that are the same pair of hands."""
        shape = (len(self.sides[0].hands), len(self.sides[1].hands))
        return np.bincount(self.cell[deals], values, minlength=shape[0] * shape[1]).astype(np.float64, copy=False).reshape(shape)

    def add_terminal(self, here: _Histories, row: tuple[int, int]) -> None:
        returns = np.array([state.player_return(0) for state in here.states])
        matrix = self.by_hands(here.deals, returns * np.array(here.weights))
        nonzero = matrix[matrix != 0]
        scale = float(np.abs(nonzero).max() * np.sign(nonzero[0])) if len(nonzero) else 1.0
        matrix = matrix / scale + 0.0  # no negative zeros
        key = (np.round(matrix, 12) + 0.0).tobytes()
        if key not in self.matrix_of:
            self.matrix_of[key] = len(self.matrices)
            self.matrices.append(matrix)
        self.terminals.append((*row, self.matrix_of[key], scale))
