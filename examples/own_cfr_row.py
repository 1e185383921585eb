"""A CFR variant of your own: a row of coefficients, see ``search.variants``.

Run it in the folder of this file:

    TIMEBANK_MODULES=own_cfr_row timebank solve game=leduc_poker search=own_cfr_row:GENTLE budget.iterations=1000
    TIMEBANK_MODULES=own_cfr_row timebank ablate game=kuhn_poker search=own_cfr_row:GENTLE agent=tabular agent.think=true budgets=[0,0.01]
"""

from search import Variant

GENTLE = Variant("gentle", alpha=1.5, beta=0.5, gamma=4.0, source="DCFR whose negative regrets are forgotten more slowly")
