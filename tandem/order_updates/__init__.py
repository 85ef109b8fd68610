"""What customers are told of their orders without asking: who has agreed to it, what is new, how it reaches them."""
