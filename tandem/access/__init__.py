"""Who may call what, how often and with how much: the tokens and limits that every server of Tandem applies."""
