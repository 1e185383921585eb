"""Local best response to agents of hold'em whose strategy is too large to be written out: hands are played, and nothing else is sampled.

The rule is that of ``agents.evaluation.lbr``. LBR holds a hand, and follows the agent's range by Bayes' rule with the policies that the
agent really plays. At its decision a fold is worth what it pays, a check or call the showdown against the range over all cards to come, and
a bet what the hands that fold leave and the showdown against the others. What they fold the agent itself is asked, with the memory and the
budget that it would have after the bet; where LBR then makes that bet, this very answer is played from.

A hand is played with less luck than at a table, and with the same mean:

* The agent's hand is never drawn. An action of the agent that leaves nobody anything to decide (a fold, the call of an all-in, a call or
  check on the river) counts with the share of the range that takes it; one of the others is drawn, and the hand goes on with their share.
* Where nobody bets any more, all cards to come are summed over.
* Of what is still drawn, the agent's other actions and public cards, the luck is taken off: what the showdown was worth after the draw less
  its mean over all draws, which is known exactly. (AIVAT, Burch et al. 2018, arXiv 1612.06915, does the same with other values.)

So what LBR wins is unbiased, and in the mean over many hands a lower bound of what a best response wins from the agent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import comb
from typing import Any, NamedTuple

import numpy as np

from agents.agent import Agent, Decision
from agents.evaluation.local_actions import LocalActions
from agents.evaluation.luck import ACTION, CARDS, HAND, Luck
from games.arrays import Float
from games.game import Action, Kind
from games.holdem.cards import holding
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE
from search import Budget
from search.boards.all_in import AllIn
from search.outcome import FALLBACKS, Outcome


class Played(NamedTuple):
    """One hand.

    Attributes:
        chips: what LBR won, estimated.
        plain: the same without taking luck off.
        hand: LBR's.
        play: actions and public cards of the line that was drawn.
        asked: decisions of the agent, those after bets that LBR only considered among them.
        searched: of these, those with a search that was due and done.
        failed: those whose search came to nothing.
        seconds: of all decisions.
    """

    chips: float
    plain: float
    hand: str
    play: tuple[str, ...]
    asked: int
    searched: int
    failed: int
    seconds: float


class SampledLbr:
    """LBR against an agent of hold'em.

    Args:
        agent: that it plays.
        budget: of each of the agent's decisions.
        actions: what LBR may do.
        all_in: of the game's deck.

    Raises:
        ValueError: a game that is not hold'em, sizes of its own where only a menu's can be bet, or a first round that is not there.
    """

    def __init__(self, agent: Agent[HoldemState], budget: Budget, actions: LocalActions, all_in: AllIn) -> None:
        game = agent.game
        if not isinstance(game, HoldemGame):
            raise ValueError(f"game must be hold'em, where LBR plays hands, got {game.name}")
        if actions.bets_from is not None and actions.sizes is not None and not game.any_amount:
            raise ValueError(f"actions must be fold and call, or the game's own bets, where amounts are a menu's, got {actions.name!r}")
        if actions.first_round >= len(game.rounds):
            raise ValueError(f"actions.first_round must be in 0..{len(game.rounds) - 1}, got {actions.first_round}")
        self.agent, self.budget, self.actions, self.all_in, self.game = agent, budget, actions, all_in, game

    def play(self, seat: int, luck: Luck) -> Played:
        """Play one hand in a seat, against an agent that is loaded."""
        game = self.game
        hand = luck.index(HAND, game.ranges[seat] * game.cf_reach(game.root, seat, game.ranges[1 - seat]))
        line = _Line(self, seat, hand, luck)
        while not game.settled(line.state):
            player = game.player(line.state)
            if player == CHANCE:
                line.deal()
            elif player == seat:
                line.respond()
            elif not line.ask():
                break
        else:
            line.won += line.weight * line.settled_worth(line.state, line.shares())
        return line.played()


@dataclass
class _Line:
    """One hand while it is played.

    Attributes:
        lbr: who plays.
        seat: LBR's.
        hand: LBR's.
        luck: draws.
        state: where the hand is.
        reach: [H] the agent's range there, without hands that share a card with LBR's or the board.
        weight: share of the range's play that has led here.
        won: chips that LBR has won so far, by that share.
        off: luck so far.
        memory: the agent's.
        answers: of the agent, by decision that LBR has considered.
    """

    lbr: SampledLbr
    seat: int
    hand: int
    luck: Luck
    state: HoldemState = field(init=False)
    reach: Float = field(init=False)
    weight: float = 1.0
    won: float = 0.0
    off: float = 0.0
    memory: Any = None
    answers: dict[HoldemState, Decision] = field(default_factory=dict)
    asked: int = 0
    searched: int = 0
    failed: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        game = self.lbr.game
        self.state = game.root
        dead = holding(game.deck, [*game.hands[self.hand].tolist(), *game.root.cards])
        self.reach = np.where(dead, 0.0, game.ranges[1 - self.seat])

    def shares(self) -> Float:
        """Return [H], the agent's range as probabilities."""
        total: Float = self.reach / self.reach.sum()
        return total

    def against(self) -> Float:
        """Return [H], what LBR's hand wins of a chip if nobody bets any more."""
        return self.lbr.all_in.against(self.hand, self.state.cards)

    def settled_worth(self, state: HoldemState, shares: Float) -> float:
        """Return LBR's chips where nobody decides anything any more, times the sum of the agent's ``shares`` [H]."""
        paid, folded = self.lbr.game.chips(state).paid, state.betting.folded
        if folded >= 0:
            return float(shares.sum()) * (-paid[folded] if folded == self.seat else paid[folded])
        return float(paid[self.seat] * (shares @ self.against()))

    def deal(self) -> None:
        """Draw public cards as they come to LBR's hand and the agent's range: for a hand of the range, which is forgotten."""
        game, shares, paid = self.lbr.game, self.shares(), self.lbr.game.chips(self.state).paid[self.seat]
        expected = float(shares @ self.against())
        other = self.luck.index(CARDS, shares)
        left = len(game.deck.cards()) - len(self.state.cards) - 4
        ways = comb(left, game.deals[game.round(self.state) + 1])
        pair = (self.hand, other) if self.seat == 0 else (other, self.hand)
        self.state = game.chance(self.state, pair, (self.luck.number(CARDS, ways) + 0.5) / ways)
        self.reach = np.where(holding(game.deck, self.state.cards), 0.0, self.reach)
        self.off += self.weight * paid * (float(self.shares() @ self.against()) - expected)

    def ask(self) -> bool:
        """Let the agent act; say whether the hand goes on."""
        game, decision = self.lbr.game, self.answer(self.state)
        self.memory, self.answers = decision.memory, {}
        children = [game.child(self.state, action) for action in game.actions(self.state)]
        taken = decision.policy * self.shares()  # [A, H]
        taken /= taken.sum()  # policies add up to 1 but for rounding
        going = np.array([not game.settled(child) for child in children])
        for child, shares in zip(children, taken, strict=True):
            if game.settled(child):
                self.won += self.weight * self.settled_worth(child, shares)
        chances = np.where(going, taken.sum(axis=1), 0.0)
        left = float(chances.sum())
        if left <= 0:
            return False
        chosen = self.luck.index(ACTION, chances)
        values = [self.worth_of(child, row) if goes else 0.0 for child, row, goes in zip(children, taken, going, strict=True)]
        self.off += self.weight * left * (values[chosen] / float(chances[chosen]) - sum(values) / left)
        self.weight *= left
        self.state, self.reach = children[chosen], self.reach * decision.policy[chosen]
        return True

    def worth_of(self, child: HoldemState, shares: Float) -> float:
        """Return what an action of the agent is about worth to LBR, times the sum of ``shares``: the better of a call and a fold."""
        chips = self.lbr.game.chips(child).paid
        return max(-chips[self.seat] * float(shares.sum()), chips[1 - self.seat] * float(shares @ self.against()))

    def respond(self) -> None:
        """Let LBR act: by the best action if only checks and calls follow it, the first of several."""
        game, actions = self.lbr.game, self.lbr.actions
        offered = [action for action in game.actions(self.state) if action.kind != Kind.BET]
        if actions.looks(game.round(self.state)):
            offered += actions.bets(game, self.state)
        else:
            offered = [action for action in offered if action.kind == Kind.PASS]
        if len(offered) > 1:
            values = [self.local_value(action) for action in offered]
            offered = [offered[int(np.argmax(values))]]
        self.state = game.child(self.state, offered[0])
        self.answers = {state: answer for state, answer in self.answers.items() if state == self.state}

    def local_value(self, action: Action) -> float:
        """Return what an action of LBR's is taken to be worth, in chips times the sum of the agent's reach."""
        game, reach, wins = self.lbr.game, self.reach, self.against()
        child = game.child(self.state, action)
        paid = game.chips(child).paid
        if action.kind == Kind.FOLD:
            return -paid[self.seat] * float(reach.sum())
        called = paid[self.seat] * float(reach @ wins)
        if action.kind == Kind.PASS:
            return called
        self.answers[child] = self.answer(child)
        fold = next(i for i, one in enumerate(game.actions(child)) if one.kind == Kind.FOLD)
        folds = reach * self.answers[child].policy[fold]
        return paid[1 - self.seat] * float(folds.sum()) + paid[self.seat] * float((reach - folds) @ wins)

    def answer(self, state: HoldemState) -> Decision:
        """Return the agent's decision, made once."""
        if state in self.answers:
            return self.answers[state]
        decision = self.lbr.agent.decide(1 - self.seat, state, self.memory, self.lbr.budget)
        self.asked += 1
        self.searched += decision.outcome == Outcome.SEARCHED
        self.failed += decision.outcome in FALLBACKS
        self.seconds += decision.seconds
        return decision

    def played(self) -> Played:
        """Return the hand that was played."""
        game, play = self.lbr.game, list[str]()
        state = self.state
        while state.above is not None:
            play.append(state.label)
            state = state.above
        hand = game.hand_text(self.seat, self.hand)
        return Played(self.won - self.off, self.won, hand, tuple(play[::-1]), self.asked, self.searched, self.failed, self.seconds)
