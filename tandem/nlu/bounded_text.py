"""The old place of `tandem.nlu.text_truncator.TextTruncator`."""
from tandem.moved import moved

__getattr__ = moved(__name__, BoundedText="tandem.nlu.text_truncator.TextTruncator")
