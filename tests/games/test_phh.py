"""Hands as PHH: read back by pokerkit and by us, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

from games.game import line_of
from games.holdem.config import Holdem, Spot
from games.holdem.phh import game_fields, history_text, read_histories, variant_of
from tests.playing import playout

pokerkit = pytest.importorskip("pokerkit")

NO_LIMIT = Holdem(name="no limit", blinds=[50, 100], stack=2_000, min_bet=100, amounts="any").build()
LIMIT = Holdem(name="limit", blinds=[5, 10], stack=1_000, limit=[10, 10, 20, 20], max_raises=[3, 4, 4, 4]).build()


def texts_of(game, count, seed=3):
    """Return random hands as PHH, and what each seat has at their end, p1 first."""
    rng, texts, stacks = np.random.default_rng(seed), [], []
    for number in range(1, count + 1):
        hands, states = playout(game, rng)
        won = game.payoff(states[-1], hands)
        fields = {
            "players": ["b", "a"],
            "hand": number,
            "_note": 'a "quoted" \\ word\n',
            "_policies": [{"fold": 0.25, "raise 300": 0.75}, {}],
        }
        texts.append(
            history_text(game, line_of(game, states[-1]), (game.hand_text(0, hands[0]), game.hand_text(1, hands[1])), number, fields)
        )
        stacks.append([game.betting.stack - won, game.betting.stack + won])
    return texts, stacks


@pytest.mark.parametrize("game", [NO_LIMIT, LIMIT], ids=["no limit", "limit"])
def test_every_hand_is_read_back_by_pokerkit_with_equal_final_stacks(game):
    texts, stacks = texts_of(game, 60)
    histories = list(pokerkit.HandHistory.loads_all("\n".join(texts)))
    assert len(histories) == 60
    for history, expected in zip(histories, stacks, strict=True):
        final = list(history)[-1]
        assert not final.status
        assert list(final.stacks) == expected
        assert history.players == ["b", "a"]
        assert history.user_defined_fields["_note"] == 'a "quoted" \\ word\n'
    assert any(min(expected) == 0 for expected in stacks) == (game is NO_LIMIT)


@pytest.mark.parametrize("game", [NO_LIMIT, LIMIT], ids=["no limit", "limit"])
def test_every_hand_is_read_back_by_us_to_the_same_state(game):
    texts, stacks = texts_of(game, 30)
    for history, expected in zip(read_histories(game, "\n".join(texts)), stacks, strict=True):
        won = game.payoff(history.state, history.hands)
        assert [game.betting.stack - won, game.betting.stack + won] == expected
        assert history.fields["_policies"] == [{"fold": 0.25, "raise 300": 0.75}, {}]


def test_a_file_that_pokerkit_wrote_is_read():
    texts, stacks = texts_of(NO_LIMIT, 20)
    texts = [text.replace("word\\n", "word") for text in texts]  # pokerkit does not write ends of lines that can be read
    written = pokerkit.HandHistory.dumps_all(pokerkit.HandHistory.loads_all("\n".join(texts)))
    for history, expected in zip(read_histories(NO_LIMIT, written), stacks, strict=True):
        assert NO_LIMIT.betting.stack + NO_LIMIT.payoff(history.state, history.hands) == expected[1]


def test_what_phh_has_no_name_for():
    short = Holdem(ranks="TJQKA", deals=[0, 1, 1], blinds=[1, 2], stack=20, min_bet=2, raise_cap=1).build()
    one_chip = Holdem(blinds=[50, 100], stack=2_000, amounts="any").build()
    for game in (short, one_chip, Spot(board="Td9d6hQc4s").build()):
        assert variant_of(game) is None
    with pytest.raises(ValueError, match="game must be Texas hold'em of 52 cards with blinds to be written as PHH, got holdem"):
        game_fields(short)
    assert (variant_of(NO_LIMIT), variant_of(LIMIT)) == ("NT", "FT")


def test_cards_that_nobody_saw_are_unknown_until_they_are_shown():
    texts, _ = texts_of(NO_LIMIT, 60)
    hidden = [re.sub('"d dh p2 [^"]*"', '"d dh p2 ????"', text) for text in texts]
    whole, seen = (list(read_histories(NO_LIMIT, "\n".join(each))) for each in (texts, hidden))
    shows = [any(action.startswith("p2 sm") for action in history.fields["actions"]) for history in whole]
    assert any(shows)
    assert not all(shows)
    for known, unknown, shown in zip(whole, seen, shows, strict=True):
        assert unknown.state == known.state
        assert unknown.hands == (known.hands[0] if shown else None, known.hands[1])


HEAD = 'variant = "NT"\nantes = [0, 0]\nblinds_or_straddles = [50, 100]\nmin_bet = 100\nstarting_stacks = [2000, 2000]\n'
DEALT = '"d dh p1 AsAd", "d dh p2 KsKd"'


def actions(*more):
    return f"{HEAD}actions = [{DEALT}, {', '.join(map(repr, more))}]\n"


REFUSED = {
    "no TOML": ("variant", "a hand history must be PHH, which is TOML, got "),
    "no table": ("x = 3", "hand x: it must be a table of fields, got 3"),
    "another variant": (HEAD.replace("NT", "PO"), "hand 1: variant must be NT as of no limit, got 'PO'"),
    "antes": (HEAD.replace("[0, 0]", "[1, 1]"), "antes must be [0, 0] as of no limit, got [1, 1]"),
    "other blinds": (HEAD.replace("[50, 100]", "[1, 2]"), "blinds_or_straddles must be [50, 100] as of no limit, got [1, 2]"),
    "other stacks": (HEAD.replace("2000, 2000", "500, 500"), "starting_stacks must be [2000, 2000] as of no limit, got [500, 500]"),
    "three players": (HEAD.replace("2000, 2000", "2000, 2000, 2000"), "got [2000, 2000, 2000]"),
    "no actions": (HEAD, "actions must be a list of texts, got None"),
    "nobody is dealt cards": (HEAD + "actions = []", "actions must deal both players their cards (d dh; ???? for unknown ones)"),
    "out of turn": (actions("p1 cc"), "hand 1: action 3, 'p1 cc': p2 must act, who is in turn, got p1"),
    "an illegal amount": (actions("p2 cbr 150"), "action 3, 'p2 cbr 150': fold, call or raise 200..2000"),
    "an amount that is no number": (actions("p2 cbr many"), "fold, call or raise 200..2000"),
    "a fold for nothing": (actions("p2 cc", "p1 f"), "action 4, 'p1 f': check or bet 200..2000"),
    "after the end": (actions("p2 f", "p1 cc"), "action 4, 'p1 cc': it must not act where nobody is to act"),
    "cards too early": (actions("d db 2c3c4c"), "it must not deal where no cards are due"),
    "too few cards": (actions("p2 cc", "p1 cc", "d db 2c3c"), "it must deal 3 cards"),
    "a card of the board twice": (actions("p2 cc", "p1 cc", "d db 2c3cAs"), "cards must be distinct, got As twice"),
    "a card of a hand twice": (
        f'{HEAD}actions = ["d dh p1 AsAd", "d dh p2 AsKd"]',
        "action 2, 'd dh p2 AsKd': cards must be distinct, got As",
    ),
    "no card": (f'{HEAD}actions = ["d dh p1 AsXd"]', "cards must be cards such as Td9d6h, got 'Xd'"),
    "somebody else's cards": (actions("p2 f", "p1 sm KsKd"), "p1 must show its own cards, got 'KsKd'"),
    "cards that were on the board": (
        f'{HEAD}actions = ["d dh p1 AsAd", "d dh p2 ????", "p2 cc", "p1 cc", "d db 2c3c4c", "p1 cc", "p2 cc", "p2 sm 2cKs"]',
        "action 8, 'p2 sm 2cKs': cards must be distinct, got 2c twice",
    ),
    "too many cards": (f'{HEAD}actions = ["d dh p1 ??????"]', "must be cards such as Td9d6h"),
    "one card shown": (f'{HEAD}actions = ["d dh p1 AsAd", "d dh p2 ????", "p2 f", "p2 sm Ks"]', "p2 must show its own cards, got 'Ks'"),
    "no action": (actions("p2 dances"), "it must be d dh, d db, or of p1 or p2 f, cc, cbr with chips, or sm"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_wrong_history_has_its_own_message(name):
    text, error = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(error)):
        list(read_histories(NO_LIMIT, text))


def test_histories_with_something_changed_are_read_or_refused_and_nothing_else():
    texts, _ = texts_of(NO_LIMIT, 10)
    rng, letters, read = np.random.default_rng(6), list('pdhcbrsm 0123456789AKhs"[]=,'), 0
    for text in texts * 40:
        at = int(rng.integers(len(text)))
        changed = text[:at] + letters[rng.integers(len(letters))] * int(rng.integers(3)) + text[at + int(rng.integers(2)) :]
        try:
            read += len(list(read_histories(NO_LIMIT, changed)))
        except ValueError:
            continue
    assert 0 < read < 400
