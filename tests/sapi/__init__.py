"""What the stand-in server of tests/sapi_server.py is made of."""
