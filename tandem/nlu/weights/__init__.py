"""The weights of the sentence encoder: fetched, rounded to 8 bits, checked and kept, once for an environment."""
