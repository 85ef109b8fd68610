"""Live-agent channels, one folder each."""
