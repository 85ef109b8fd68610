"""The handoff: what a person gets to see (context card), which tool it goes to, and who waits how long."""
