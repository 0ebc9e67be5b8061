"""What the shop window costs, with customers who click: the loop's processor time for the panel, and pages' paint."""
