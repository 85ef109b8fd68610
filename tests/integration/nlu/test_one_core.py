"""Loading the models limits the process that reads messages to one core a message."""
from __future__ import annotations

from pathlib import Path

from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from threadpoolctl import threadpool_info

from tandem.nlu.intent_classifier import KernelIntentClassifier
from tandem.nlu.models.intent_model import MODEL_FILE, IntentModel
from tests.unit.nlu.test_intents import EXAMPLES


def test_reading_a_message_limits_linear_algebra_to_one_core(tmp_path: Path) -> None:
    texts, intents = zip(*((text, intent) for intent, examples in EXAMPLES.items() for text in examples))
    storage = LocalModelStorage.create(tmp_path)
    with storage.write_to(Resource("intents")) as folder:
        IntentModel.train(texts, intents).save(folder / MODEL_FILE)
    KernelIntentClassifier.load({}, storage, Resource("intents"), None)
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
