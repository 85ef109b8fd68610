"""The policy that brings in a person, and how it sees Rasa's tracker."""
