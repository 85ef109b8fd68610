"""A bot of three intents in a folder of its own, that Rasa trains in seconds."""
from __future__ import annotations

from pathlib import Path

FILES = {
    "config.yml": """
recipe: default.v1
assistant_id: small
language: en
importers:
  - name: tandem.rasa_ext.topic_importer.TopicImporter
pipeline:
  - name: KeywordIntentClassifier
policies:
  - name: RulePolicy
""",
    "domain.yml": """
version: "3.1"
intents: [greet, hours, bye]
session_config: {session_expiration_time: 60, carry_over_slots_to_new_session: true}
""",
    "data/nlu/all.yml": """
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - hello
      - good day
  - intent: hours
    examples: |
      - opening hours
      - when are you open
  - intent: bye
    examples: |
      - goodbye
      - see you
""",
    "data/rules/all.yml": """
version: "3.1"
rules:
  - rule: Greet
    steps: [{intent: greet}, {action: utter_greet}]
  - rule: Tell the hours
    steps: [{intent: hours}, {action: utter_hours}]
  - rule: Say goodbye
    steps: [{intent: bye}, {action: utter_bye}]
""",
    "data/responses/all.yml": """
version: "3.1"
responses:
  utter_greet:
    - text: "Hello, how can I help?"
  utter_hours:
    - text: "We are open from 9 to 5."
  utter_bye:
    - text: "Goodbye."
""",
}


def make(root: Path) -> Path:
    """Write the bot's files."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    return root


def change(root: Path, name: str, old: str, new: str) -> None:
    """Edit one of its files."""
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
