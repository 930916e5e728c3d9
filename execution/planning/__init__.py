"""From target weights to a plan: pure functions over plain values, without a broker, a database or a clock."""
