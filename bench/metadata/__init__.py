"""Users and items from the stream under load: at full scale in told time, and on the local stack."""
