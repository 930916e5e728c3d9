"""Access to the page: accounts and their roles, passwords, second factors, sessions, and what is refused."""
