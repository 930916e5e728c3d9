"""The pictures of the tear sheet: each drawn for a desk and for a phone, in colours that follow the reader's theme."""
