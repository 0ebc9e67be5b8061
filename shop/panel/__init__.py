"""The panel: what becomes of each click, what is left out, faults, and whether anything is lost."""
