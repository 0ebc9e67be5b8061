"""The law over histories about "experiment" (see ``themes``)."""

from tests.law.check import law_holds

test_the_law_holds = law_holds("experiment")
