"""A yardstick for no-limit hold'em: spots with exact answers, the EV loss of anybody's, and the trunk loss of an agent's streets."""
