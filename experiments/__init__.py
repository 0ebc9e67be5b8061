"""What an experiment's variants earned: from events to intervals that hold however often people look."""
