"""Any suitable OpenSpiel game as a public tree.

Suitable means poker-style: two players, zero sum, private deals first, and after them only actions and chance events that both players
see. Nothing of this is assumed. Every history is visited, and a game that breaks a rule is refused with the reason and the first
offending history. That actions are public is checked on what matters, the information states: a player's information state strings must
be in one-to-one correspondence with (public node, own hand).
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyspiel

from games.kernels import DenseTerminals, aligned_zeros
from games.public_tree import CHANCE, TERMINAL, PublicTree, Sequences

Float32 = npt.NDArray[np.float32]
MAX_HISTORIES = 20_000_000  # a minute or so, at 2 us each


class UnsuitableGameError(ValueError):
    """The game is not poker-style; the message names the rule and the first offending history."""


class UnknownGameError(ValueError):
    """OpenSpiel has no such game or parameter."""


@dataclass
class _Deal:
    """One way the private cards can lie: a representative history, its hands and its probability."""

    state: Any
    hands: tuple[int, int]
    weight: float


def load_game(game: str) -> Any:
    """Return the pyspiel game named by a game string, checked for what can be told without playing.

    Raises:
        UnknownGameError: no such game or parameter.
        UnsuitableGameError: not a sequential two-player zero-sum game with information states.
    """
    name = game.partition("(")[0].strip()
    if name not in pyspiel.registered_names():  # asked first: pyspiel prints its whole list of games when it fails
        raise UnknownGameError(f"game must be one that OpenSpiel knows, got {game!r}")
    try:
        parameters = pyspiel.game_parameters_from_string(game)
        known = next(g for g in pyspiel.registered_games() if g.short_name == name).parameter_specification
        for key in parameters:
            if key != "name" and key not in known:
                raise UnknownGameError(f"game parameters of {name} must be among {', '.join(sorted(known))}, got {key!r}")
        spiel = pyspiel.load_game(game)
    except (pyspiel.SpielError, RuntimeError) as error:
        raise UnknownGameError(f"game must be one that OpenSpiel knows, got {game!r}: {str(error).strip().splitlines()[0]}") from None
    kind = spiel.get_type()
    rules = (
        (kind.dynamics == pyspiel.GameType.Dynamics.SEQUENTIAL, "moves must be sequential", kind.dynamics),
        (spiel.num_players() == 2, "there must be two players", spiel.num_players()),
        (kind.utility == pyspiel.GameType.Utility.ZERO_SUM, "utilities must be zero-sum", kind.utility),
        (kind.chance_mode != pyspiel.GameType.ChanceMode.SAMPLED_STOCHASTIC, "chance must be explicit", kind.chance_mode),
        (kind.provides_information_state_string, "information state strings must be provided", "none"),
    )
    for holds, rule, got in rules:
        if not holds:
            raise UnsuitableGameError(f"{game} is not suitable: {rule}, got {got} (at the start)")
    return spiel


def public_tree(game: str, max_histories: int = MAX_HISTORIES) -> PublicTree:
    """Derive the public tree of an OpenSpiel game.

    Args:
        game: an OpenSpiel game string, e.g. ``leduc_poker`` or ``liars_dice(numdice=2,dice_sides=3)``.
        max_histories: refuse games with more histories than this instead of running for hours.

    Raises:
        UnknownGameError: no such game or parameter.
        UnsuitableGameError: a rule of poker-style games is broken; the message names it and the first offending history.
    """
    return _derive(game, max_histories, keep=False).tree()


class Features(NamedTuple):
    """What a network sees, for each player. The information state tensor of a decision and a hand is public part plus hand part."""

    public: tuple[Float32, Float32]  # [K, D_public] by decision
    hand: tuple[Float32, Float32]  # [H, D_hand]


def features(game: str) -> Features:
    """Split OpenSpiel's information state tensors into a public and a hand part.

    Raises:
        UnsuitableGameError: as for ``public_tree``, or the tensors are missing or do not split.
    """
    if not load_game(game).get_type().provides_information_state_tensor:
        raise UnsuitableGameError(
            f"{game} is not suitable for networks: information state tensors must be provided, got none (at the start)"
        )
    derivation = _derive(game)
    parts = [_split_features(game, p, derivation.states[p], len(derivation.hands[p])) for p in (0, 1)]
    return Features((parts[0][0], parts[1][0]), (parts[0][1], parts[1][1]))


def information_states(game: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return OpenSpiel's information state strings as [decision][hand] for each player; empty where the hand is impossible."""
    derivation = _derive(game)

    def strings(p: int) -> list[list[str]]:
        hands = range(len(derivation.hands[p]))
        return [[at[h].information_state_string(p) if h in at else "" for h in hands] for at in derivation.states[p]]

    return strings(0), strings(1)


