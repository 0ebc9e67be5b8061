"""The conservation law over histories in virtual time: what happens, how it is drawn, what must be true afterwards."""
