"""The infostates of hold'em: a block a round, whose private sides are classes of hands that suits make equal.

* **Cards.** Of all suit permutations that leave the game as it is (``BoardTree.group``) the one is taken whose cards, as sets by group (the
  hand, then each street's public cards), come first; hands with the same cards then are one class. Each group gives an indicator of its
  ranks (counts), suits and cards, so that a linear layer on it is the sum of a rank, a suit and a card embedding (Brown et al. 2019, arXiv
  1811.00164, section 5.1 and figure 1; theirs see the suits as they are). Beside them stand the strengths of ``search.boards.strengths``.
* **Bets.** A decision shows every action of the hand so far, street by street: that it was taken, its chips as a fraction of the pot before
  it, and whether it raised (as Brown et al. encode bets); and pot, chips to call and chips behind. A row adds its action.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from games.holdem.betting_tree import BettingTree
from games.holdem.board_tree import BoardTree, game_size
from games.holdem.cards import CARDS
from games.holdem.isomorphism import Permutation, permute_cards
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame, HoldemState
from games.kernels import LANES
from games.kernels.boards import HANDS, PARENT, STREET
from games.public_tree import TERMINAL
from search.board_sampling import BoardSampler
from search.boards.bucket_solver import Buckets, in_tiles
from search.boards.regrets import BoardRegrets
from search.boards.strategy import BoardStrategy, image_of_hands
from search.boards.strengths import hand_features
from search.boards.sweeps import Rows
from search.boards.trunk import board_weights
from search.infostates import PRIVATE, Ask, Block, Float, Float32, Int, Sweep, Table, Tables
from search.kernels.buckets import expand

Bits = npt.NDArray[np.uint64]
TABLES = 12  # arrays of the size of a player's regrets that training takes at most: of sweeps, buffers, and on the way between them


class BoardInfostates:
    """What training sees of a whole hold'em game or spot; see ``search.infostates``. Not for two threads at a time.

    Attributes:
        game: the rules.
        tree: its board tree.
        classes: per player and round [tiles, 8], the class of each hand of each board; -1 for padding.
    """

    deep, dtype = PRIVATE, np.float32

    def __init__(self, game: HoldemGame, tree: BoardTree) -> None:
        self.game, self.tree = game, tree
        first, second = (_side(game, tree, p) for p in (0, 1))
        self.blocks = tuple(block for block, _ in first), tuple(block for block, _ in second)
        self.classes = [own for _, own in first], [own for _, own in second]

    @cached_property
    def _regrets(self) -> BoardRegrets:
        return BoardRegrets(self.game, self.tree, self.classes)

    @cached_property
    def sampler(self) -> BoardSampler:
        """What draws boards."""
        return BoardSampler(self.tree.boards[:, PARENT], board_weights(self.tree))

    def sweep(self, strategies: tuple[Tables, Tables], player: int, ratio: Float | None = None) -> Sweep:
        """Return a player's regrets when both play ``strategies``, of all boards or with those that were drawn."""
        found = self._regrets.regrets(strategies, player, ratio)
        first_rows = [block.first_row[:-1] for block in self.blocks[player]]
        reach = [np.add.reduceat(x, first, axis=1) for x, first in zip(found.reach, first_rows, strict=True)]
        return Sweep(list(found.regret), list(found.cf_reach), reach, list(found.reach))

    def deals(self, player: int) -> list[Table]:
        """Return per round [C, K], the probability of each class's deals, the same at all decisions."""
        pairs = zip(self._regrets.dealt(player), self.blocks[player], strict=True)
        return [np.broadcast_to(dealt, (len(block.private), len(block.public))) for dealt, block in pairs]

    def exploitability(self, strategies: tuple[Tables, Tables]) -> float:
        """Return NashConv / 2 in chips a deal, exact."""
        return self._regrets.exploitability(strategies)

    def at(self, state: HoldemState) -> tuple[int, int, int, Int]:
        """Return a public state's player, block and decision, and [H] the class of each hand; -1 where a hand cannot be.

        Raises:
            ValueError: nobody acts there, or an amount was bet that the game's menus do not offer.
        """
        place = self.game.locate(state)
        if place is None:
            raise ValueError(f"state must be on the tree of bets, got {state.label!r} after amounts that are not")
        nothing = np.zeros((0, LANES), np.float32)
        board, permutation, rows = BoardStrategy(self.game, self.tree, (nothing, nothing)).locate(*place)
        player, s = int(self.game.bets.player[place.node]), int(self.tree.boards[board, STREET])
        boards = np.flatnonzero(self.tree.boards[:, STREET] == s)
        tiles = -(-self.tree.boards[boards[boards < board], HANDS + player] // LANES)
        hands = self.tree.hands_at(player, board)
        own = np.full(len(self.game.hands), -1)
        own[hands] = self.classes[player][s][int(tiles.sum()) :].ravel()[: len(hands)]
        decision = int(np.searchsorted(self.blocks[player][s].first_row, rows.start))
        return player, s, decision, own[image_of_hands(permutation.tobytes(), self.game.deck)]

    def text(self, player: int, block: int, decision: int) -> str:
        """Return a decision's betting in words."""
        bets, labels = self.game.bets, list[str]()
        node = int(self.tree.decisions[player][sum(len(b.public) for b in self.blocks[player][:block]) + decision])
        while node > 0:
            labels.append(bets.labels[node])
            node = int(bets.parent[node])
        return " ".join(labels[::-1]) or "start"

    def strategy(self, ask: Ask, state: HoldemState | None = None) -> BoardStrategy:
        """Return what ``ask`` plays on every board of the whole game.

        Raises:
            ValueError: a state is given: part of a game is not written out.
        """
        if state is not None:
            raise ValueError("state must be None: strategies of hold'em are of the whole game")
        first, second = (self.stored(p, [ask(p, b, 0, len(block.public)).T for b, block in enumerate(self.blocks[p])]) for p in (0, 1))
        return BoardStrategy(self.game, self.tree, (first, second))

    def stored(self, player: int, tables: Tables) -> Rows:
        """Return [stored rows, 8] of a player's tables: every hand of a class on every board has the class's numbers."""
        found, at = np.zeros((self.tree.stored_rows[player], LANES), self.dtype), 0
        for classes, table in zip(self.classes[player], tables, strict=True):
            end = at + len(classes) * table.shape[1]
            expand(table, classes, table.shape[1], found[at:end])
            at = end
        return found

    def tables(self, player: int, stored: Rows) -> list[Table]:
        """Return per round [C, R] of rows in proportion to action probabilities, which must be the same for all hands of a class."""
        found, at = [], 0
        for classes, block in zip(self.classes[player], self.blocks[player], strict=True):
            rows = len(block.action)
            end = at + len(classes) * rows
            _, first = np.unique(classes, return_index=True)
            tile, lane = np.divmod(first[-len(block.private) :], LANES)  # of a hand of each class; padding comes before all of them
            shares = stored[at:end].reshape(-1, rows, LANES)[tile, :, lane].astype(np.float64)
            total, at = np.add.reduceat(shares, block.first_row[:-1], axis=1), end
            even = 1 / np.diff(block.first_row)
            shares = np.where(total > 0, 1 / np.where(total > 0, total, 1.0), 0.0)[:, block.decision] * shares
            found.append(np.where((total > 0)[:, block.decision], shares, even[block.decision]).astype(self.dtype))
        return found


def training_bytes(game: HoldemGame) -> tuple[int, int]:
    """Return a game's boards, and the bytes that training on it takes, about."""
    size = game_size(game)
    return size.boards, TABLES * sum(size.rows) * LANES * 4


def _side(game: HoldemGame, tree: BoardTree, player: int) -> list[tuple[Block, Buckets]]:
    """Return each round's block of a player, and the class of each hand there."""
    strengths, found = hand_features(game, tree, player), []
    rounds = len(tree.forests[player].table)
    widest = rounds + strengths[-1][0].shape[1]
    for s, (public, action, first_row) in enumerate(bet_features(game, player)):
        boards = np.flatnonzero(tree.boards[:, STREET] == s)
        codes, first, inverse = np.unique(_codes(game, tree, player, boards), axis=0, return_index=True, return_inverse=True)
        strength = _strength_columns(np.concatenate(strengths[s])[first], s, rounds, widest)
        cards = np.concatenate([_indicators(game, codes), strength], axis=1).astype(np.float32)
        found.append((Block(cards, public, action, first_row, len(cards)), _tiles(tree, player, boards, inverse.reshape(-1))))
    return found


def _tiles(tree: BoardTree, player: int, boards: Int, classes: Int) -> Buckets:
    """Return [tiles, 8] from one class per hand, boards one after the other."""
    counts = tree.boards[boards, HANDS + player]
    return in_tiles(classes[end - n : end] for n, end in zip(counts.tolist(), np.cumsum(counts).tolist(), strict=True))


def _codes(game: HoldemGame, tree: BoardTree, player: int, boards: Int) -> Bits:
    """Return [hands of these boards, groups], each hand's cards with the suits that come first; groups yet to come are empty."""
    hands = [game.hands[tree.hands_at(player, int(b))] for b in boards]
    public = np.repeat(np.array([tree.cards[int(b)] for b in boards], np.uint8).reshape(len(boards), -1), list(map(len, hands)), axis=0)
    cards = np.concatenate([np.concatenate(hands), public], axis=1)
    ends = np.cumsum([0, 2, *_groups(game)])
    best: Bits | None = None
    for permutation in tree.group:
        bits = _bits(cards, permutation, ends)
        if best is None:
            best = bits
            continue
        less, equal = np.zeros(len(bits), bool), np.ones(len(bits), bool)
        for column in range(bits.shape[1]):
            less |= equal & (bits[:, column] < best[:, column])
            equal &= bits[:, column] == best[:, column]
        best = np.where(less[:, None], bits, best)
    assert best is not None
    return best


def _groups(game: HoldemGame) -> list[int]:
    """Return how many public cards there are in each group: the streets that a spot begins with, then what each street deals."""
    return [n for n in (*map(len, game.board), *game.deals) if n]


def _bits(cards: npt.NDArray[np.uint8], permutation: Permutation, ends: Int) -> Bits:
    one = np.uint64(1) << permute_cards(permutation, cards).astype(np.uint64)
    groups = [one[:, low:high].sum(axis=1, dtype=np.uint64) for low, high in pairwise(ends)]
    return np.stack(groups, axis=1)


def _indicators(game: HoldemGame, codes: Bits) -> Float32:
    """Return [C, D]: of each group which cards it has, how many of each rank and how many of each suit."""
    deck = game.deck.cards().astype(np.uint64)
    here = (codes[:, :, None] >> deck & np.uint64(1)).astype(np.float32)  # [C, groups, cards of the deck]
    of_card = np.zeros((len(deck), CARDS // 4 + 4), np.float32)
    of_card[np.arange(len(deck)), deck.astype(np.int64) // 4] = 1
    of_card[np.arange(len(deck)), CARDS // 4 + deck.astype(np.int64) % 4] = 1
    of_card = of_card[:, of_card.any(axis=0)]
    return np.concatenate([here, here @ of_card], axis=2).reshape(len(codes), -1)


def _strength_columns(strengths: npt.NDArray[np.float64], street: int, streets: int, width: int) -> npt.NDArray[np.float64]:
    """Return [C, width]: each street's mean strength in its own column, then the rest; moved from about 1/2 to about 0, 0 if unknown."""
    found = np.zeros((len(strengths), width))
    found[:, : street + 1] = 4 * (strengths[:, : street + 1] - 0.5)
    rest = strengths[:, street + 1 :]
    found[:, streets : streets + rest.shape[1]] = 4 * (rest - 0.5)
    return found


def bet_features(game: HoldemGame, player: int) -> list[tuple[Float32, Float32, Int]]:
    """Return per round a player's [K, D_public], [R, D_action], and the first row of each decision [K + 1]; see the module's text."""
    bets, streets = game.bets, betting_streets(game.bets, (0,))
    slots, found = _longest(bets), []
    for s, pair in enumerate(streets):
        own = pair[player]
        public = [[*_situation(game, node, s, len(streets)), *_past(bets, node, slots)] for node in own.decisions]
        action = [_action(bets, child) for node in own.decisions for child in bets.children(node)]
        sides = [np.array(rows, np.float32).reshape(len(rows), -1) for rows in (public, action)]
        found.append((sides[0], sides[1], np.array(own.first_row, np.int64) - own.lines))
    return found


def _longest(bets: BettingTree) -> list[int]:
    """Return the most actions that each street can have."""
    depth = np.zeros(len(bets.player), np.int64)  # actions of the street so far
    most = [0] * (int(bets.round.max()) + 1)
    for node in range(1, len(bets.player)):
        above = int(bets.parent[node])
        if bets.player[above] >= 0:
            depth[node] = (depth[above] if bets.round[above] == bets.round[node] else 0) + 1
        s = int(bets.round[above])
        most[s] = max(most[s], int(depth[node]))
    return most


def _action(bets: BettingTree, child: int) -> tuple[float, ...]:
    """Return what the action into a node is: chips by the pot, raise, fold."""
    above = int(bets.parent[child])
    player, pot = int(bets.player[above]), float(bets.contribution[above].sum())
    before, after = bets.contribution[above], bets.contribution[child]
    folded = bets.player[child] == TERMINAL and bets.folded[child] == player
    return (float(after[player] - before[player]) / pot, float(after[player] > before[1 - player]), float(folded))


def _past(bets: BettingTree, node: int, slots: list[int]) -> list[float]:
    """Return three numbers for each place of an action on each street: taken, chips by the pot, raise."""
    found: list[list[list[float]]] = [[] for _ in slots]
    while node > 0:
        above = int(bets.parent[node])
        if bets.player[above] >= 0:
            found[int(bets.round[above])].insert(0, [1.0, *_action(bets, node)[:2]])
        node = above
    padded = [street + [[0.0] * 3] * (most - len(street)) for street, most in zip(found, slots, strict=True)]
    return [x for street in padded for action in street for x in action]


def _situation(game: HoldemGame, node: int, street: int, streets: int) -> list[float]:
    """Return the street as an indicator, and the pot, chips to call and chips behind as fractions."""
    bets, player = game.bets, int(game.bets.player[node])
    own, other = float(bets.contribution[node, player]), float(bets.contribution[node, 1 - player])
    stakes = (0.0 if game.betting.blinds else game.pot) + 2 * game.stack
    behind = (stakes - own - other) / (own + other)
    return [*np.eye(streets)[street].tolist(), (own + other) / stakes, (other - own) / (own + other), float(np.log1p(behind))]
