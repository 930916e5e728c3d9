"""Target weights become broker orders here."""
