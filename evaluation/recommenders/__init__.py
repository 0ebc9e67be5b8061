"""The recommenders to compare, from pure chance to the model of the local Personalize, and the lists they make."""
