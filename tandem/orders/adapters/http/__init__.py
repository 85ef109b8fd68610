"""Orders of a web service, in the JSON shape of docs/order-systems.md."""
