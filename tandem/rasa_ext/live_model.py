"""The model that answers: made ready before customers meet it, and exchanged while they talk.

`tandem train` names the model that is to answer (tandem/run_state.py). A running worker loads it in a thread of its
own, beside the one that answers, and then puts the new agent in the old one's place between two steps of the event
loop. A turn keeps the agent with which it began, so that none is lost, doubled, or read by one model and answered by
another. Where the words alone have changed, the trained parts are shared, and nothing is loaded but the words.
"""
from __future__ import annotations

import asyncio
import copy
import gc
import json
import logging
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from rasa.core.agent import Agent
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore
from rasa.engine.storage.storage import ModelMetadata
from rasa.shared.core.domain import Domain
from sanic import Sanic

from tandem.executors import collect_less_often
from tandem.rasa_ext.fresh_responses import FreshResponses
from tandem.rasa_ext.install import install_all
from tandem.rasa_ext.tracker_store import CachedTrackerStore
from tandem.run_state import live_model

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds between looks whether another model is to answer
SETTLED_AFTER = 60.0  # seconds; no turn that an exchanged model has begun lasts longer
_FIRST_WORDS = "hello"


async def make_ready(agent: Agent) -> None:
    """Put our parts into an agent that has loaded a model, and let it read once.

    The first reading loads the encoders and spaCy, for some seconds in which the event loop stands still.
    """
    install_all(agent)
    await agent.parse_message(_FIRST_WORDS)


def set_apart() -> None:
    """Let the garbage collector pass over all that is there now: most of it is the model, and lives on.

    It would look at all of that again and again, for a second each time, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    collect_less_often()


class LiveModel:
    """Keeps one worker at the model that is to answer."""

    def __init__(self, app: Sanic) -> None:
        self._app = app
        self._refused = ""

    async def watch(self) -> None:
        """Look again and again, for as long as the server runs."""
        if not self._name():
            return  # this server was started without a model of ours
        self._tell("model", self._name())
        loading = ThreadPoolExecutor(1, "model")
        try:
            while True:
                model = live_model()
                if model is not None and model.name not in (self._name(), self._refused):
                    await self._bring(model, loading)
                await asyncio.sleep(LOOK_EVERY)
        finally:
            loading.shutdown(wait=False)

    async def _bring(self, model: Path, loading: ThreadPoolExecutor) -> None:
        old = self._app.ctx.agent
        loop = asyncio.get_running_loop()
        try:
            new = await loop.run_in_executor(loading, successor, old, model)
        except Exception as error:  # whatever it was, the old model goes on answering
            logger.exception("%s cannot be loaded; %s goes on answering", model.name, self._name())
            self._refused = model.name
            self._tell("refused", f"{model.name} {type(error).__name__}")
            return
        self._app.ctx.agent = new
        gc.unfreeze()  # so that the old one is found once nobody needs it any more
        loop.call_later(SETTLED_AFTER, set_apart)
        self._refused = ""
        logger.info("%s answers customers from now on", model.name)
        self._tell("model", model.name)

    def _name(self) -> str:
        return _model_of(self._app.ctx.agent)

    def _tell(self, word: str, value: str) -> None:
        heartbeat = getattr(self._app.ctx, "heartbeat", None)
        if heartbeat is not None:
            heartbeat.tell(f"{word} {value}")


def successor(old: Agent, model: Path) -> Agent:
    """Make an agent with another model over the same stores and action server, ready to answer; `old` stays.

    Blocking: some seconds, or a fraction of one where the models differ in their words alone.
    """
    new = copy.copy(old)
    new.processor = _with_words(old, model) if _same_training(old, model) else _loaded(old, model)
    new.domain = new.processor.domain
    new.nlg, new.tracker_store = new.processor.nlg, new.processor.tracker_store
    asyncio.run(make_ready(new))  # in this thread; an agent that cannot read is not let near customers
    return new


def _same_training(old: Agent, model: Path) -> bool:
    """Check whether two models were trained alike: they are called tandem-<what was trained>-<words>.tar.gz."""
    trained = _model_of(old).rpartition("-")[0]
    return bool(trained) and model.name.rpartition("-")[0] == trained


def _model_of(agent: Agent) -> str:
    processor = getattr(agent, "processor", None)
    return str(processor.model_filename) if processor is not None else ""


def _with_words(old: Agent, model: Path) -> MessageProcessor:
    processor = copy.copy(old.processor)
    processor.model_metadata = _metadata(model)
    processor.model_filename, processor.model_path = model.name, model
    processor.domain = processor.model_metadata.domain
    empty = processor.domain.is_empty()
    processor.domain.is_empty = lambda: empty  # as `install_extensions` does it for a domain that it meets
    return _over(processor, old, processor.domain)


def _metadata(model: Path) -> ModelMetadata:
    """Read what Rasa's `metadata_from_archive` reads, without unpacking all the rest."""
    with tarfile.open(model) as archive:
        for member in archive:
            content = archive.extractfile(member) if PurePosixPath(member.name).name == "metadata.json" else None
            if content is not None:
                return ModelMetadata.from_dict(json.load(content))
    raise KeyError("metadata.json is missing")


def _loaded(old: Agent, model: Path) -> MessageProcessor:
    processor = MessageProcessor(
        str(model), tracker_store=old.tracker_store, lock_store=old.lock_store, generator=old.nlg,
        action_endpoint=old.processor.action_endpoint if old.processor is not None else old.action_endpoint,
        http_interpreter=old.http_interpreter,
    )
    return _over(processor, old, processor.domain)


def _over(processor: MessageProcessor, old: Agent, domain: Domain) -> MessageProcessor:
    """Give a processor responses and trackers of its own: turns in progress go on with those of the old one."""
    if isinstance(old.nlg, FreshResponses):
        processor.nlg = old.nlg.for_domain(domain)
    elif isinstance(old.nlg, TemplatedNaturalLanguageGenerator):
        processor.nlg = TemplatedNaturalLanguageGenerator(domain.responses)
    processor.tracker_store = _store(old.tracker_store, domain)
    return processor


def _store(old: TrackerStore, domain: Domain) -> TrackerStore:
    if isinstance(old, FailSafeTrackerStore):
        return _store(old._tracker_store, domain)
    if isinstance(old, CachedTrackerStore):
        return old.for_domain(domain)
    old.domain = domain  # of Rasa's own stores none keeps trackers
    return old
