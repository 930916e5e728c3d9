"""A gateway for tests and demonstrations: it speaks the broker's wire protocol, on the loopback interface alone.

wire frames fields; messages lists them; market, account and orders are what the broker knows; scenario says what goes
wrong; gateway answers requests; server holds the connections.
"""
