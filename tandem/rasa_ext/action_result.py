"""Check what the action server answers, without checking Rasa's schema of it each time."""
from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from jsonschema import ValidationError
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import SlotSet


def _validators() -> tuple[Any, dict[str, Any]]:
    """Make validators of the answer as a whole and of each kind of event: Rasa's schema tries an event against all."""
    schema = copy.deepcopy(RemoteAction.action_response_format_spec())
    kinds = schema["properties"]["events"]["items"].pop("oneOf")
    make = validator_for(schema)
    return make(schema), {kind["properties"]["event"]["const"]: make(kind) for kind in kinds}


_ANSWER, _EVENTS = _validators()


def is_action_result(action: RemoteAction, result: Any) -> bool:
    """Check what the action server answers, as Rasa does, which otherwise checks its own schema first."""
    error = None if _is_plainly_right(result) else next(_errors(result), None)
    if error is not None:
        raise ValidationError(f"The action server's answer to {action.name()} cannot be read: {error}")
    return True


def _is_plainly_right(result: Any) -> bool:
    """Check without the schema whether a result is right, as of what most actions answer: slots and responses."""
    events, responses = (result.get("events"), result.get("responses")) if isinstance(result, dict) else (None, None)
    return (
        isinstance(events, list) and isinstance(responses, list) and all(isinstance(one, dict) for one in responses)
        and all(isinstance(one, dict) and one.get("event") == SlotSet.type_name and isinstance(one.get("name"), str)
                and "value" in one and isinstance(one.get("timestamp"), (float, type(None))) for one in events)
    )


def _errors(result: Any) -> Iterator[str]:
    wrong = False
    for error in _ANSWER.iter_errors(result):
        wrong = True
        yield error.message
    for event in result.get("events", ()) if not wrong else ():
        kind = _EVENTS.get(event["event"])
        if kind is None:
            yield f"there is no event {event['event']!r}"
        else:
            yield from (error.message for error in kind.iter_errors(event))
