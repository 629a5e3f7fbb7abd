"""
The only package that opens a socket: the client, its rate and destination, and the loopback server.

It knows HTTP and no contract.
"""
