"""How good the bot's ear is: checks of its training data, and measurements of what was trained on them."""
