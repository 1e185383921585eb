"""Regret matching and softmax over the decisions of a table [C, R], one infostate after the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def per_decision(outputs, first_row, rule):
    found = np.zeros_like(outputs)
    for c in range(len(outputs)):
        for low, high in pairwise(first_row):
            found[c, low:high] = rule(outputs[c, low:high])
    return found


def match_highest(advantages):
    positive = np.maximum(advantages, 0)
    if positive.sum() > 0:
        return positive / positive.sum()
    return np.eye(len(advantages))[np.argmax(advantages)]


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()
