"""The old place of `tandem.rasa_ext.topic_importer.TopicImporter`."""
from tandem.moved import moved

__getattr__ = moved(__name__, TopicImporter="tandem.rasa_ext.topic_importer.TopicImporter")
