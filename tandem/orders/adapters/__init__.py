"""Order systems behind the `OrderSystem` protocol: a SQL database, or a service over HTTP."""
