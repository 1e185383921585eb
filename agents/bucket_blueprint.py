"""Sampled blueprints of hold'em: 16-bit shares by decision, bucket and action, mapped from disk, and the centres of their buckets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.reporting.tables import Row, write_json
from agents.runtime.arrays import map_npy, open_archive, write_archive, write_npy
from agents.runtime.storage import DAMAGES, first_line, printable, read_json, require, whole_in
from games.arrays import Array, Float, Float32
from games.game import line_of
from games.holdem.board_tree import count_boards
from games.holdem.config import on_menu
from games.holdem.menus import Menu, Size, parse_sizes
from games.holdem.rules import HoldemGame, HoldemState
from search.boards.card_buckets import BINS, Buckets, CardAbstraction, board_index
from search.boards.flat_bets import FlatBets, flat_bets
from search.boards.representation import represent_boards
from search.boards.strategy import place_of, play_alike, shares_of
from search.representation import Tables

ABOUT, SHARES, CENTRES, FORMAT = "blueprint.json", "shares.npy", "buckets.npz", 1
POLICIES = "policy.safetensors"  # networks that play some streets in its place, if there are any: see ``agents.street_blueprint``
ONE = 2**16 - 1  # what stands for a share of 1
MOST_GROUPS, MOST_BUCKETS = 64, 1 << 16
MOST_BOARDS = 64  # whose buckets are kept


@dataclass(frozen=True, eq=False)
class BucketBlueprint:
    """A strategy of an abstract game, as a policy of the real one.

    Attributes:
        game: with the blueprint's menu of bets.
        abstraction: buckets of its hands.
        shares: [numbers] u2, for each decision [K, A], decisions as in ``search.boards.flat_bets``.
        name: for people.
        digest: of all that it consists of.
    """

    game: HoldemGame
    abstraction: CardAbstraction
    shares: npt.NDArray[np.uint16]
    name: str
    digest: str

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    @property
    def size(self) -> int:
        """Numbers that it consists of."""
        return len(self.shares)

    def row(self) -> Row:
        """Return what ``result.json`` says of it."""
        return {"name": self.name, "size": self.size, "digest": self.digest}

    def fingerprint(self) -> bytes:
        """Return what kept measurements of this policy must agree with."""
        return self.digest.encode()

    @cached_property
    def decisions(self) -> FlatBets:
        """Its decisions."""
        return flat_bets(self.game, self.abstraction.sizes)

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        return np.cumsum([0, *numbers_of(self.decisions)])

    def at_decision(self, decision: int) -> Float:
        """Return [A, K], what the buckets play at a decision."""
        buckets = self.abstraction.sizes[int(self.decisions.bets.street[decision])]
        rows = self.shares[self._ends[decision] : self._ends[decision + 1]].reshape(buckets, -1)
        return shares_of(rows.T.astype(np.float64))

    def at(self, state: HoldemState) -> Float:
        """Return the acting player's [A, H] at a decision of its tree.

        Raises:
            ValueError: an amount was bet that the menu does not offer.
        """
        node, cards = place_of(self.game, state)
        return self.at_decision(int(self.decisions.decision[node]))[:, self._buckets(tuple(sorted(cards)))]

    @cached_property
    def _buckets(self) -> Callable[[tuple[int, ...]], Buckets]:
        return lru_cache(MOST_BOARDS)(self.abstraction.buckets)

    def first_street(self) -> list[Row]:
        """Return the strategy before the first public cards: a row for each decision and class of hands, 169 of a full deck."""
        game, rows = self.game, list[Row]()
        first = {self.abstraction.classes[hand]: hand for hand in range(len(game.hands) - 1, -1, -1)}
        for decision in np.flatnonzero(self.decisions.bets.street == 0).tolist():
            state = game.state_at(int(self.decisions.node[decision]), ())
            labels, shares = [action.text for action in game.actions(state)], self.at_decision(decision)
            for bucket, hand in sorted(first.items()):
                played = {label: float(share) for label, share in zip(labels, shares[:, bucket], strict=True)}
                rows.append({"line": " / ".join(line_of(game, state)), "hands": game.hand_class(0, hand), **played})
        return rows

    def tables(self) -> Tables:
        """Return the strategy as tables of the whole game, see ``tables_of``."""
        return tables_of(self.game, self.decisions, self.at_decision, self._buckets)


def tables_of(
    game: HoldemGame, bets: FlatBets, at_decision: Callable[[int], Float], buckets: Callable[[tuple[int, ...]], npt.NDArray[Any]]
) -> Tables:
    """Return a strategy of buckets as tables of the whole game, which must be small: what measures them exactly.

    Args:
        game: with the menu of the tree of bets.
        bets: its decisions.
        at_decision: returns [A, K] at each.
        buckets: returns [H] on each board.
    """
    representation = represent_boards(game)
    tree, tables = representation.tree, representation.uniform()
    strategies = [at_decision(decision) for decision in range(len(bets.node))]
    counts = np.cumsum(game.deals).tolist()
    for cards in tree.cards:
        bucket = buckets(tuple(cards))
        for decision in np.flatnonzero(bets.bets.street == counts.index(len(cards))).tolist():
            state = game.state_at(int(bets.node[decision]), tuple(cards))
            representation.put(tables[game.player(state)], state, strategies[decision][:, bucket])
    for player, table in enumerate(tables):
        play_alike(tree, player, table)
    return tables


def numbers_of(bets: FlatBets) -> list[int]:
    """Return how many numbers each decision has."""
    actions = np.diff(bets.bets.slot.astype(np.int64))
    counts: list[int] = (actions * np.array(bets.sizes)[bets.bets.street]).tolist()
    return counts


def in_16_bits(bets: FlatBets, average: Float32) -> npt.NDArray[np.uint16]:
    """Return the shares of a solver's sums, as ``BucketBlueprint.shares``; each is rounded by 1 / 131,070 at most."""
    parts = []
    for decision in range(len(bets.node)):
        shares = shares_of(average[bets.rows_at(decision)].T.astype(np.float64))
        parts.append(np.round(ONE * shares.T).astype(np.uint16).reshape(-1))
    return np.concatenate(parts)


