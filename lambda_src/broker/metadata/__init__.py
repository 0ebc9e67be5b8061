"""Users and items on their way from the stream to the Users and the Items dataset."""
