"""Order systems behind the `OrderSystem` protocol, a folder each."""
