"""Orders of any shape, as endpoints.yml describes them: which field of theirs is which of ours."""