def with_menu(game: HoldemGame, bets: str | None, raises: str | None) -> HoldemGame:
    """Return a game whose players bet these sizes alone, on every street; None is the game's own menu.

    Raises:
        ValueError: bad sizes, sizes in a limit game, or a tree of bets that is too large.
    """
    menus = game.betting.menus
    if bets is not None or raises is not None:
        if menus is None:
            raise ValueError(f"trainer.bets and trainer.raises must be left out in a limit game, got {bets!r} and {raises!r}")
        bet = None if bets is None else parse_sizes(bets, "trainer.bets", raises=False)
        raise_ = None if raises is None else parse_sizes(raises, "trainer.raises", raises=True)
        menus = tuple((_changed(first, bet, raise_), _changed(second, bet, raise_)) for first, second in menus)
    return on_menu(replace(game, betting=replace(game.betting, menus=menus), any_amount=False))


def _changed(menu: Menu, bets: tuple[Size, ...] | None, raises: tuple[Size, ...] | None) -> Menu:
    """Return a menu with other sizes where they are given."""
    return Menu(menu.bets if bets is None else bets, menu.raises if raises is None else raises, menu.donks if bets is None else None)


def save_abstraction(path: Path, abstraction: CardAbstraction) -> str | None:
    """Write the centres of all buckets, whole or not at all; return the digest of the second street's buckets, None without them."""
    arrays: dict[str, Array] = {"groups": abstraction.groups} | {
        f"centres_{street}": array for street, array in enumerate(abstraction.centres, 1)
    }
    if abstraction.second is not None:
        live, bits = _live_hands(abstraction), _bits(len(abstraction.centres[0]))
        arrays["second"] = np.packbits((abstraction.second[live][:, None] >> np.arange(bits, dtype=np.uint16)) & 1)
    write_archive(path, {"format": FORMAT}, arrays)
    return _digest(b"", arrays["second"]) if "second" in arrays else None


