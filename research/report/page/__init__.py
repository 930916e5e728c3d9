"""The tear sheet as one HTML page that needs no other file."""
