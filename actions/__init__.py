"""Rasa's custom actions, one topic a module: read slots, call a service, utter a response by name, return events.

The action server imports every module in here and in `base`, and registers each class that has a `name()`.
"""
