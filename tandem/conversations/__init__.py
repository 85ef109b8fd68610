"""The core: who owns a conversation, what was said, and what still has to reach the customer. Imports no Rasa."""
