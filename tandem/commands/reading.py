"""`tandem mood` and `tandem replay`: how the bot reads a sentence, and a whole conversation."""
from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tandem.dialogue.model import Reading, Turn
from tandem.run.errors import RunError
from tandem.run.keys import with_keys
from tandem.run.model import MODELS
from tandem.run.stack import rasa_token
from tandem.settings import Settings, project_root

_LONGEST = 1000  # messages of a replayed conversation


def add_mood_command(commands: Any) -> None:
    """`tandem mood TEXT`."""
    parser = commands.add_parser("mood", help="show how a sentence is felt, and why")
    parser.add_argument("text", help="what a customer might write")
    parser.set_defaults(command=_mood)


def add_replay_command(commands: Any) -> None:
    """`tandem replay FILE`."""
    parser = commands.add_parser("replay", help="show how the mood of a conversation builds up")
    parser.add_argument("file", type=Path, help="the customer's messages, one a line; Tandem must be running")
    parser.set_defaults(command=_replay)


def _mood(_settings: Settings, options: argparse.Namespace) -> int:
    from tandem.nlu.mood import NoMoodModel, current  # takes a second: only for the command that needs it

    try:
        model = current(project_root() / MODELS)
    except (NoMoodModel, OSError) as error:
        raise RunError(f"no mood model: {error}; `tandem train` makes one") from error
    print(json.dumps({"sentiment": model.read([options.text])[0].as_dict()}, indent=2))
    reasons = model.explain(options.text)
    if reasons:
        print("\nwhat moved the frustration, strongest first (in logits; + upsets):")
        for reason, weight in reasons:
            print(f"  {weight:+6.2f}  {reason}")
    return 0


def _replay(settings: Settings, options: argparse.Namespace) -> int:
    messages = _messages(options.file)
    from tandem.dialogue.trajectory import Trajectory
    from tandem.nlu.sentence_encoder import encode
    from tandem.services import escalation_settings

    escalation = escalation_settings()
    trajectory = Trajectory(escalation, encode)
    turns: list[Turn] = []
    print("score  frustration  emotion       intent                    message")
    with _running_bot(settings) as bot:
        for message in messages:
            parse = _parse(bot, message)
            intent = str(parse["intent"]["name"])
            turns.append(Turn(
                text=message, sentiment=parse.get("sentiment"), intent=intent,
                confidence=float(parse["intent"]["confidence"]), is_fallback=intent in escalation.fallback_intents,
                is_answer=intent in escalation.answer_intents,
                subjects=frozenset(str(entity["value"]).lower() for entity in parse.get("entities", ())
                                   if entity["entity"] in escalation.subject_entities),
            ))
            _show(turns[-1], trajectory.read(turns))
    return 0


def _show(turn: Turn, reading: Reading) -> None:
    print(f"{reading.turns[-1].score:5.2f}  {turn.frustration:11.2f}  {turn.emotion:<12}  {turn.intent or '-':<24}  "
          f"{turn.text[:100]}")
    for signal in reading.signals:
        print(f"       -> a person: {signal.name} ({signal.reason})")


def _messages(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{file} cannot be read as text: {error}") from error
    messages = [line.strip() for line in lines if line.strip()]
    if not messages or len(messages) > _LONGEST:
        raise RunError(f"{file} has {len(messages)} messages; 1 to {_LONGEST} can be replayed")
    return messages


def _running_bot(settings: Settings) -> httpx.Client:
    token = rasa_token(with_keys(settings) if settings.demo else settings)
    return httpx.Client(base_url=settings.rasa_url, params={"token": token} if token else None, timeout=30,
                        trust_env=False)


def _parse(bot: httpx.Client, message: str) -> Mapping[str, Any]:
    try:
        answer = bot.post("/model/parse", json={"text": message})
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise RunError(f"Rasa refused with {error.response.status_code}; is this its environment?") from error
    except httpx.HTTPError as error:
        raise RunError(f"no Rasa server answers at {bot.base_url}; start it with `tandem run`") from error
    parse: Mapping[str, Any] = answer.json()
    return parse
