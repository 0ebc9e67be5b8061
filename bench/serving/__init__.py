"""Speed of the local Personalize, side by side with an earlier commit and with moto."""
