"""The shop window: Items4U as a web shop on the local stack, and a panel that shows what becomes of each click."""
