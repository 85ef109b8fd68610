"""Orders: what the shop knows about them, what may be done to them, and to whom they may be shown."""
