"""The desk's pages and its API, a module for each topic."""
