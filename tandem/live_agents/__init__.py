"""Outside tools in which people answer customers: the protocol, the relay, and an adapter for each tool."""
