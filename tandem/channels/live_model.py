"""The model that answers: made ready before customers meet it."""
from __future__ import annotations

from rasa.core.agent import Agent

from tandem.channels.action_endpoint import equip
from tandem.channels.engine import tune
from tandem.channels.locks import install

_FIRST_WORDS = "hello"


async def make_ready(agent: Agent) -> None:
    """Put our parts into an agent that has loaded a model, and let it read once.

    The first reading loads the encoders and spaCy, for some seconds in which the event loop stands still.
    """
    equip(agent)
    tune(agent)
    install(agent)
    await agent.parse_message(_FIRST_WORDS)
