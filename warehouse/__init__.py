"""The warehouse: bars land here, and every read of the lake goes through here."""
