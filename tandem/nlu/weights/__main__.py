"""Make the sentence encoder that config.yml asks for: python -m tandem.nlu.weights

Ends with 0 also if it cannot be made here: the smaller one stands in for it then, and a line says why.
"""

from __future__ import annotations

from pathlib import Path

from tandem.nlu.models.encoders import configured, trainable

if __name__ == "__main__":
    trainable(configured(Path("config.yml")), lambda line: print(line, flush=True))
