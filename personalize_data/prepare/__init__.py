"""Tables of ownership, invoices and events as the CSVs and schemas that Amazon Personalize imports."""

# Here, so that wrong use need not wait for what reads tables: what becomes of a customer's missing months,
REFUSE, BRIDGE, BREAK = GAPS = ("refuse", "bridge", "break")
# and the units of a time of day.
TIME_OF_DAY_UNITS = ("s", "ms")
