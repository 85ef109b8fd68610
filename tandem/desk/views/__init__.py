"""What the desk's pages show, worked out from what the ledger and the order system know."""
