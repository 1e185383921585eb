"""Self-play training of networks."""

from agents.training.deep_cfr import DeepCFR, DeepCFRConfig, HistoryRow
from agents.training.holdem_deep_cfr import HoldemDeepCFR, HoldemDeepCFRConfig
from agents.training.memory import Memory
from agents.training.regression import FitConfig
from agents.training.run import POLICY_FILE, SelfPlay, Trained, carry_on, open_run, tensorboard_writer, train
from agents.training.state import STATE_FILE, check_state, load_state, save_state

__all__ = [
    "POLICY_FILE",
    "STATE_FILE",
    "DeepCFR",
    "DeepCFRConfig",
    "FitConfig",
    "HistoryRow",
    "HoldemDeepCFR",
    "HoldemDeepCFRConfig",
    "Memory",
    "SelfPlay",
    "Trained",
    "carry_on",
    "check_state",
    "load_state",
    "open_run",
    "save_state",
    "tensorboard_writer",
    "train",
]