class Deal(NamedTuple):
    """One way to deal the private hands."""

    history: tuple[int, ...]  # chance outcomes from the start of the game to its first decision
    hands: tuple[int, int]  # numbers of the hands, as in the public tree
    weight: float  # probability


def deals(game: str) -> list[Deal]:
    """Return the private deals of a game; those that differ only in what nobody can tell are one.

    Raises:
        UnknownGameError: no such game or parameter.
        UnsuitableGameError: as for ``public_tree``, as far as the deals go.
    """
    found, _ = _deals(game, load_game(game))
    return [Deal(tuple(deal.state.history()), deal.hands, deal.weight) for deal in found]


def _derive(game: str, max_histories: int = MAX_HISTORIES, keep: bool = True) -> _Derivation:
    spiel = load_game(game)
    try:
        deals = _deals(game, spiel)
    except UnsuitableGameError:
        raise
    except (pyspiel.SpielError, RuntimeError, ValueError) as error:  # what OpenSpiel finds out when it deals, e.g. no dice
        reason = " ".join(str(error).split())
        raise UnknownGameError(f"game must be one that OpenSpiel can deal, got {game!r}: {reason}") from None
    derivation = _Derivation(game, *deals, max_histories, keep)
    collecting = gc.isenabled()
    gc.disable()  # hundreds of thousands of histories and no cycles among them: collections are a tenth of the time
    try:
        derivation.walk()
    except RecursionError:
        raise UnsuitableGameError(f"{game} is not suitable: a hand must end within some hundred actions, got a longer one") from None
    finally:
        if collecting:
            gc.enable()
    return derivation


def _split_features(game: str, player: int, states: list[dict[int, Any]], hands: int) -> tuple[Float32, Float32]:
    size = len(states[0][next(iter(states[0]))].information_state_tensor(player))
    tensors = np.full((len(states), hands, size), np.nan, np.float32)
    for k, at in enumerate(states):
        for h, state in at.items():
            tensors[k, h] = state.information_state_tensor(player)
    low, high = np.nanmin(tensors, axis=1), np.nanmax(tensors, axis=1)
    private = (low != high).any(axis=0)  # [size] depends on the hand somewhere
    by_hand = np.nanmax(tensors[:, :, private], axis=0)
    differs = np.nan_to_num(np.abs(tensors[:, :, private] - by_hand[None])).any(axis=(1, 2))
    if differs.any():
        history = next(iter(states[int(np.flatnonzero(differs)[0])].values())).history()
        raise UnsuitableGameError(
            f"{game} is not suitable for networks: tensors must be public entries plus hand entries, got mixed ones (at history {history})"
        )
    return high[:, ~private], by_hand


def _deals(game: str, spiel: Any) -> tuple[list[_Deal], tuple[list[str], list[str]]]:
    """Play out the private deals. Histories that look alike in full (dice in another order) are one deal."""
    found: dict[str, _Deal] = {}
    index: tuple[dict[str, int], dict[str, int]] = ({}, {})

    def visit(state: Any, weight: float) -> None:
        if state.is_chance_node():
            for outcome, probability in state.chance_outcomes():
                visit(state.child(outcome), weight * probability)
            return
        if state.is_terminal():
            raise UnsuitableGameError(f"{game} is not suitable: somebody must act after the deal, got an end at history {state.history()}")
        texts = (state.information_state_string(0), state.information_state_string(1))
        hands = (index[0].setdefault(texts[0], len(index[0])), index[1].setdefault(texts[1], len(index[1])))
        deal = found.setdefault(f"{texts[0]}\n{texts[1]}\n{state}", _Deal(state, hands, 0.0))
        deal.weight += weight

    visit(spiel.new_initial_state(), 1.0)
    order = [{text: h for h, text in enumerate(sorted(found_texts))} for found_texts in index]
    texts = (list(index[0]), list(index[1]))
    for deal in found.values():
        deal.hands = (order[0][texts[0][deal.hands[0]]], order[1][texts[1][deal.hands[1]]])
    return list(found.values()), (list(order[0]), list(order[1]))


