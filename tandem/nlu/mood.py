"""The old place of `tandem.nlu.sentiment_classifier.SentimentClassifier`."""
from tandem.moved import moved

__getattr__ = moved(__name__, MoodReader="tandem.nlu.sentiment_classifier.SentimentClassifier")
