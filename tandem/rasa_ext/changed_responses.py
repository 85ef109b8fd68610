"""Make a model of one whose responses alone have changed: python -m tandem.rasa_ext.changed_responses MODEL NEW.

Nothing that Rasa trains depends on what a response says, only on which responses there are. Even so `rasa train` takes
some seventeen seconds for a changed word: it loads TensorFlow and every component to find that nothing is to be
trained. Here the domain is read as Rasa reads it, with all its checks, and put into a copy of the model.
"""
from __future__ import annotations

import copy
import io
import json
import sys
import tarfile
import uuid
import warnings
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rasa.shared.core.domain import IS_RETRIEVAL_INTENT_KEY, Domain
from rasa.shared.exceptions import RasaException
from rasa.shared.importers.importer import ResponsesSyncImporter

from tandem.rasa_ext.topic_importer import TopicImporter

METADATA, DOMAIN = "metadata.json", "components/domain_provider/domain.yml"
_STORED = 0  # level of compression: what fills a model hardly shrinks, and a second would go by with it


class TrainingNeeded(Exception):
    """Something else than the text of responses has changed, and a training is needed."""


def write_with_words(model: Path, new: Path, domain: Domain) -> None:
    """Copy `model` to `new` with the responses of `domain`.

    Raises:
        TrainingNeeded: The domains differ in more than what their responses say.
    """
    with tarfile.open(model) as archive:
        metadata = _metadata_of(archive)
    told = _with_retrieval_intents(domain, metadata["domain"]).as_dict()
    if _without_words(metadata["domain"]) != _without_words(told):
        raise TrainingNeeded(f"{model.name} was trained on another domain")
    if "actions" in told:  # Rasa takes some of them from a set: the order is the model's own
        told["actions"] = metadata["domain"]["actions"]
    metadata.update(domain=told, model_id=uuid.uuid4().hex,
                    trained_at=datetime.now(timezone.utc).replace(tzinfo=None).isoformat())
    changed = {METADATA: json.dumps(metadata).encode(), DOMAIN: Domain.from_dict(told).as_yaml().encode()}
    with tarfile.open(model) as old, tarfile.open(new, "w:gz", compresslevel=_STORED) as archive:
        for name, content in changed.items():  # first, so that they are found at once
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in old:
            if _plain(member.name) not in changed:
                archive.addfile(member, old.extractfile(member) if member.isfile() else None)


def _with_retrieval_intents(domain: Domain, trained: dict[str, Any]) -> Domain:
    """Mark the retrieval intents that Rasa found in the examples, and their actions, as it does before a training.

    The examples are those of the trained model; reading them again would take longer than all the rest.
    """
    found = {name for intent in trained.get("intents", []) if isinstance(intent, dict)
             for name, properties in intent.items() if properties.get(IS_RETRIEVAL_INTENT_KEY)}
    marked = ResponsesSyncImporter._get_domain_with_retrieval_intents(found, {}, domain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that these intents are in both
        return domain.merge(marked, override=True)


def _metadata_of(archive: tarfile.TarFile) -> dict[str, Any]:
    for member in archive:
        content = archive.extractfile(member) if _plain(member.name) == METADATA else None
        if content is not None:
            found: dict[str, Any] = json.load(content)
            return found
    raise KeyError(f"{METADATA} is missing")


def _plain(name: str) -> str:
    return name.removeprefix("./").lstrip("/")


def _without_words(domain: dict[str, Any]) -> dict[str, Any]:
    bare = copy.copy(domain)
    bare.update(responses=sorted(domain.get("responses", {})), actions=sorted(domain.get("actions", []), key=str))
    return bare


def main(model: Path, new: Path) -> int:
    """Read the project in the working directory; 1 after an error of the designer's, 2 if a training is needed."""
    try:
        domain = TopicImporter("config.yml", "domain.yml", ["data"]).get_domain()
        write_with_words(model, new, domain)
    except TrainingNeeded as error:
        print(error, file=sys.stderr)
        return 2
    except RasaException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
