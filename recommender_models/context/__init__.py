"""The context of an interaction, such as the device, and what it says about which items are taken in it."""
