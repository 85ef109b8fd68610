"""The people who answer: their accounts and roles, who is at the desk, and the audit log of what they did."""
