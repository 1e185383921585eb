"""Self-play training of networks; a method is one module, a class of settings whose ``start`` makes a run."""

from agents.networks.regression import FitConfig
from agents.training.base import POLICY_FILE, BaseRun, BaseTrainer, HistoryRow, Trained, TrainingRun
from agents.training.deep_cfr import DeepCFR, DeepCFRConfig
from agents.training.run import open_run, tensorboard_writer, train
from agents.training.state import STATE_FILE, check_state, load_state, save_state

METHODS = {method.name: method for method in (DeepCFRConfig,)}  # the settings of each method, as commands name it

__all__ = [
    "METHODS",
    "POLICY_FILE",
    "STATE_FILE",
    "BaseRun",
    "BaseTrainer",
    "DeepCFR",
    "DeepCFRConfig",
    "FitConfig",
    "HistoryRow",
    "Trained",
    "TrainingRun",
    "check_state",
    "load_state",
    "open_run",
    "save_state",
    "tensorboard_writer",
    "train",
]
