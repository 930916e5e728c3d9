"""The exchange calendar: sessions, closes, and the hours in which a rebalance may trade."""
