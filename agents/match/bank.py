"""A bank of thinking time, as chess clocks and poker's time banks have it: a stock of seconds, and an increment with each decision.

The agent takes from it where thinking gains most: a decision ends when more of it is expected to gain less than the *price*
(``search.stopping``). A controller moves the price so that the bank lasts for a session: after each search the price rises if it took more
than its share of what is left, and falls if it took less. It keeps what it has learnt from session to session.

No decision gets more than is in the bank, nor more than ``MOST_SHARES`` shares of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from agents.reporting.tables import duration
from games.settings import shown
from search import Budget
from search.stopping import SECOND, Price

SESSION_HANDS = 100  # a bank is full again after as many
MOST_SHARES = 10.0
GAIN = 0.2  # of the logarithm of the price, for each share that a search took too much
MOST_EXCESS = 2.0  # shares: one long search says little about those to come
MOST_LOG = 30.0  # that the price is moved from where it begins: a bank that is too small for any search would drive it on and on
FIRST_PRICE = 1e-3  # of the most that a deal can win, for each share of time: wherever it begins, the controller moves it


@dataclass(frozen=True)
class BankRule:
    """What is in a bank.

    Attributes:
        bank_seconds: at the beginning of each session.
        increment_seconds: added with each decision.

    Raises:
        ValueError: a bank of nothing, or less, or an increment below 0.
    """

    bank_seconds: float
    increment_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.bank_seconds) and self.bank_seconds > 0):
            raise ValueError(f"budget.bank_seconds must be a number above 0, got {shown(self.bank_seconds)}")
        if not (math.isfinite(self.increment_seconds) and self.increment_seconds >= 0):
            raise ValueError(f"budget.increment_seconds must be a number of at least 0, got {shown(self.increment_seconds)}")

    def text(self) -> str:
        """Return what reports call it."""
        more = f" and {duration(self.increment_seconds)} a decision" if self.increment_seconds else ""
        return f"a bank of {duration(self.bank_seconds)} for {SESSION_HANDS} hands{more}"


class Bank:
    """One competitor's bank at a table.

    Args:
        rule: what is in it.
        stake: chips, the most that a deal can win.

    Attributes:
        left: seconds.
        log_price: natural logarithm of the price, chips a deal per second.
    """

    def __init__(self, rule: BankRule, stake: float) -> None:
        self.rule, self._hands, self._decisions, self._searches = rule, 0, 0, 0
        self.begin()
        self.log_price = self._first = math.log(FIRST_PRICE * stake / self.share)

    def begin(self) -> None:
        """Begin a session."""
        self.left, self._played = self.rule.bank_seconds, 0

    def deal(self) -> None:
        """Begin a hand."""
        self._played += 1
        self._hands += 1

    @property
    def share(self) -> float:
        """The seconds that a search may take if all searches until the end of the session are to take as many.

        How many searches and decisions a hand has is what it had so far, beginning with one of each.
        """
        hands = max(1, SESSION_HANDS - self._played)
        searches, decisions = ((count + 1) / (self._hands + 1) * hands for count in (self._searches, self._decisions))
        return (self.left + self.rule.increment_seconds * decisions) / max(1.0, searches)

    def budget(self, budget: Budget) -> Budget:
        """Begin a decision; return what it may spend. Other limits of ``budget`` stay, the least seconds count."""
        self._decisions += 1
        self.left += self.rule.increment_seconds
        seconds = min(self.left, MOST_SHARES * self.share, math.inf if budget.seconds is None else budget.seconds)
        return replace(budget, seconds=seconds, price=Price(chips=math.exp(self.log_price), unit=SECOND))

    def spend(self, seconds: float, searched: bool) -> None:
        """End a decision that took so many seconds."""
        share = self.share
        self.left = max(0.0, self.left - seconds)
        if searched:
            self._searches += 1
            excess = seconds / share - 1.0 if share > 0 else MOST_EXCESS
            moved = self.log_price + GAIN * min(excess, MOST_EXCESS)
            self.log_price = min(max(moved, self._first - MOST_LOG), self._first + MOST_LOG)
