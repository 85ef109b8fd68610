"""The old place of `tandem.rasa_ext.tracker_store.CachedTrackerStore`."""
from tandem.moved import moved

__getattr__ = moved(__name__, KeptTrackerStore="tandem.rasa_ext.tracker_store.CachedTrackerStore")
