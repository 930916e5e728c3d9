"""Bar sources: each brings bars from one kind of place into one shape."""
