"""The bot's runtime in the Rasa server: from a stored message through a turn to replies that are recorded and sent."""
