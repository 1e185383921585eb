"""Any suitable OpenSpiel game as a public tree.

Suitable means poker-style: two players, zero sum, private deals first, and after them only actions and chance events that both players
see. Nothing of this is assumed. Every history is visited, and a game that breaks a rule is refused with the reason and the first
offending history. That actions are public is checked on what matters, the information states: a player's information state strings must
be in one-to-one correspondence with (public node, own hand).
"""

from __future__ import annotations

import gc
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyspiel

from games.kernels import DenseTerminals, aligned_zeros
from games.modules import module_of
from games.public_tree import CHANCE, TERMINAL, PublicTree, Sequences

Float32 = npt.NDArray[np.float32]
Progress = Callable[[str, int, float], None]  # what is counted, how many so far, about how many in all
MAX_HISTORIES = 20_000_000  # a minute or so, at 2 us each
MAX_DEALS = 1_000_000  # orders of the cards or dice counted apart: a quarter of a minute, at 17 us each
LOOK_SECONDS = 1.0  # work before the size of a game is estimated
TELL_SECONDS = 0.5  # between two calls of a progress
ESTIMATE_SECONDS = 1.0  # of an estimate, at most
AHEAD = 1000  # public nodes, from the root, whose children are all checked before anything below them: hidden actions show at once
MOST_COUNTED = 1e30  # an estimate of this size needs no end


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

    Blanks beside brackets, commas and the names of parameters do not count. OpenSpiel's Python games (``python_kuhn_poker``) are games,
    too. ``module:game`` is a game of your own, which the module registers with OpenSpiel, see ``games.modules``.

    Raises:
        ValueError: a module that is not allowed or cannot be imported.
        UnknownGameError: no such game or parameter.
        UnsuitableGameError: not a sequential two-player zero-sum game with information states.
    """
    game = tidy(game)
    own = _registered(game) if re.match(r"[\w.]+:", game) else game
    try:
        with _in_memory(game), _silent():
            spiel = _load(own)
    except (pyspiel.SpielError, RuntimeError, ImportError) as error:
        raise UnknownGameError(f"game must be one that OpenSpiel knows, got {game!r}: {_reason(error)}") from None
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


def _registered(game: str) -> str:
    """Import the module of ``module:game`` and return the game's string, which OpenSpiel knows then."""
    module, own = module_of("game", game).__name__, game.partition(":")[2]
    if (name := own.partition("(")[0]) not in pyspiel.registered_names():
        raise UnknownGameError(f"game must be one that {module} registers with OpenSpiel, got {name!r}")
    return own


def _load(game: str) -> Any:
    known = _known_games(game)
    _check(game, {"name": game.partition("(")[0]}, known)
    if "(" in game and not game.endswith(")"):
        raise UnknownGameError(f"game must end with the bracket of its parameters, got {game!r}")
    try:
        parameters = pyspiel.game_parameters_from_string(game)
    except pyspiel.SpielError as error:
        raise UnknownGameError(
            f"game must have parameters such as (key=1,other=false), whole numbers below 2^31, got {game!r}: {_reason(error)}"
        ) from None
    _check(game, parameters, known)
    return pyspiel.load_game(game)


def _known_games(game: str) -> dict[str, Any]:
    """Return all games by name, Python games included if one is asked for."""
    if re.search(r"\bpython_", game):
        import open_spiel.python.games  # noqa: F401  # registers them; takes two seconds
    return {kind.short_name: kind for kind in pyspiel.registered_games()}


def _check(game: str, parameters: dict[str, Any], known: dict[str, Any]) -> None:
    """Check the names of a game and of its parameters, those of games inside it included."""
    name = parameters["name"]
    if name not in known:
        raise UnknownGameError(f"game must be one that OpenSpiel knows, got {name!r}" + ("" if name == game else f" in {game!r}"))
    keys = sorted(known[name].parameter_specification) if len(parameters) > 1 else []
    for key, value in parameters.items():
        if key != "name" and key not in keys:
            raise UnknownGameError(f"game parameters of {name} must be among {', '.join(keys) or 'none'}, got {key!r}")
        if isinstance(value, dict):
            _check(game, value, known)


def tidy(game: str) -> str:
    """Return a game string without the blanks that do not count."""
    return re.sub(r"([(,])(\w+)\s*=\s*", r"\1\2=", re.sub(r"\s*([(),])\s*", r"\1", game.strip()))


