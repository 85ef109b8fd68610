"""The desk: where agents see who waits and why, talk both ways, and give the conversation back."""
