"""The keys that may sign: fixed ones, those set by control, and those that STS and the metadata endpoints issue."""

import secrets
import threading
from dataclasses import dataclass


@dataclass
class Credential:
    access_key: str
    secret_key: str
    token: str | None = None
    expires: float | None = None
    arn: str = ""

    def wire(self):
        return {"access_key": self.access_key, "secret_key": self.secret_key, "token": self.token,
                "expires": self.expires, "arn": self.arn}


class Credentials:
    def __init__(self, world):
        self.world = world
        self._by_key = {}
        self._lock = threading.Lock()
        self.user = self.set("AKIAFAKEAWSUSER00001", "user/Secret+Key00000000000000000000000001",
                             arn=f"arn:aws:iam::{world.account}:user/tests")
        self.role = self.set("ASIAFAKEAWSROLE00001", "role/Secret+Key00000000000000000000000002",
                             "FwoGZXIvYXdzEFake//////////+SessionToken==",
                             arn=f"arn:aws:sts::{world.account}:assumed-role/mirage-task/tests")

    def set(self, access_key, secret_key, token=None, lifetime=None, arn=None):
        expires = None if lifetime is None else self.world.now() + lifetime
        arn = arn or f"arn:aws:sts::{self.world.account}:assumed-role/mirage-task/tests"
        credential = Credential(access_key, secret_key, token, expires, arn)
        with self._lock:
            self._by_key[access_key] = credential
        return credential

    def issue(self, lifetime, arn):
        """New temporary credentials, known from now on."""
        return self.set("ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), "IQoJ" + secrets.token_hex(60),
                        lifetime, arn)

    def find(self, access_key):
        with self._lock:
            return self._by_key.get(access_key)

    def expire(self, access_key):
        with self._lock:
            self._by_key[access_key].expires = self.world.now() - 1

    def remove(self, access_key):
        with self._lock:
            self._by_key.pop(access_key, None)