def _live_hands(abstraction: CardAbstraction) -> npt.NDArray[np.bool_]:
    """Return [boards, H], which hands the boards of the street after the first leave; as many on each."""
    boards = board_index(abstraction.deck, (abstraction.deals[1],)).boards
    held = (abstraction.hands[None, :, :, None] == boards[:, None, None, :]).any(axis=(2, 3))
    live: npt.NDArray[np.bool_] = np.logical_not(held)
    return live


def _bits(buckets: int) -> int:
    """Return how many bits the number of a bucket has."""
    return max((buckets - 1).bit_length(), 1)


def abstraction_bytes(game: HoldemGame, sizes: Sequence[int]) -> int:
    """Return how many bytes the arrays of ``save_abstraction`` have, about, with so many buckets on each street after the first."""
    centres = 4 * BINS * sum(sizes) + 4 * 2 * len(game.hands)  # and two groups of hands
    if len(game.deals) < 2:
        return centres
    hands = count_boards(game.deck, game.deals[1]) * comb(len(game.deck.cards()) - game.deals[1], 2)
    return centres + hands * _bits(sizes[0]) // 8


def load_abstraction(path: Path, game: HoldemGame) -> CardAbstraction:
    """Return the buckets of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or of other streets or another deck.
    """
    return _with_second(*_read_abstraction(path, game))


def _read_abstraction(path: Path, game: HoldemGame) -> tuple[CardAbstraction, npt.NDArray[np.uint8] | None]:
    """Return the centres of a file and the packed buckets of the second street, None where there are none."""
    with open_archive(path) as saved:
        require(saved.json("about") == {"format": FORMAT}, f"its format must be {FORMAT}")
        groups, hands = saved.header("groups").shape
        require(hands == len(game.hands) and 1 <= groups <= MOST_GROUPS, "its groups must be of the game's hands")
        weights = saved.array("groups", (groups, hands), np.float32)
        centres = []
        for street in range(1, len(game.deals)):
            features = BINS if sum(game.deals[street + 1 :]) else groups
            count = saved.header(f"centres_{street}").shape[0]
            require(1 <= count <= MOST_BUCKETS, f"a street must have 1 to {MOST_BUCKETS:,} buckets, got {count:,}")
            centres.append(saved.array(f"centres_{street}", (count, features), np.float32))
        packed = saved.array("second", saved.header("second").shape, np.uint8) if saved.has("second") else None
    finite = all(np.isfinite(array).all() for array in (weights, *centres))
    require(finite and all((np.diff(array[:, 0]) >= 0).all() for array in centres), "its centres must be finite and in order")
    return CardAbstraction(game.deck, game.deals, weights, tuple(centres)), packed


