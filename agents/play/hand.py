"""One hand of a person against an agent, step by step: who acts, what the agent does, and moves that are taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic
from zlib import crc32

import numpy as np

from agents.agent import Decision, State
from agents.decision_cache import DecisionCache
from games import CHANCE, TERMINAL
from games.game import Action, drawn, line_of

Record = dict[str, Any]


@dataclass(frozen=True)
class Move(Generic[State]):
    """What happened at a public state.

    Attributes:
        above: where it happened.
        child: where it led.
        action: that was taken; None for public cards.
        decision: the agent's, where it acted.
    """

    above: State
    child: State
    action: Action | None = None
    decision: Decision | None = None


class PlayedHand(Generic[State]):
    """A hand that is being played.

    What is drawn depends on the seed, the hand's number and the public state, so taking a move back does not draw anew.

    Args:
        decisions: of the agent that is played against, which need not be loaded before its first move; of this hand alone.
        seed: of the deal, the public cards and the agent's actions.
        number: of the hand.
        you: the person's seat.
    """

    def __init__(self, decisions: DecisionCache[State], seed: int, number: int, you: int) -> None:
        self.game, self.decisions, self.seed, self.number, self.you = decisions.agent.game, decisions, seed, number, you
        self.hands = self.game.deal(self._random("deal"))
        self.state: State = self.game.root
        self.moves, self.undone = list[Move[State]](), 0
        self._milliseconds = list[float]()  # of every decision that the agent acted by, also in lines that were taken back

    @property
    def over(self) -> bool:
        """Whether nobody acts any more."""
        return self.game.player(self.state) == TERMINAL

    @property
    def yours(self) -> bool:
        """Whether it is the person's turn."""
        return self.game.player(self.state) == self.you

    def step(self) -> Move[State]:
        """Let chance or the agent act, whose turn it is; return what happened."""
        game, above, player = self.game, self.state, self.game.player(self.state)
        if player == CHANCE:
            # bets do not change the cards
            return self._done(Move(above, game.chance(above, self.hands, self._random(f"round {game.round(above)}"))))
        decision = self.decisions.at(player, above)
        self._milliseconds.append(1000 * decision.seconds)
        policy = decision.policy[:, self.hands[player]].tolist()
        action = game.actions(above)[drawn(policy, self._random(*line_of(game, above)))]
        return self._done(Move(above, game.child(above, action), action, decision))

    def act(self, action: Action) -> Move[State]:
        """Take the person's action.

        Raises:
            ValueError: it is not legal.
        """
        return self._done(Move(self.state, self.game.child(self.state, action), action))

    def undo(self) -> bool:
        """Go back to the person's last decision; say whether there was one."""
        asked = [i for i, move in enumerate(self.moves) if self.game.player(move.above) == self.you]
        if not asked:
            return False
        self.state = self.moves[asked[-1]].above
        del self.moves[asked[-1] :]
        self.undone += 1
        return True

    def chips(self) -> float:
        """Return what the person won, at the end."""
        return self.game.payoff(self.state, self.hands) * (1 if self.you == 0 else -1)

    def record(self) -> Record:
        """Return what is saved of a hand that is over."""
        game = self.game
        record: Record = {"hand": self.number, "you": self.you, "hands": [game.hand_text(p, self.hands[p]) for p in (0, 1)]}
        record |= {"board": game.board_text(self.state), "play": line_of(game, self.state), "chips": self.chips()}
        return record | {"undone": self.undone, "agent_milliseconds": self._milliseconds}

    def _done(self, move: Move[State]) -> Move[State]:
        self.moves.append(move)
        self.state = move.child
        return move

    def _random(self, *what: str) -> float:
        """Return the number of [0, 1) that draws something in the hand."""
        return float(np.random.default_rng([self.seed, self.number, crc32("/".join(what).encode())]).random())
