"""Who plays: policies, networks, self-play training, search agents, exact strength. Knows no Hydra."""
