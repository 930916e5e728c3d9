"""portfolio.yaml: its model, its layers, and errors that name the file and the line."""
