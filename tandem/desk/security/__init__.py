"""Who may do what at the desk: sessions, sign-in, origins, rates, headers."""
