"""Orders in a SQL database, in the tables that Tandem makes."""