def _reason(error: BaseException) -> str:
    """Return what OpenSpiel says, in one line without the place in its source."""
    return re.sub(r"^\S+\.(cc|h):\d+ ", "", " ".join(str(error).split()))


@contextmanager
def _silent() -> Iterator[None]:
    """Close the standard error meanwhile: OpenSpiel prints its errors there, lists of all its games among them, before it raises them."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _in_memory(game: str) -> Iterator[None]:
    """Refuse a game that does not fit into memory; OpenSpiel's ``std::bad_alloc`` is a MemoryError here."""
    try:
        yield
    except MemoryError:
        raise _unsuitable(game, "it must fit into memory, got more than was free") from None


def _unsuitable(game: str, rule: str) -> UnsuitableGameError:
    return UnsuitableGameError(f"{game} is not suitable: {rule}")


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
    with _in_memory(game):
        return _derive(game, max_histories, keep=False, progress=progress).tree()


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
    game = tidy(game)
    found, _ = _deals(game, load_game(game), MAX_HISTORIES)
    return [Deal(tuple(deal.state.history()), deal.hands, deal.weight) for deal in found]


def _derive(game: str, max_histories: int = MAX_HISTORIES, keep: bool = True, progress: Progress | None = None) -> _Derivation:
    game = tidy(game)
    spiel = load_game(game)
    collecting = gc.isenabled()
    try:
        try:
            deals = _deals(game, spiel, max_histories, progress)
        except UnsuitableGameError:
            raise
        except (pyspiel.SpielError, RuntimeError, ValueError) as error:  # what OpenSpiel finds out when it deals, e.g. no dice
            raise UnknownGameError(f"game must be one that OpenSpiel can deal, got {game!r}: {_reason(error)}") from None
        derivation = _Derivation(game, spiel, *deals, max_histories, keep, progress)
        gc.disable()  # hundreds of thousands of histories and no cycles among them: collections are a tenth of the time
        derivation.walk()
    except RecursionError:
        raise UnsuitableGameError(f"{game} is not suitable: a hand must end within some hundred actions, got a longer one") from None
    finally:
        if collecting:
            gc.enable()
    return derivation


class _Size(NamedTuple):
    """An estimate of a number of histories; where it is not whole the number is larger."""

    histories: float
    whole: bool

    def __str__(self) -> str:
        return f"{'about' if self.whole else 'more than'} {self.histories:.3g}"


def _estimate(states: Sequence[Any], deals_only: bool = False, draws: int = 16) -> _Size:
    """Estimate how many histories begin with some, themselves included.

    Level by level one history, drawn at random, stands for all those in which the same player has the same number of actions (heuristic
    sampling: Chen 1992, SIAM J. Comput. 21(2)). The estimate has no bias. It is exact where such histories have equally large trees below
    them, as in deals and in Liar's Dice.

    Args:
        states: histories, not changed.
        deals_only: count the private deals instead: the histories that end the first chance events.
        draws: estimates whose mean is taken, fewer if a second does not allow them.
    """
    draw, end = random.Random(0).random, time.perf_counter() + ESTIMATE_SECONDS
    found: list[float] = []
    while len(found) < draws:
        one = _drawn(states, deals_only, draw, end)
        if not one.whole:
            return one if not found else _Size(sum(found) / len(found), True)
        found.append(one.histories)
    return _Size(sum(found) / len(found), True)


def _drawn(states: Sequence[Any], deals_only: bool, draw: Callable[[], float], end: float) -> _Size:
    level: dict[tuple[int, int], tuple[Any, float]] = {}
    found = 0.0

    def add(to: dict[tuple[int, int], tuple[Any, float]], state: Any, weight: float) -> None:
        key = (int(state.current_player()), len(state.legal_actions()))
        kept, before = to.get(key, (state, 0.0))
        to[key] = (state if draw() * (before + weight) < weight else kept, before + weight)

    for state in states:
        add(level, state, 1.0)
    while level:
        below: dict[tuple[int, int], tuple[Any, float]] = {}
        for (player, _), (state, weight) in level.items():
            ends = deals_only and player != CHANCE
            found += 0.0 if deals_only and not ends else weight
            if max(found, weight) > MOST_COUNTED or time.perf_counter() > end:
                return _Size(max(found, weight), False)
            for action in () if ends else state.legal_actions():
                add(below, state.child(action), weight)
        level = below
    return _Size(found, True)


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


