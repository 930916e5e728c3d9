"""A simulated gateway for tests and demonstrations: it speaks the broker's wire protocol, on the loopback interface.

wire frames fields and messages lists them; market, account and book are the broker's state; gateway and desk answer;
scenario holds the faults, grammar reads them, and connection commits them; server holds everything together.
"""
