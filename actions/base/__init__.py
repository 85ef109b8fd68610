"""What custom actions are built from: the turn, the customer's orders, forms, consent, and replies."""
