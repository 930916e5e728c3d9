"""The views of the page: each a pure function from a reading to a document."""
