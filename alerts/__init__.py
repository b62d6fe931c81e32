"""Results become decisions, and decisions become messages."""
