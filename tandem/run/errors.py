"""Errors that stop a command of Tandem; each text names the fix.

    RunError
    ├── PortTaken        something listens there already
    ├── DatabaseUnavailable     a database does not answer
    ├── SecretsMissing      a secret is not set outside demo mode
    ├── UnprotectedChannels     a channel would take anybody's word for who writes
    ├── InvalidData       data/ or domain.yml cannot be trained on
    ├── TrainingFailed   Rasa could not train the model
    ├── ModelMissing     there is no model trained on the present data
    └── ProcessFailed    a process did not come up
"""
from __future__ import annotations


class RunError(Exception):
    """An expected failure; its text is shown to the operator as it is, without a traceback."""


class PortTaken(RunError):
    """Another program listens on a port that Tandem needs."""


class DatabaseUnavailable(RunError):
    """A database does not answer, or its URL cannot be read."""


class SecretsMissing(RunError):
    """A secret that has no default outside demo mode is not set."""


class UnprotectedChannels(RunError):
    """A channel of credentials.yml asks nobody who they are, and this is no demo on loopback."""


class InvalidData(RunError):
    """data/ or domain.yml has a mistake; the text names file and line of each."""


class TrainingFailed(RunError):
    """`rasa train` ended without a model."""


class ModelMissing(RunError):
    """No model was trained on the data, configuration and code as they are now."""


class ProcessFailed(RunError):
    """A process ended or stayed silent while starting."""
