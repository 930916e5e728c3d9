"""Orders: checked beforehand, sent exactly once, followed to their end, cancelled."""
