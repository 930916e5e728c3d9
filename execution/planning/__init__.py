"""Planning: pure functions from a situation to orders, without a broker, a database or a clock."""
