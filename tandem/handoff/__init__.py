"""The handoff: what a person gets to see (context card), and the tools people answer with (live-agent channels)."""
