"""What the tear sheet says, as values: gathered and measured before anything is drawn."""
