"""Interactive Brokers' statements: the Flex web service, its codes, and the XML that it makes."""