def _deals(game: str, spiel: Any, max_histories: int, progress: Progress | None = None) -> tuple[list[_Deal], tuple[list[str], list[str]]]:
    """Play out the private deals. Histories that look alike in full (dice in another order) are one deal."""
    found: dict[str, _Deal] = {}
    index: tuple[dict[str, int], dict[str, int]] = ({}, {})
    with _silent():
        first = spiel.new_initial_state()
        size = _estimate([first], deals_only=True, draws=1)
    if size.histories > MAX_DEALS or not size.whole:
        got = size if size.histories > MAX_DEALS else "too many to count within a second"
        raise _unsuitable(game, f"at most {MAX_DEALS:,} private deals can be listed, got {got}")
    listed, told, looked = 0, time.perf_counter() + LOOK_SECONDS, 0

    def look() -> None:
        """Refuse a game of which the deals so far have too many histories, asked whenever they have doubled; tell how far it is."""
        nonlocal told, looked
        if len(found) >= 2 * looked:
            looked, below = len(found), _estimate([deal.state for deal in found.values()])._replace(whole=len(found) == size.histories)
            if below.histories > max_histories:
                raise _unsuitable(game, f"at most {max_histories:,} histories can be derived, got {below}")
        if progress is not None:
            progress("private deals", listed, size.histories)
        told = time.perf_counter() + TELL_SECONDS

    def visit(state: Any, weight: float) -> None:
        nonlocal listed
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
        listed += 1
        if time.perf_counter() >= told:
            look()

    visit(first, 1.0)
    order = [{text: h for h, text in enumerate(sorted(found_texts))} for found_texts in index]
    texts = (list(index[0]), list(index[1]))
    for deal in found.values():
        deal.hands = (order[0][texts[0][deal.hands[0]]], order[1][texts[1][deal.hands[1]]])
    return list(found.values()), (list(order[0]), list(order[1]))


