"""What became of thinking at one decision."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What became of thinking at one decision. After a *fallback* the last answer is played on, before any the blueprint."""

    NOT_DUE = "not_due"  # no subgame begins here
    SEARCHED = "searched"
    UNREACHED = "unreached"  # a fallback: the public state is impossible in the agent's model
    NO_TIME = "no_time"  # a fallback: the budget allowed no iteration
    REJECTED = "rejected"  # a fallback: the answer was no better
    NO_VALUES = "no_values"  # a fallback: values of leaves were no numbers; the search's answer before that is played if there is one


class Stop(StrEnum):
    """Why a solve ended."""

    ITERATIONS = "iterations"  # all that were asked for, or as many as are of use
    SECONDS = "seconds"  # no more fitted
    EXPLOITABILITY = "exploitability"  # the answer is as good as was asked for
    PRICE = "price"  # more were not worth it
    STOPPED = "stopped"  # by whoever waits, or by values of leaves that were no numbers


FALLBACKS = (Outcome.UNREACHED, Outcome.NO_TIME, Outcome.REJECTED, Outcome.NO_VALUES)
