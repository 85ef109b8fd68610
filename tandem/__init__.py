"""Tandem: a bot on Rasa Open Source and people who answer customers in the same conversation."""