class _Derivation:
    """The walk that turns histories into arrays; one instance per tree."""

    def __init__(
        self,
        game: str,
        spiel: Any,
        deals: list[_Deal],
        hands: tuple[list[str], list[str]],
        max_histories: int,
        keep: bool,
        progress: Progress | None,
    ) -> None:
        self.game, self.spiel, self.deals, self.hands = game, spiel, deals, hands
        self.histories, self.max_histories, self.keep = 0, max_histories, keep
        self.progress, self.size = progress, _Size(0.0, True)
        self.next_look = time.perf_counter() + LOOK_SECONDS
        self.entered: list[tuple[int, int]] = []  # of each public decision the node above and the action that leads from there
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
        self.seen: tuple[dict[str, int], dict[str, int]] = ({}, {})  # information state -> public decision and own hand as one number
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
        indices, states = list(range(len(self.deals))), [d.state for d in self.deals]
        if time.perf_counter() > self.next_look:
            self.look()
        self.enter(indices, states, -1, -1)
        self.visit(indices, states, [d.weight for d in self.deals], -1, -1, "", 0, (0, 0))

    def look(self) -> None:
        """Estimate the size after a second's work, once; refuse what is too large; tell how far it is."""
        if self.size.histories == 0:
            self.size = _estimate([d.state for d in self.deals])
        if max(self.size.histories, self.histories) > self.max_histories:
            size = max(self.size, _Size(float(self.histories), False))
            raise _unsuitable(self.game, f"at most {self.max_histories:,} histories can be derived, got {size}")
        if self.progress is not None:
            self.progress("histories", self.histories, max(self.size.histories, self.histories))
        self.next_look = time.perf_counter() + TELL_SECONDS

    def enter(self, deals: list[int], states: list[Any], parent: int, action: int) -> None:
        """Check one public node before it is visited."""
        first = states[0]
        self.histories += len(states)
        if self.histories > self.max_histories or time.perf_counter() > self.next_look:
            self.look()
        who = int(first.current_player())
        for state in states:
            if state.current_player() != who:
                raise self.refuse(f"who acts must be public, got player {who} and {state.current_player()} after the same actions", state)
        if who in (CHANCE, TERMINAL):
            return
        if who not in (0, 1):
            raise self.refuse(f"moves must be sequential, got player {who}", first)
        legal = first.legal_actions()
        seen, hand_of = self.seen[who], self.hand_of[who]
        here = len(self.entered) * len(self.hands[who])
        self.entered.append((parent, action))
        for deal, state in zip(deals, states, strict=True):
            if state.legal_actions() != legal:
                raise self.refuse(f"legal actions must be public, got {legal} and {state.legal_actions()} after the same actions", state)
            where = seen.setdefault(state.information_state_string(who), here + hand_of[deal])
            if where != here + hand_of[deal]:
                raise self.refuse(self.unlike(who, state, where), state)
        self.infostates[who] += len({hand_of[deal] for deal in deals})
        if len(seen) != self.infostates[who]:
            raise self.refuse(f"a player must know only the own hand and what is public, got player {who} knowing more", first)

    def unlike(self, who: int, state: Any, where: int) -> str:
        """Say which rule a history breaks in which a player knows the same as in an earlier one, which the number ``where`` names.

        A player who never saw a difference was not shown it; one who saw it at the time has forgotten it since.
        """
        decision, hand = divmod(where, len(self.hands[who]))
        path: list[int] = []
        node, action = self.entered[decision]
        while node >= 0:
            path, action, node = [action, *path], self.action[node], self.parent[node]
        for deal, _ in filter(lambda pair: pair[1] == hand, zip(self.deals, self.hand_of[who], strict=True)):
            twin = self.replayed([*self.dealt(deal.state), *path])
            if twin is not None and self.known(twin, who) != self.known(self.replayed(state.history()), who):
                return f"a player must remember what was seen before, got player {who} forgetting"
        return f"actions and chance after the deal must be seen by both, got hidden ones: player {who} cannot tell"

    def dealt(self, state: Any) -> list[int]:
        """Return the private deal that a history begins with."""
        at, actions = self.spiel.new_initial_state(), state.history()
        for count, action in enumerate(actions):
            if not at.is_chance_node():
                return list(actions[:count])
            at.apply_action(action)
        return list(actions)

    def replayed(self, actions: Sequence[int]) -> list[Any] | None:
        """Return the states of a history in which somebody acts, from the private deal on; None where it cannot be."""
        at, states = self.spiel.new_initial_state(), []
        for action in actions:
            if action not in at.legal_actions():
                return None
            if not at.is_chance_node():
                states.append(at.clone())
            at.apply_action(action)
        return [*states, at]

    def known(self, states: list[Any] | None, who: int) -> list[str]:
        """Return what a player knew, one after the other; repeated ones once."""
        texts = [state.information_state_string(who) for state in states or ()]
        return [text for text, before in zip(texts, [None, *texts], strict=False) if text != before]

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
        if who == TERMINAL:
            self.add_terminal(deals, states, weights, rows)
        elif who == CHANCE:
            self.visit_chance(deals, states, weights, node, round_, rows)
        else:
            self.visit_decision(deals, states, weights, node, round_, rows)
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
            self.enter(below[outcome][0], below[outcome][1], node, outcome)
        for outcome in sorted(below):
            child_deals, child_states, child_weights, label = below[outcome]
            self.visit(child_deals, child_states, child_weights, node, outcome, label, round_ + 1, rows)

    def visit_decision(
        self, deals: list[int], states: list[Any], weights: list[float], node: int, round_: int, rows: tuple[int, int]
    ) -> None:
        who, first = self.player[node], states[0]
        legal = first.legal_actions()
        if self.keep:
            hand_of = self.hand_of[who]
            self.states[who].append({hand_of[deal]: state for deal, state in zip(deals, states, strict=True)})
        self.decision[node] = len(self.node[who])
        self.node[who].append(node)
        self.parent_row[who].append(rows[who])
        first_row = self.first_row[who][-1]
        self.first_row[who].append(first_row + len(legal))
        self.row_action[who].extend(legal)

        def children() -> Iterator[tuple[int, str, list[Any]]]:
            for action in legal:
                label, moved = first.action_to_string(who, action), states
                if action == legal[-1] and node > 0 and not self.keep:  # nobody needs these histories any more: move them on, copy nothing
                    for state in states:
                        state.apply_action(action)
                else:
                    moved = [state.child(action) for state in states]
                self.enter(deals, moved, node, action)
                yield action, label, moved

        for own, (action, label, moved) in enumerate(list(children()) if node < AHEAD else children(), first_row):
            child_rows = (own, rows[1]) if who == 0 else (rows[0], own)
            self.visit(deals, moved, weights, node, action, label, round_, child_rows)

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
