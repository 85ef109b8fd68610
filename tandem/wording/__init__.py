"""What the system itself says to customers, as designers write it in data/responses/, and in which language."""
