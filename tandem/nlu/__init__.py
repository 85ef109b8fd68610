"""Components of the NLU pipeline: what a customer wants, about which order, and in what mood."""
