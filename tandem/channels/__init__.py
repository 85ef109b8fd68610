"""Customers' channels for credentials.yml: Rasa's own classes with the router in front, and the web chat."""
