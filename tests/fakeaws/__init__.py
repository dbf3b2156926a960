"""An AWS on loopback for the tests: start it with `client.FakeAws`, or by hand with `python3 -m fakeaws`."""