def _with_second(abstraction: CardAbstraction, packed: npt.NDArray[np.uint8] | None) -> CardAbstraction:
    """Return an abstraction with the buckets of its second street. All boards are numbered for it, by a compiled kernel."""
    if packed is None:
        return abstraction
    live, count = _live_hands(abstraction), len(abstraction.centres[0])
    second, bits = np.zeros(live.shape, np.uint16), _bits(count)
    numbers = int(live.sum())
    require(packed.shape == (-(-numbers * bits // 8),), "its table must be of all boards of its street")
    digits = np.unpackbits(packed, count=numbers * bits).reshape(numbers, bits)
    second[live] = digits @ (1 << np.arange(bits, dtype=np.uint16))
    require(int(second.max()) < count, "its table must have numbers of its buckets")
    return replace(abstraction, second=second)


def save_blueprint(directory: Path, blueprint: BucketBlueprint, about: Row) -> None:
    """Write a blueprint; ``about`` is what else its description says, its menu for one.

    The description comes last: where a write is cut off, its digests are those of the arrays before, and the directory is refused.
    """
    second = save_abstraction(directory / CENTRES, blueprint.abstraction)
    write_npy(directory / SHARES, blueprint.shares)
    content = {"format": FORMAT, "game": blueprint.game.key, "name": blueprint.name, "size": blueprint.size, "digest": blueprint.digest}
    write_json(directory / ABOUT, content | {"second_digest": second} | about)


def digest_of(game: HoldemGame, abstraction: CardAbstraction, shares: npt.NDArray[np.uint16]) -> str:
    """Return what tells blueprints apart. The buckets of the second street follow from the centres."""
    return _digest(game.key.encode(), abstraction.groups, *abstraction.centres, shares)


def _digest(start: bytes, *arrays: npt.NDArray[Any]) -> str:
    digest = hashlib.sha256(start)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)  # no copy: shares are mapped from disk
    return digest.hexdigest()[:16]


def load_blueprint(game: HoldemGame, directory: Path) -> BucketBlueprint:
    """Return the blueprint of a directory, its shares mapped from disk.

    Args:
        game: the real game; the blueprint's sizes take the place of its own where the blueprint has its own.
        directory: of ``save_blueprint``.

    Raises:
        ValueError: none there, a damaged one, one whose arrays are not those that its description was written with, or one of another game.
    """
    with _damages_of(directory):
        about = read_json(directory / ABOUT)
        require(isinstance(about, dict) and about["format"] == FORMAT, f"its format must be {FORMAT}")
        require(all(isinstance(about[key], str) for key in ("game", "name", "digest")), "it must have a game, a name and a digest")
        require(whole_in(about["size"], 1, 2**53), "it must have a size")
        menu = about["menu"]
        texts = isinstance(menu, list) and len(menu) == 2 and all(sizes is None or isinstance(sizes, str) for sizes in menu)
        require(texts, "its menu must be two texts")
        chosen = with_menu(game, *menu)
    if about["game"] != chosen.key:
        raise ValueError(f"blueprint must be of {game.name}{_unlike(game, directory, about['game'])}")
    with _damages_of(directory):
        abstraction, packed = _read_abstraction(directory / CENTRES, chosen)
        shares = map_npy(directory / SHARES, (sum(numbers_of(flat_bets(chosen, abstraction.sizes))),), np.uint16)
        same = digest_of(chosen, abstraction, shares) == about["digest"]
        if (second := about.get("second_digest")) is not None:  # which earlier versions did not write
            same &= packed is not None and _digest(b"", packed) == second
        require(same, "its arrays must have the digest that its description says")
        abstraction = _with_second(abstraction, packed)
    return BucketBlueprint(chosen, abstraction, shares, printable(about["name"], 100), about["digest"])


@contextmanager
def _damages_of(directory: Path) -> Iterator[None]:
    """Refuse a directory that cannot be read as a blueprint."""
    try:
        yield
    except DAMAGES as error:
        raise ValueError(f"blueprint must be a directory that trainer=mccfr wrote, got {directory} ({first_line(error)})") from None


def _unlike(game: HoldemGame, directory: Path, key: str) -> str:
    """Return how a game differs from that of a blueprint, whose key is given, and what makes one of it; as text behind the game's name."""
    rules = game.betting
    stack, blinds = rules.stack, f"{rules.start[0]:g} and {rules.start[1]:g}"
    named = re.search(r"start=\(([0-9.]{1,20}), ([0-9.]{1,20})\), stack=([0-9]{1,20})", key)
    other = (int(named[3]), f"{float(named[1]):g} and {float(named[2]):g}") if named else (stack, blinds)
    if other == (stack, blinds):
        return f", got {directory}, made for other sizes, cards or ranges (timebank train trainer=mccfr with the same game keys makes one)"
    keys = f"game.stack={stack}" + (f" 'game.blinds=[{rules.start[0]:g},{rules.start[1]:g}]'" if other[1] != blinds else "")
    made = f"made for stacks of {other[0]} and blinds of {other[1]} (timebank train game={game.name} {keys} trainer=mccfr makes one)"
    return f" with stacks of {stack} and blinds of {blinds}, got {directory}, {made}"


def sizes_for(game: HoldemGame, sizes: Sequence[int]) -> list[int]:
    """Return the buckets of each street after the first; one number is for all of them.

    Raises:
        ValueError: neither one number nor one for each street.
    """
    streets = len(game.deals) - 1
    if len(sizes) not in (1, streets) or not all(1 <= size <= MOST_BUCKETS for size in sizes):
        rule = f"one number in 1..{MOST_BUCKETS:,}, or one for each of {streets} streets after the first"
        raise ValueError(f"trainer.buckets must be {rule}, got {list(sizes)}")
    return list(sizes) if len(sizes) == streets else [*sizes] * streets
