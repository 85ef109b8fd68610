"""Rasa's custom actions, one topic a module: read slots, call a service, utter a response by name, return events."""
