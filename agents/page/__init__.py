"""The page: a person plays against an agent in a browser, and watches it think. It shows what other rooms compute, and computes nothing."""
