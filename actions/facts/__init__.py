"""The facts of an order that customers ask for, one function each; `order_fact/<name>` in data/nlu asks for one."""
