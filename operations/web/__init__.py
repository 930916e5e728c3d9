"""The page of an installation: documents computed in the background, served from memory."""
