"""A gateway for tests and demonstrations: it speaks the broker's wire protocol, on the loopback interface alone.

wire frames fields and messages lists them; market, account and book are what the broker knows; gateway and desk answer;
scenario is what goes wrong, grammar reads it, and connection does it; server holds them together.
"""
