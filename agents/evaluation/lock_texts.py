"""What is played at a locked decision, as people write it.

=============================================== ==================================================================
``bet 50 100%``                                 every hand bets 50
``fold 30%, call 70%``                          every hand mixes so; an action that is left out is never taken
``AA,KK: bet 50 100%; rest: check 100%``        by hand: groups of hands as ranges have them, and ``rest`` for all others
``AA: check 100%``                              aces check; all other hands are free
``node_0.csv``                                  a file as ``timebank solve`` writes it: the columns ``hand`` and one per action
=============================================== ==================================================================
"""

from __future__ import annotations

import csv
import io
import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from games.arrays import Bool, Float
from games.game import PublicGame, listed
from games.holdem.ranges import parse_range
from games.holdem.rules import HoldemGame
from games.settings import shown

KEY, REST = "lock", "rest"
TOLD = ("hand", "weight", "ev", "equity", "eqr", "made")  # columns of a table that solve wrote, besides its actions
SUM_ERROR = 1e-4  # by which shares may miss 1: tables have rounded numbers
MOST_BYTES = 10_000_000  # of a file
_SHARE = re.compile(r"(.*\S)\s+([0-9]+\.?[0-9]*|\.[0-9]+)\s*%")


def read_locks(asked: Any) -> dict[str, str]:
    """Return what is to be played by line of play; nothing where nothing is asked for.

    Args:
        asked: a mapping, or JSON of one, which may have an empty key, the first decision.

    Raises:
        ValueError: neither, or the same line twice.
    """
    if asked is None or asked == "":
        return {}
    if isinstance(asked, str):
        try:
            pairs = json.loads(asked, object_pairs_hook=list)
        except (ValueError, RecursionError):
            pairs = None
        if isinstance(pairs, list) and all(isinstance(pair, tuple) for pair in pairs):
            twice = [line for i, (line, _) in enumerate(pairs) if line in dict(pairs[:i])]
            if twice:
                raise ValueError(f"{KEY} must name each decision once, got {shown(twice[0])} again")
            asked = dict(pairs)
    if not (isinstance(asked, dict) and all(isinstance(part, str) for pair in asked.items() for part in pair)):
        raise ValueError(f'{KEY} must be lines with what is played there, as in {{check: "bet 50 100%"}}, got {shown(asked)}')
    return {str(line): str(text) for line, text in asked.items()}


def is_file(text: str) -> bool:
    """Say whether a text names a file in place of saying what is played."""
    return text.strip().lower().endswith(".csv")


def hand_by_hand(actions: Sequence[str], hands: Mapping[str, Sequence[float]]) -> str:
    """Return the text that says what each hand plays, shares to a millionth.

    Args:
        actions: texts of the decision's actions.
        hands: by name, the shares of the actions.
    """
    mixes: dict[str, list[str]] = {}
    for name, shares in hands.items():
        exact = 1e6 * np.array(shares, np.float64)
        steps = np.floor(exact).astype(int)
        most = np.argsort(steps - exact)[: 1_000_000 - int(steps.sum())]  # what rounding down took, to those that lost most
        steps[most] += 1
        parts = [f"{action} {step / 10_000:.10g}%" for action, step in zip(actions, steps.tolist(), strict=True) if step]
        mixes.setdefault(", ".join(parts), []).append(name)
    return "; ".join(f"{','.join(names)}: {mix}" for mix, names in mixes.items())


def named_mix(game: PublicGame[Any], state: Any, text: str, live: Bool, key: str, possible: Bool | None = None) -> tuple[Float, Bool]:
    """Return [A, H] shares and [H], the hands that a text gives them to.

    Args:
        game: that is solved.
        state: the decision.
        text: see the module.
        live: [H], hands that the player can hold there.
        key: what errors name.
        possible: [H], hands of which each entry must name one, while it need name none that is live; not given, it must.

    Raises:
        ValueError: a text or a file that says no such thing.
    """
    if not text.strip():
        raise ValueError(f"{key} must say what is played, as in 'fold 30%, call 70%', or name a CSV file, got {shown(text)}")
    if is_file(text):
        return _of_file(game, state, Path(text.strip()), live, key)
    policy, hands = np.zeros((len(game.actions(state)), len(live))), np.zeros(len(live), np.bool_)
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        names, colon, mix = entry.rpartition(":")
        rest = colon and names.strip() == REST
        named = _named(game, state, names, key) if colon and not rest else np.ones_like(live)
        chosen = live & named & ~hands if rest else live & named
        if (chosen & hands).any():
            again = game.hand_text(game.player(state), int(np.flatnonzero(chosen & hands)[0]))
            raise ValueError(f"{key} must name each hand once, got {again} again in {shown(entry)}")
        if not (chosen.any() if possible is None else rest or (possible & named).any()):
            raise ValueError(f"{key} must name hands that {game.seat_text(game.player(state))} can hold there, got {shown(entry)}")
        policy[:, chosen] = _mix(game, state, mix, key)[:, None]
        hands |= chosen
    return policy, hands


def _mix(game: PublicGame[Any], state: Any, text: str, key: str) -> Float:
    """Return [A], the shares of ``fold 30%, call 70%``."""
    texts = [action.text for action in game.actions(state)]
    shares = np.full(len(texts), np.nan)
    for part in text.split(","):
        match = _SHARE.fullmatch(part.strip())
        if not match:
            raise ValueError(f"{key} must have actions with percentages, as in '{texts[0]} 100%', got {shown(part.strip())}")
        try:
            number = texts.index(game.action(state, " ".join(match[1].split())).text)
        except ValueError as error:
            raise ValueError(f"{key} must have actions among {error}, got {shown(match[1])}") from None
        if not np.isnan(shares[number]):
            raise ValueError(f"{key} must name each action once, got {texts[number]} again in {shown(text.strip())}")
        shares[number] = float(match[2]) / 100
    if abs(np.nansum(shares) - 1) > SUM_ERROR:
        raise ValueError(
            f"{key} must have shares that add up to 100 %, got {100 * float(np.nansum(shares)):.6g} % in {shown(text.strip())}"
        )
    mixed: Float = np.nan_to_num(shares) / np.nansum(shares)
    return mixed


