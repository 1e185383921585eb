"""A game against an agent in a terminal: what is shown, and what the keys do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic

from agents.agent import Agent, State
from agents.decision_cache import DecisionCache
from agents.play.amounts import SIZES, amounts_at, common_sizes, typed_amount
from agents.play.analysis import Analyst
from agents.play.hand import Move, PlayedHand, Record
from agents.play.thoughts import thought
from agents.play.words import action_text, chips_text, offers
from agents.reporting.tables import counted
from games.game import Action, Kind, PublicGame
from search import Budget
from search.boards.sweeps import uninterrupted
from search.outcome import FALLBACKS
from search.representation import ActionValues

THINK, RANGES, LAST, HELP, UNDO, QUIT = "?", "g", "last", "help", "u", "q"
KEPT = (RANGES, UNDO, QUIT)  # letters that stand for no action
BLUE, GREEN, RED = 34, 32, 31  # of ANSI
COLORS = {"fold": BLUE, "check": GREEN, "call": GREEN, "bet": RED, "raise": RED, "all-in": RED}  # those of the figures
SUIT_COLORS = {"♥": RED, "♦": RED}


@dataclass
class Terminal(Generic[State]):
    """Hands against an agent.

    Draws depend on the seed, the hand's number and the public state, so taking a move back does not draw anew.
    """

    agent: Agent[State]
    values: ActionValues | None  # of histories, as its blueprint sees them; None where the game is too large
    budget: Budget  # of its decisions
    seed: int  # of deals and of the agent's actions
    ask: Callable[[str], str]  # shows a prompt and returns a line; EOFError ends the game
    show: Callable[[str], None]  # a line
    save: Callable[[Record], None]  # each hand when it is over
    colored: bool = False  # actions, red suits and results
    load: Callable[[], None] | None = None  # gets the agent ready, once the first cards are shown; its own ``load`` unless given

    def __post_init__(self) -> None:
        self.game: PublicGame[State] = self.agent.game
        self.decisions = DecisionCache(self.agent, self.budget)
        self.total, self.played, self._loaded = 0.0, 0, False
        self._last_ranges: Callable[[], str] | None = None  # at the end of the last hand

    def run(self, hands: int | None = None) -> None:
        """Play until that many hands are over, or the player leaves.

        Raises:
            KeyboardInterrupt: the player pressed Ctrl-C; every hand that is over is saved.
        """
        keys = f"{THINK} shows what it thinks, {RANGES} both ranges, {UNDO} takes a move back, {QUIT} leaves, {HELP} lists the keys"
        self.show(f"{self._title()}. {keys}.")
        while hands is None or self.played < hands:
            try:
                record = self.hand(self.played)
                with uninterrupted():  # a hand that is over is counted, saved and shown, whatever is pressed
                    self.played += 1
                    self.total += record["chips"]
                    self.save(record)
                    self.show(f"  so far: {chips_text(self.game, self.total, '+')} in {counted(self.played, 'hand')}")
            except EOFError:
                break
        self.show(f"\n{counted(self.played, 'hand')}, {self.total:+g} chips")

    def hand(self, number: int) -> Record:
        """Play one hand; raises EOFError if the player leaves, and the hand does not count."""
        game, you = self.game, number % 2
        self.decisions = DecisionCache(self.agent, self.budget)
        hand = PlayedHand(self.decisions, self.seed, number, you)
        self.show(f"\nHand {number + 1}: you are {game.seat_text(you)}, your hand is {self._cards(game.hand_name(you, hand.hands[you]))}")
        if not self._loaded:
            (self.load or self.agent.load)()
            self._loaded = True
        while not hand.over:
            if hand.yours:
                action = self._yours(hand.state, hand.hands[you])
                if action is None:
                    self.show("  back at your last decision" if hand.undo() else "  there is no move of yours to take back")
                else:
                    hand.act(action)
            else:
                self._show_move(hand.step())
        chips, its = hand.chips(), game.hand_name(1 - you, hand.hands[1 - you])
        outcome, color = ("win", GREEN) if chips > 0 else ("lose", RED) if chips < 0 else ("get", None)
        self.show(f"  agent had {self._cards(its)}; {self._painted(f'you {outcome} {chips_text(game, abs(chips))}', color)}")
        self._last_ranges = partial(self._analyst().ranges, hand.state, you)
        return hand.record()

    def _show_move(self, move: Move[State]) -> None:
        """Show public cards, or what the agent does."""
        if move.action is None or move.decision is None:
            self.show(f"  board: {self._cards(self.game.board_name(move.child))}")
            return
        said = move.decision.iterations or move.decision.outcome in FALLBACKS
        thinking = f" ({thought(self.game, move.decision)})" if said else ""
        self.show(f"  agent: {self._painted_action(action_text(self.game, move.above, move.action))}{thinking}")

    def _title(self) -> str:
        game = self.game
        chips = game.chips(game.root)
        if chips is None or chips.behind is None:
            return f"{game.name} against {self.agent.name}"
        stakes = f"stacks of {chips_text(game, chips.behind[0] + chips.paid[0] - chips.opened[0])}"
        if game.big_blind is not None and chips.paid[0] != chips.paid[1]:
            stakes += f", blinds {min(chips.paid):g} and {max(chips.paid):g}"
        else:
            stakes += f", pot {sum(chips.paid):g} (half of the pot counts as each player's)"
        return f"{game.name} against {self.agent.name}: {stakes}"

    def keys(self, state: State) -> dict[str, Action]:
        """Return {key: action}; the first key of each action is the one to be shown.

        First letters (f fold, c check or call, b bet, r raise, a all-in) where one action alone has them; chips of bets; numbers of others;
        words as they are shown, and the game's own words with their first letters, such as Kuhn poker's pass and bet. Where any amount may
        be bet those of ``agents.play.amounts.SIZES`` come first.
        """
        actions = offers(self.game, state)
        texts = [action_text(self.game, state, action).lower() for action in actions]
        words = [text.split()[0] for text in texts]
        letters, keys = Counter(word[0] for word in words), common_sizes(self.game, state)
        for i, (action, text, word) in enumerate(zip(actions, texts, words, strict=True), 1):
            alone = letters[word[0]] == 1 and word[0].isalpha() and word[0] not in KEPT
            chips = [f"{action.chips:.10g}"] if action.kind == Kind.BET else []
            numbers = chips or ([str(i)] if action.kind == Kind.OTHER or not alone else [])
            names = [*([word[0]] if alone else []), *numbers, text, action.text.lower()]
            names += [word] if words.count(word) == 1 else []
            names += [f"{word} {chips[0]}"] if chips else []
            for name in names:
                keys.setdefault(name, action)
        initials = Counter(action.text.lower()[:1] for action in actions)
        for action in actions:
            letter = action.text.lower()[:1]
            if initials[letter] == 1 and letter.isalpha() and letter not in KEPT:
                keys.setdefault(letter, action)
        return keys

    def _yours(self, state: State, hand: int) -> Action | None:
        """Ask until there is a legal action; None takes the last move back."""
        keys = self.keys(state)
        shown = {action: key for key, action in reversed(keys.items())}  # of several keys the first
        texts = {action: action_text(self.game, state, action) for action in offers(self.game, state)}
        choices = [f"{shown[action]} {self._painted_action(text)}{self._size(shown[action], text)}" for action, text in texts.items()]
        choices += [] if amounts_at(self.game, state) is None else ["or any amount, as 750 or 60%"]
        self.show(f"  {self._situation(state, hand)}\n  {', '.join(choices)}")
        while True:
            answer = " ".join(self.ask("  > ").lower().split())
            if answer in (QUIT, "quit", "exit"):
                raise EOFError
            if answer == UNDO:
                return None
            if answer in keys:
                return keys[answer]
            try:
                named = typed_amount(self.game, state, answer)
            except ValueError as error:
                self.show(f"  {error}")
                continue
            if named is not None:
                return named
            if answer == THINK:
                self.show(self._analyst().analysis(state, hand, lambda action: self._painted_action(action_text(self.game, state, action))))
            elif answer in (RANGES, "ranges"):
                self.show(self._analyst().ranges(state, self.game.player(state)))
            elif answer == LAST:
                self.show(self._last_ranges() if self._last_ranges else "    no hand is over yet")
            elif answer == HELP:
                self.show("  your actions, and what you may type for each:")
                for action in texts:
                    self.show(f"    {' or '.join(key for key, taken in keys.items() if taken == action)}")
                if amounts_at(self.game, state) is not None:
                    self.show("    any amount: its chips on this street, as 750 or raise 750, or a share of the pot after a call, as 60%")
                self.show(f"  {THINK}: what it would do in your place, what that is worth, what it may hold, and what it thought")
                self.show(
                    f"  {RANGES}: what it may hold by what it did, and what you may hold in its eyes; {LAST}: the same of the last hand"
                )
                self.show(f"  {UNDO}: takes your last move back; {QUIT}: leaves; every hand that is over is saved")
            else:
                legal = amounts_at(self.game, state)
                any_amount = [] if legal is None else [f"an amount from {legal.least} to {legal.most} or a share of the pot such as 60%"]
                known = [*(shown[action] for action in texts), *any_amount, THINK, RANGES, UNDO, QUIT, HELP]
                several = [action for action, text in texts.items() if answer and text.lower().startswith(answer)]
                meant = " or ".join(f"{shown[action]} for {texts[action]}" for action in several)
                self.show(f"  a key must be one of {', '.join(known)}, got {answer!r}" + (f" (type {meant})" if meant else ""))

    def _situation(self, state: State, hand: int) -> str:
        """Return what a player looks at before a decision."""
        game, you = self.game, self.game.player(state)
        board, chips = game.board_name(state), game.chips(state)
        parts = [self._cards(f"hand {game.hand_name(you, hand)}"), *([self._cards(f"board {board}")] if board else [])]
        parts += [game.rounds[game.round(state)]] if len(game.rounds) > 1 else []
        if chips is None:
            return " | ".join([*parts, *([f"last: {game.label(state)}"] if game.parent(state) is not None else [])])
        to_call = chips.paid[1 - you] - chips.paid[you]
        parts.append(f"pot {chips_text(game, sum(chips.paid))} (yours {chips.paid[you]:g})")
        parts += [f"to call {chips_text(game, to_call)}"] if to_call else []
        if chips.behind is not None:
            mine, its = chips.behind[you], chips.behind[1 - you]
            parts.append(f"behind {mine:g}" + (f" (its {its:g})" if mine != its else ""))
        return " | ".join(parts)

    def _analyst(self) -> Analyst[State]:
        return Analyst(self.agent, self.decisions, self.values, self._painted)

    def _size(self, key: str, text: str) -> str:
        """Return what size a key stands for, as text to be put behind the bet; nothing where it says so itself."""
        return f" [{SIZES[key]}]" if key in SIZES and not text.startswith("all-in") else ""

    def _painted(self, text: str, color: int | None) -> str:
        return f"\033[{color}m{text}\033[0m" if self.colored and color is not None else text

    def _painted_action(self, text: str) -> str:
        return self._painted(text, COLORS.get(text.split()[0].lower()))

    def _cards(self, text: str) -> str:
        return " ".join(self._painted(word, SUIT_COLORS.get(word[-1:])) for word in text.split(" "))
