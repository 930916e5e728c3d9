"""The tear sheet: facts from the warehouse, pictures of the facts, one page of both."""