class _Derivation:
    """The walk that turns histories into arrays; one instance per tree."""

    def __init__(self, game: str, deals: list[_Deal], hands: tuple[list[str], list[str]], max_histories: int, keep: bool) -> None:
        self.game, self.deals, self.hands = game, deals, hands
        self.histories, self.max_histories, self.keep = 0, max_histories, keep
        self.cell = np.array([deal.hands[0] * len(hands[1]) + deal.hands[1] for deal in deals])  # of a matrix [H0, H1], flat
        self.hand_of = tuple([deal.hands[p] for deal in deals] for p in (0, 1))
        self.player: list[int] = []
        self.parent: list[int] = []
        self.action: list[int] = []
        self.end: list[int] = []
        self.round: list[int] = []
        self.labels: list[str] = []
        self.row: list[tuple[int, int]] = []
        self.decision: list[int] = []
        self.node: tuple[list[int], list[int]] = ([], [])
        self.first_row: tuple[list[int], list[int]] = ([1], [1])
        self.parent_row: tuple[list[int], list[int]] = ([], [])
        self.row_action: tuple[list[int], list[int]] = ([-1], [-1])
        self.seen: tuple[dict[str, int], dict[str, int]] = ({}, {})  # information state -> where
        self.infostates = [0, 0]  # how many there should be: public decisions x possible hands
        self.states: tuple[list[dict[int, Any]], list[dict[int, Any]]] = ([], [])  # [decision] hand -> a history with it, if kept
        self.matrices: list[npt.NDArray[np.float64]] = []
        self.matrix_of: dict[bytes, int] = {}
        self.chance_weights: list[npt.NDArray[np.float64]] = []
        self.chance_of: list[int] = []
        self.terminals: list[tuple[int, int, int, float]] = []  # row of player 0, of player 1, matrix, scale

    def refuse(self, rule: str, state: Any) -> UnsuitableGameError:
        return UnsuitableGameError(f"{self.game} is not suitable: {rule} (at history {state.history()})")

    def walk(self) -> None:
        indices = list(range(len(self.deals)))
        self.visit(indices, [d.state for d in self.deals], [d.weight for d in self.deals], -1, -1, "", 0, (0, 0))

    def tree(self) -> PublicTree:
        player = np.array(self.player, np.int8)
        before = [np.concatenate([[0], np.cumsum(player == p)]).astype(np.uint32) for p in (0, 1, TERMINAL)]
        return PublicTree(
            game=self.game,
            hands=(tuple(_names(self.hands[0])), tuple(_names(self.hands[1]))),
            chance_weights=np.stack(self.chance_weights),
            chance_of=np.array(self.chance_of, np.uint32),
            player=player,
            parent=np.array(self.parent, np.int32),
            action=np.array(self.action, np.int32),
            end=np.array(self.end, np.int32),
            round=np.array(self.round, np.int32),
            labels=tuple(self.labels),
            row=np.ascontiguousarray(np.array(self.row, np.uint32).T),
            decision=np.array(self.decision, np.int32),
            sequences=(self.sequences(0), self.sequences(1)),
            terminals=self.views(),
            _decisions_before=(before[0], before[1]),
            _terminals_before=before[2],
        )

    def sequences(self, p: int) -> Sequences:
        return Sequences(
            np.array(self.node[p], np.uint32),
            np.array(self.first_row[p], np.uint32),
            np.array(self.parent_row[p], np.uint32),
            np.array(self.row_action[p], np.int32),
        )

    def views(self) -> tuple[DenseTerminals, DenseTerminals]:
        """Both players' views of the terminals: payoffs by opponent's hand, own hands along the row, padded."""
        rows = [np.array([t[p] for t in self.terminals], np.uint32) for p in (0, 1)]
        matrix = np.array([t[2] for t in self.terminals], np.uint32)
        scale = np.array([t[3] for t in self.terminals])
        payoffs = np.stack(self.matrices)

        def view(p: int) -> DenseTerminals:
            own, other = len(self.hands[p]), len(self.hands[1 - p])
            payoff = aligned_zeros(len(payoffs) * other, own)
            payoff[:, :own] = (payoffs.transpose(0, 2, 1) if p == 0 else -payoffs).reshape(-1, own)
            return DenseTerminals(rows[p], rows[1 - p], matrix, scale, payoff, other)

        return view(0), view(1)

    def visit(
        self,
        deals: list[int],
        states: list[Any],
        weights: list[float],
        parent: int,
        action: int,
        label: str,
        round_: int,
        rows: tuple[int, int],
    ) -> None:
        """Append one public node (its histories are ``states``, one per deal that can be here) and everything below it."""
        node, first = len(self.player), states[0]
        self.histories += len(states)
        if self.histories > self.max_histories:
            raise UnsuitableGameError(f"{self.game} is not suitable: at most {self.max_histories:,} histories can be derived, got more")
        who = int(first.current_player())
        self.player.append(who)
        self.parent.append(parent)
        self.action.append(action)
        self.end.append(node + 1)
        self.round.append(round_)
        self.labels.append(label)
        self.row.append(rows)
        self.decision.append(-1)
        if parent < 0 or self.player[parent] == CHANCE:
            self.chance_of.append(len(self.chance_weights))
            self.chance_weights.append(self.by_hands(deals, weights))
        else:
            self.chance_of.append(self.chance_of[parent])
        for state in states:
            if state.current_player() != who:
                raise self.refuse(f"who acts must be public, got player {who} and {state.current_player()} after the same actions", state)
        if who == TERMINAL:
            self.add_terminal(deals, states, weights, rows)
        elif who == CHANCE:
            self.visit_chance(deals, states, weights, node, round_, rows)
        elif who in (0, 1):
            self.visit_decision(deals, states, weights, node, round_, rows)
        else:
            raise self.refuse(f"moves must be sequential, got player {who}", first)
        self.end[node] = len(self.player)

    def visit_chance(
        self, deals: list[int], states: list[Any], weights: list[float], node: int, round_: int, rows: tuple[int, int]
    ) -> None:
        below: dict[int, tuple[list[int], list[Any], list[float], str]] = {}
        for deal, state, weight in zip(deals, states, weights, strict=True):
            for outcome, probability in state.chance_outcomes():
                if probability <= 0:
                    continue
                branch = below.get(outcome)
                if branch is None:
                    branch = below[outcome] = ([], [], [], state.action_to_string(CHANCE, outcome))
                branch[0].append(deal)
                branch[1].append(state.child(outcome))
                branch[2].append(weight * probability)
        for outcome in sorted(below):
            child_deals, child_states, child_weights, label = below[outcome]
            self.visit(child_deals, child_states, child_weights, node, outcome, label, round_ + 1, rows)

    def visit_decision(
        self, deals: list[int], states: list[Any], weights: list[float], node: int, round_: int, rows: tuple[int, int]
    ) -> None:
        who, first = self.player[node], states[0]
        legal = first.legal_actions()
        seen, hand_of = self.seen[who], self.hand_of[who]
        for deal, state in zip(deals, states, strict=True):
            if state.legal_actions() != legal:
                raise self.refuse(f"legal actions must be public, got {legal} and {state.legal_actions()} after the same actions", state)
            where = node * len(self.hands[who]) + hand_of[deal]  # one number for public node and own hand
            if seen.setdefault(state.information_state_string(who), where) != where:
                raise self.refuse(
                    f"actions and chance after the deal must be seen by both, got hidden ones: player {who} cannot tell", state
                )
        by_hand = {hand_of[deal]: state for deal, state in zip(deals, states, strict=True)}
        self.infostates[who] += len(by_hand)
        if len(seen) != self.infostates[who]:
            raise self.refuse(f"a player must know only the own hand and what is public, got player {who} knowing more", first)
        if self.keep:
            self.states[who].append(by_hand)
        self.decision[node] = len(self.node[who])
        self.node[who].append(node)
        self.parent_row[who].append(rows[who])
        first_row = self.first_row[who][-1]
        self.first_row[who].append(first_row + len(legal))
        self.row_action[who].extend(legal)
        for a, action in enumerate(legal):
            own = first_row + a
            child_rows = (own, rows[1]) if who == 0 else (rows[0], own)
            label = first.action_to_string(who, action)
            if action == legal[-1] and not self.keep:  # nobody needs these histories any more: move them on instead of copying
                children = states
                for state in states:
                    state.apply_action(action)
            else:
                children = [state.child(action) for state in states]
            self.visit(deals, children, weights, node, action, label, round_, child_rows)

    def by_hands(self, deals: list[int], values: Any) -> npt.NDArray[np.float64]:
        """Return [H0, H1]: one value per deal, added up over the deals that are the same pair of hands."""
        matrix = np.zeros((len(self.hands[0]), len(self.hands[1])))
        matrix.ravel()[:] = np.bincount(self.cell[deals], values, minlength=matrix.size)
        return matrix

    def add_terminal(self, deals: list[int], states: list[Any], weights: list[float], rows: tuple[int, int]) -> None:
        returns = np.fromiter((state.player_return(0) for state in states), float, len(states))
        matrix = self.by_hands(deals, returns * np.array(weights))
        flat = matrix.ravel()
        nonzero = np.flatnonzero(flat)
        scale = float(np.abs(flat).max() * np.sign(flat[nonzero[0]])) if len(nonzero) else 1.0
        matrix = matrix / scale + 0.0  # no negative zeros
        key = (np.round(matrix, 12) + 0.0).tobytes()  # terminals that differ in stakes only share a matrix
        if key not in self.matrix_of:
            self.matrix_of[key] = len(self.matrices)
            self.matrices.append(matrix)
        self.terminals.append((rows[0], rows[1], self.matrix_of[key], scale))


def _names(hands: list[str]) -> list[str]:
    """Shorten hand texts: information states right after the deal differ only in the hand, so keep the differing middle."""
    if len(hands) < 2:
        return hands
    head = len(_common_prefix(hands))
    tail = len(_common_prefix([h[::-1] for h in hands]))
    shortest = min(len(h) for h in hands)
    tail = min(tail, shortest - head)
    return [h[head : len(h) - tail] for h in hands]


def _common_prefix(texts: list[str]) -> str:
    low, high = min(texts), max(texts)
    for i, letter in enumerate(low):
        if i >= len(high) or letter != high[i]:
            return low[:i]
    return low
