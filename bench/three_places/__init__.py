"""The same exports converted on this machine, on Spark, and by the stack's state machine: are the rows the same?"""
