"""Research that rebuilds the models in memory: nothing here writes to a relation that trading reads."""
