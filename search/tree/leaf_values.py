"""What stands between a depth-limited solver and a value function of public belief states; see ``search.kernels.leaves``."""

from search.kernels import see_ranges, see_values, zero_sum_cfvs

__all__ = ["see_ranges", "see_values", "zero_sum_cfvs"]
