"""A yardstick for solvers and agents: spots of no-limit hold'em with exact answers, and the EV loss of anybody's; trunk loss of an agent's streets."""
