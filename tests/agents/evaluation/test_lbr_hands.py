"""Parts of LBR's hands: the same whoever plays them, saved, and checked when they are read again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from agents.agent import BaseAgent, Decision
from agents.evaluation.lbr_hands import LbrMatch, check_hands, play_hands
from agents.evaluation.local_actions import FCPA, LocalActions
from games.holdem.config import Holdem
from search import Budget

GAME = Holdem(ranks="TJQKA", deals=[0, 1, 1], blinds=[1, 2], stack=60, min_bet=2, bets="100%", raises="100%", raise_cap=1).build()
MENU = LocalActions("menu", None)
HANDS = 104  # three parts, the last one short


@cache
def row(label, actions):
    shares = np.random.default_rng(sum(label.encode())).random((actions, len(GAME.hands)))
    return shares / shares.sum(axis=0)


class Mixed(BaseAgent):
    """Plays at random, by the last action."""

    name, game = "mixed", GAME

    def decide(self, seat, state, memory, budget):
        return Decision(row(state.label, len(GAME.actions(state))), memory, 0.0)

    def fingerprint(self):
        return b"mixed"


@dataclass(frozen=True)
class Backwards:
    """Plays parts in this process, the last one first."""

    workers = 1

    def map(self, function, tasks):
        for i in reversed(range(len(tasks))):
            yield i, function(tasks[i])


@dataclass(frozen=True)
class Nobody:
    """Plays nothing."""

    workers = 1

    def map(self, function, tasks):
        assert not tasks
        yield from ()


def records(match=None, directory=None, executor=None, hands=HANDS):
    played = [
        record for part in play_hands(match or LbrMatch(Mixed(), Budget(seconds=0), MENU), hands, executor, directory) for record in part
    ]
    return sorted(played, key=lambda record: (record["deal"], record["seat"]))


def test_hands_are_the_same_in_any_order_and_fewer_hands_are_the_first_of_them():
    every = records()
    assert [(one["deal"], one["seat"]) for one in every] == [(deal, seat) for deal in range(HANDS // 2) for seat in (0, 1)]
    assert records(executor=Backwards()) == every
    assert records(hands=40) == every[:40]
    assert len({one["chips"] for one in every}) > HANDS / 2


def test_what_is_saved_is_not_played_again(tmp_path):
    every = records(directory=tmp_path)
    assert records(directory=tmp_path, executor=Nobody()) == every
    files = sorted(tmp_path.glob("menu-1-*/*.jsonl"))
    assert [path.name for path in files] == ["0000000-25.jsonl", "0000025-25.jsonl", "0000050-2.jsonl"]


@pytest.mark.parametrize("damage", ["chips", "deal", "text", "key"])
def test_a_damaged_part_is_set_aside_and_played_again(damage, tmp_path, caplog):
    every = records(directory=tmp_path)
    path = sorted(tmp_path.glob("*/*.jsonl"))[1]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[3] |= {"chips": 1e9} if damage == "chips" else {"deal": 3} if damage == "deal" else {"more": 1} if damage == "key" else {}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines)[: -9 if damage == "text" else None])
    assert records(directory=tmp_path) == every
    assert "is damaged" in caplog.text
    assert path.with_name(path.name + ".damaged").exists()


def test_other_seeds_and_actions_are_other_hands_in_other_folders(tmp_path):
    records(directory=tmp_path)
    other = records(LbrMatch(Mixed(), Budget(seconds=0), MENU, 1), tmp_path)
    assert [one["hand"] for one in other] != [one["hand"] for one in records()]
    records(LbrMatch(Mixed(), Budget(seconds=0), LocalActions("menu", None, first_round=1)), tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_bad_values_are_refused_before_anything_is_played(tmp_path):
    for hands in (2, 7, 4_000_000):
        with pytest.raises(ValueError, match=f"hands must be an even number from 4 to 2,000,000 .*, got {hands}"):
            check_hands(hands)
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        LbrMatch(Mixed(), Budget(seconds=0), MENU, -1)
    with pytest.raises(ValueError, match="actions must be fold and call, or the game's own bets, where amounts are a menu's"):
        next(play_hands(LbrMatch(Mixed(), Budget(seconds=0), FCPA), 4, None, tmp_path))
    assert not list(tmp_path.iterdir())


def test_the_budget_of_the_agent_is_part_of_what_is_measured():
    match, same, longer = (LbrMatch(Mixed(), Budget(seconds=seconds), MENU) for seconds in (0, 0, 1))
    assert match.fingerprint() == same.fingerprint() != longer.fingerprint()
