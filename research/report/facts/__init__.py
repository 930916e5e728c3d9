"""Facts of the tear sheet, as values: gathered and measured before anything is drawn."""
