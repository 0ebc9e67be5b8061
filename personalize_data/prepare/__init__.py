"""Tables of ownership, invoices and events as the CSVs and schemas that Amazon Personalize imports."""

# What becomes of a customer's missing months. Here, so that wrong use need not wait for what reads tables.
REFUSE, BRIDGE, BREAK = GAPS = ("refuse", "bridge", "break")
