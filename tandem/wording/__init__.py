"""What the system itself says to customers, and how the shop's language writes dates and amounts."""
