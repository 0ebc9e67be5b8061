"""What takes long, each in a process of its own: importing, training, batch inference, deletion."""
