"""A running agent gets another model: real Rasa, a small bot, customers in the middle of their turns."""
from __future__ import annotations

import asyncio
import gc
import json
import shutil
import tarfile
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

from tandem import run_state
from tandem.rasa_ext import live_model
from tandem.rasa_ext.live_model import LiveModel, make_ready, successor
from tandem.rasa_ext.tracker_store import CachedTrackerStore
from tandem.run.errors import InvalidData, TrainingFailed
from tandem.run.model import ensure_model
from tandem.run.publish import publish_model
from tests.integration.live_model.small_bot import change, make

pytestmark = pytest.mark.timeout(300)


def quiet(_line: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small bot's folder with its first model; what trains it finds this project's code."""
    root = make(tmp_path_factory.mktemp("small"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[3]))
        ensure_model(root, quiet)
        yield root


@pytest.fixture
def root(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to change, as the working directory."""
    shutil.copytree(trained, tmp_path / "bot")
    monkeypatch.chdir(tmp_path / "bot")
    return tmp_path / "bot"


async def load(root: Path) -> Agent:
    store = CachedTrackerStore(None, f"sqlite:///{root / 'trackers.db'}")
    agent = Agent.load(str(ensure_model(root, quiet)), tracker_store=store)
    await make_ready(agent)
    return agent


async def say(agent: Agent, text: str, customer: str = "c1") -> list[str]:
    output = CollectingOutputChannel()
    await agent.handle_message(UserMessage(text, output, customer))
    return [str(message["text"]) for message in output.messages]


class Hearing:
    """Stands for the worker's pipe."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def tell(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
async def worker(root: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """A server's application, whose model is watched."""
    monkeypatch.setattr(live_model, "LOOK_EVERY", 0.05)
    app = SimpleNamespace(ctx=SimpleNamespace(agent=await load(root), heartbeat=Hearing()))
    watching = asyncio.create_task(LiveModel(app).watch())
    yield app
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def until_told(app: Any, beginning: str) -> str:
    for _ in range(600):
        found = [line for line in app.ctx.heartbeat.lines if line.startswith(beginning)]
        if found:
            return str(found[-1])
        await asyncio.sleep(0.1)
    raise AssertionError(f"not told: {beginning}; but {app.ctx.heartbeat.lines}")


async def test_a_changed_word_is_said_and_nothing_else_is_loaded_anew(root: Path) -> None:
    old = await load(root)
    said: list[str] = []
    change(root, "data/responses/all.yml", "9 to 5", "9 to 6")
    model = ensure_model(root, said.append)
    assert any("only words changed" in line for line in said)
    new = await asyncio.to_thread(successor, old, model)
    assert new.processor.graph_runner is old.processor.graph_runner
    assert await say(new, "opening hours") == ["We are open from 9 to 6."]
    assert await say(old, "opening hours") == ["We are open from 9 to 5."]  # a turn that began with the old one


async def test_a_model_with_new_words_is_what_rasa_would_have_made(root: Path) -> None:
    change(root, "data/responses/all.yml", "Hello", "Welcome {name}, ünïcode 🎁: \\\"quoted\\\"")
    derived = ensure_model(root, quiet)
    words = read_metadata(derived)["domain"]
    derived.unlink()
    for path in (root / "models").glob("tandem-*"):
        path.unlink()
    trained = ensure_model(root, quiet)
    assert trained == derived
    assert read_metadata(trained)["domain"] == words
    assert Agent.load(str(trained)).domain.as_dict() == words


def read_metadata(model: Path) -> dict[str, Any]:
    with tarfile.open(model) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.endswith("metadata.json") else None
            if content is not None:
                found: dict[str, Any] = json.load(content)
                return found
    raise AssertionError("no metadata")


async def test_a_new_intent_is_understood_after_a_full_training(root: Path) -> None:
    old = await load(root)
    assert await say(old, "thank you", "c2") == []
    change(root, "domain.yml", "bye]", "bye, thanks]")
    for name, before, added in (
        ("data/nlu/all.yml", "  - intent: bye", "  - intent: thanks\n    examples: |\n      - thank you\n"),
        ("data/rules/all.yml", "  - rule: Greet",
         "  - rule: Thank\n    steps: [{intent: thanks}, {action: utter_thanks}]\n"),
        ("data/responses/all.yml", "  utter_bye:", "  utter_thanks:\n    - text: My pleasure.\n"),
    ):
        change(root, name, before, added + before)
    new = await asyncio.to_thread(successor, old, ensure_model(root, quiet))
    assert new.processor.graph_runner is not old.processor.graph_runner
    assert await say(new, "thank you") == ["My pleasure."]
    assert new.lock_store is old.lock_store and new.tracker_store is not old.tracker_store
    assert await say(new, "hello", "c2") == ["Hello, how can I help?"]  # a conversation that began with the old one


async def test_no_turn_is_lost_or_doubled_while_models_are_exchanged(root: Path, worker: Any) -> None:
    async def talk(customer: str) -> list[str]:
        heard = []
        for _ in range(40):
            heard += await say(worker.ctx.agent, "opening hours", customer)
            await asyncio.sleep(0.01)
        return heard

    talking = [asyncio.create_task(talk(f"customer-{number}")) for number in range(4)]
    for hour in "678":
        change(root, "data/responses/all.yml", f"9 to {int(hour) - 1}", f"9 to {hour}")
        model = await asyncio.to_thread(publish_model, root, quiet)
        await until_told(worker, f"model {model.name}")
    for task in talking:
        heard = await task
        hours = [int(text.rstrip(".")[-1]) for text in heard]
        assert len(heard) == 40 and hours == sorted(hours)
    assert await say(worker.ctx.agent, "opening hours") == ["We are open from 9 to 8."]
    tracker = await worker.ctx.agent.tracker_store.retrieve_full_tracker("customer-0")
    assert sum(event.type_name == "user" for event in tracker.events) == 40


async def test_an_exchanged_model_is_let_go(root: Path, worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_model, "SETTLED_AFTER", 2.0)
    live_model.set_apart()
    try:
        old = worker.ctx.agent.processor
        gone = weakref.ref(old)
        change(root, "data/responses/all.yml", "Hello", "Welcome")
        model = await asyncio.to_thread(publish_model, root, quiet)
        await until_told(worker, f"model {model.name}")
        old.itself = old  # as the parts of a model refer to each other
        del old
        for _ in range(100):
            if gone() is None:
                break
            await asyncio.sleep(0.1)
        assert gone() is None and gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()


async def test_a_model_that_cannot_be_loaded_leaves_the_old_one_answering(root: Path, worker: Any) -> None:
    broken = root / "models" / "tandem-000000000000-00000000.tar.gz"
    broken.write_bytes(b"not an archive")
    run_state.point_to(broken)
    assert broken.name in await until_told(worker, "refused")
    assert await say(worker.ctx.agent, "hello") == ["Hello, how can I help?"]
    change(root, "data/responses/all.yml", "Hello", "Welcome")
    model = await asyncio.to_thread(publish_model, root, quiet)
    await until_told(worker, f"model {model.name}")
    assert await say(worker.ctx.agent, "hello") == ["Welcome, how can I help?"]


@pytest.mark.parametrize(("name", "old", "new", "says"), [
    ("data/responses/all.yml", '"Goodbye."', '"Goodbye.', "data/responses/all.yml:"),
    ("data/responses/all.yml", "utter_hours:", "utter_ours:", "data/rules/all.yml:6: there is no response utter_hours"),
    ("data/responses/all.yml", "how can I help?", "{how can I help?",
     "data/responses/all.yml:4: the braces of utter_greet"),
    ("data/responses/all.yml", "- text: \"Goodbye.\"", "txt: \"Goodbye.\"",
     "data/responses/all.yml:7: utter_bye needs a list"),
    ("data/responses/all.yml", "- text: \"Goodbye.\"", "- txt: \"Goodbye.\"",
     "data/responses/all.yml:8: a variation of utter_bye has no text"),
    ("data/rules/all.yml", "intent: bye", "intent: by", "data/rules/all.yml:8: there is no intent by"),
    ("data/rules/all.yml", "action: utter_bye", "action: action_bye",
     "data/rules/all.yml:8: there is no action or form action_bye"),
    ("data/nlu/all.yml", "nlu:", "nlu: [", "data/nlu/all.yml:"),
    ("domain.yml", "intents: [", "intents: [[", "domain.yml:"),
])
def test_broken_data_is_refused_with_its_file_and_line(root: Path, name: str, old: str, new: str, says: str) -> None:
    publish_model(root, quiet)
    live = run_state.live_model()
    change(root, name, old, new)
    with pytest.raises(InvalidData) as caught:
        publish_model(root, quiet)
    assert any(line.startswith(says) for line in str(caught.value).splitlines()), caught.value
    assert run_state.live_model() == live is not None


def test_what_only_rasa_finds_wrong_is_refused_too(root: Path) -> None:
    publish_model(root, quiet)
    live = run_state.live_model()
    change(root, "data/rules/all.yml", "{intent: bye}, {action: utter_bye}", "{intent: greet}, {action: utter_bye}")
    said: list[str] = []
    with pytest.raises(TrainingFailed):
        publish_model(root, said.append)
    assert any("Say goodbye" in line for line in said)
    assert run_state.live_model() == live