def _named(game: PublicGame[Any], state: Any, text: str, key: str) -> Bool:
    """Return [H], the hands of a text such as ``AA,KQs`` or, in small games, ``J,Q``."""
    player = game.player(state)
    if isinstance(game, HoldemGame):
        weights = parse_range(text, key, game.deck)
        if ((weights > 0) & (weights < 1)).any() or ":" in text:
            raise ValueError(f"{key} must name hands without weights, got {shown(text.strip())}")
        chosen: Bool = weights > 0
        return chosen
    known = [(game.hand_text(player, h), game.hand_name(player, h), game.hand_class(player, h)) for h in range(game.num_hands[player])]
    named = np.zeros(len(known), np.bool_)
    for name in filter(None, (part.strip() for part in text.split(","))):
        chosen = np.array([name in names for names in known])
        if not chosen.any():
            names = listed(list(dict.fromkeys(names[1] for names in known)))
            raise ValueError(f"{key} must name hands among {names}, got {shown(name)}")
        named |= chosen
    return named


def _of_file(game: PublicGame[Any], state: Any, path: Path, live: Bool, key: str) -> tuple[Float, Bool]:
    """Return the shares of a table; every hand that can be there has a row."""
    texts, player = [action.text for action in game.actions(state)], game.player(state)
    rows = _rows(path, key)
    names = {_column(name, texts): name for name in rows[0]}
    columns = list(names) if len(names) == len(rows[0]) else list(rows[0])  # two of one action are refused
    others = [name for name in columns if name not in (*TOLD, *texts) and not name.startswith("ev ")]
    missing = [name for name in ("hand", *texts) if name not in columns]
    if missing or others:
        wrong = f"no {missing[0]!r}" if missing else f"{others[0]!r}"
        raise ValueError(f"{key} must be a table of this decision, with the columns hand, {', '.join(texts)}, got {wrong} in {path}")
    numbers = {name: h for h in range(game.num_hands[player]) for name in (game.hand_text(player, h), game.hand_name(player, h))}
    policy, hands = np.zeros((len(texts), len(live))), np.zeros(len(live), np.bool_)
    for row in rows:
        name = (row["hand"] or "").strip()
        hand = numbers.get(name, numbers.get(f"{name[2:]}{name[:2]}"))
        if hand is None or not live[hand]:
            raise ValueError(f"{key} must have hands that {game.seat_text(player)} can hold there, got {shown(name)} in {path}")
        if hands[hand]:
            raise ValueError(f"{key} must have each hand once, got {name} again in {path}")
        shares = [_share(row[names[text]], f"{text} of {name}", key, path) for text in texts]
        if abs(sum(shares) - 1) > SUM_ERROR:
            raise ValueError(f"{key} must have shares that add up to 1, got {sum(shares):.6g} for {name} in {path}")
        policy[:, hand], hands[hand] = np.array(shares) / sum(shares), True
    if (live & ~hands).any():
        hand = int(np.flatnonzero(live & ~hands)[0])
        raise ValueError(f"{key} must have a row for every hand, got none for {game.hand_text(player, hand)} in {path}")
    return policy, hands


def _column(name: str, texts: Sequence[str]) -> str:
    """Return the action that a column is of, as the tree calls it, whether it is written ``bet 2.8``, ``bet 2,8`` or ``bet 2.80``."""
    plain = re.sub(r"[0-9]+[.,][0-9]+", lambda number: f"{float(number[0].replace(',', '.')):.15g}", name)
    return plain if plain in texts else name


def _rows(path: Path, key: str) -> list[Mapping[str, str | None]]:
    """Return the rows of a table with a header; columns are divided by commas, semicolons or tabs.

    Spreadsheets save it in UTF-8 or UTF-16, maybe with rows and columns that are empty.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"{key} must be a table of at most {MOST_BYTES:,} bytes, got {path}")
        content = path.read_bytes()
        text = content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{key} must be a CSV file that can be read, got {shown(str(path))}") from None
    lines = text.splitlines()
    divider = max(",;\t", key=lines[0].count if lines else ",".count)  # bets may have decimal commas
    try:
        rows: list[Mapping[str, str | None]] = list(csv.DictReader(_filled(lines, divider)))
    except csv.Error:  # a cell that is too long
        rows = []
    if not rows or not all(isinstance(name, str) for row in rows for name in row):
        raise ValueError(f"{key} must be a table with a header and as many columns in every row, got {shown(str(path))}")
    return rows


def _filled(lines: Sequence[str], divider: str) -> list[str]:
    """Return a table with commas, without the rows and the last columns that spreadsheets save with nothing in them."""
    cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=divider)]
    filled = [row for row in cells if any(row)]
    while filled and len(filled[0]) > 1 and all(len(row) == len(filled[0]) and not row[-1] for row in filled):
        filled = [row[:-1] for row in filled]
    writer = csv.writer(text := io.StringIO())
    writer.writerows(filled)
    return text.getvalue().splitlines()


def _share(text: str | None, where: str, key: str, path: Path) -> float:
    """Return a share: ``0.25`` or ``25%``, with a decimal point or comma."""
    number = (text or "").strip().replace(",", ".")
    try:
        share = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"{key} must have shares in 0..1, got {shown(text)} for {where} in {path}")
    return share
