"""The old place of `tandem.nlu.order_entity_normalizer.OrderEntityNormalizer`."""
from tandem.moved import moved

__getattr__ = moved(__name__, OrderEntities="tandem.nlu.order_entity_normalizer.OrderEntityNormalizer")
