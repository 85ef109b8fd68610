"""What is a shop's own, as its owner says it in data/shop.yml; NLU, forms, wording, policies and adapters read it."""
