"""x-amzn-oidc-data, as an Application Load Balancer says who a user is; and as others would like to say it."""

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from stack import Stack, poll, running

HOST = "mirage.localhost"
SIGNER = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/mirage/0123456789abcdef"
ISSUER = "https://idp.example"


class KeyHost:
    """Where a region's public keys are: GET /<kid> is a key in PEM."""

    def __init__(self):
        self.keys, self.asked, self.slow = {}, [], threading.Event()
        self.slow.set()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                host.asked.append(self.path)
                host.slow.wait(20)
                body = host.keys.get(self.path[1:])
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def publish(self, private, kid=None):
        kid = kid or str(uuid.uuid4())
        self.keys[kid] = pem(private)
        return kid

    def stop(self):
        self.slow.set()
        self.server.shutdown()
        self.server.server_close()


def pem(private):
    return private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def b64(data, pad=True):
    text = base64.urlsafe_b64encode(data).decode()
    return text if pad else text.rstrip("=")


def es256(private, data, digest=hashes.SHA256()):
    size = (private.curve.key_size + 7) // 8
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(digest)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def make(private, kid, header=None, claims=None, sign=es256, pad=True, drop=()):
    """A token as the load balancer makes it, but for what is asked for."""
    exp = int(time.time()) + 120
    head = {"typ": "JWT", "kid": kid, "alg": "ES256", "iss": ISSUER, "client": "client-id", "signer": SIGNER, "exp": exp,
            **(header or {})}
    body = {"sub": "1234567890", "name": "A user", "email": "user@example.com", "exp": exp, "iss": ISSUER, **(claims or {})}
    head, body = ({k: v for k, v in d.items() if k not in drop} for d in (head, body))
    data = b64(json.dumps(head).encode(), pad) + "." + b64(json.dumps(body).encode(), pad)
    return data + "." + b64(sign(private, data.encode()), pad)


@pytest.fixture(scope="module")
def keys():
    host = KeyHost()
    yield host
    host.stop()


def configured(keys, **more):
    def change(config):
        config["auth"] = {"cookie_secret": "0123456789abcdef0123456789abcdef", "amzn_oidc": {
            "claim": "email", "matchers": [{"suffix": "@example.com"}, {"exact": "one@example.net"}],
            "signer": SIGNER, "public_key_url": keys.url, **more}}
    return change


@pytest.fixture(scope="module")
def guard(keys):
    with running(Stack(change=configured(keys))) as s:
        yield s


@pytest.fixture(scope="module")
def signed(keys):
    """(private key, its kid) of a load balancer."""
    private = ec.generate_private_key(ec.SECP256R1())
    return private, keys.publish(private)


def enter(stack, data, name="x-amzn-oidc-data", path="/"):
    return stack.get(HOST, path, [(name, data)])


# --- who is let in ------------------------------------------------------------------------------


@pytest.mark.parametrize("name, options", [
    ("as the load balancer writes it", {}),
    ("10 KiB of claims", {"claims": {"groups": ["g" * 100] * 78}}),
    ("without padding", {"pad": False}),
    ("the other matcher", {"claims": {"email": "one@example.net"}}),
    ("exp in the header only", {}),
    ("more claims", {"claims": {"groups": ["a", "b"], "nested": {"email": "x"}}}),
    ("verified", {"claims": {"email_verified": True, "nbf": 1700000000}}),
    ("verified, as Cognito says it", {"claims": {"email_verified": "true"}, "header": {"nbf": int(time.time()) - 1}}),
    ("another claim is not verified", {"claims": {"phone_number_verified": False}}),
    ("a name that is not ASCII", {"claims": {"name": "\u65e5\u672c"}}),
])
def test_let_in(guard, signed, name, options):
    r = enter(guard, make(*signed, **options))
    assert r.status == 200 and r.header("Set-Cookie").startswith("mirage-ecs-auth="), r


def test_page_lets_in_and_api_does_not(guard, signed):
    assert enter(guard, make(*signed), path="/launcher").status == 200
    assert enter(guard, make(*signed), path="/api/list").status == 401


def test_keys_are_fetched_once(guard, keys):
    private = ec.generate_private_key(ec.SECP256R1())
    kid = keys.publish(private)
    token = make(private, kid)
    threads = [threading.Thread(target=enter, args=(guard, token)) for _ in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(enter(guard, make(private, kid)).status == 200 for _ in range(10))
    assert keys.asked.count(f"/{kid}") == 1


# --- who is not ---------------------------------------------------------------------------------

P384, OTHER = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def hs256_with_the_public_key(private, data):
    return hmac.new(pem(private), data, hashlib.sha256).digest()


def rs256(_, data):
    return RSA.sign(data, padding.PKCS1v15(), hashes.SHA256())


def der(private, data):
    return private.sign(data, ec.ECDSA(hashes.SHA256()))


def resigned(private, data):
    """The other signature that ECDSA has for the same: (r, -s). Still made from the key, but not what was sent."""
    signature = es256(private, data)
    return signature[:32] + bytes(32)


FORGED = {
    "algorithm none": {"header": {"alg": "none"}},
    "algorithm none, no signature": {"header": {"alg": "none"}, "sign": lambda *_: b""},
    "algorithm None": {"header": {"alg": "None"}},
    "algorithm empty": {"header": {"alg": ""}},
    "algorithm null": {"header": {"alg": None}},
    "algorithm a list": {"header": {"alg": ["ES256"]}},
    "no algorithm": {"drop": ("alg",)},
    "algorithm in small letters": {"header": {"alg": "es256"}},
    "HS256 with the public key as the secret": {"header": {"alg": "HS256"}, "sign": hs256_with_the_public_key},
    "HS512 with the public key as the secret": {
        "header": {"alg": "HS512"}, "sign": lambda private, data: hmac.new(pem(private), data, hashlib.sha512).digest()},
    "ES256 that is HS256": {"sign": hs256_with_the_public_key},
    "RS256": {"header": {"alg": "RS256"}, "sign": rs256},
    "ES256 that is RS256": {"sign": rs256},
    "ES384": {"header": {"alg": "ES384"}, "sign": lambda _, data: es256(P384, data, hashes.SHA384())},
    "ES256 by a P-384 key": {"sign": lambda _, data: es256(P384, data)},
    "ES256 over SHA-384": {"sign": lambda private, data: es256(private, data, hashes.SHA384())},
    "signed with another key": {"sign": lambda _, data: es256(OTHER, data)},
    "signature in DER": {"sign": der},
    "signature of zeros": {"sign": lambda *_: bytes(64)},
    "signature of ones": {"sign": lambda *_: b"\xff" * 64},
    "half a signature": {"sign": lambda private, data: es256(private, data)[:32]},
    "s is zero": {"sign": resigned},
    "a signature and a byte": {"sign": lambda private, data: es256(private, data) + b"\0"},
    "signature of something else": {"sign": lambda private, data: es256(private, data + b"x")},
    "expired, header": {"header": {"exp": 1700000000}},
    "expired, claim": {"claims": {"exp": 1700000000}},
    "expired now": {"header": {"exp": int(time.time())}, "claims": {"exp": int(time.time())}},
    "never expires": {"drop": ("exp",)},
    "expiry is a text": {"header": {"exp": "9999999999"}},
    "expiry is a fraction": {"header": {"exp": 9999999999.5}},
    "expiry claim is a text": {"claims": {"exp": "9999999999"}},
    "expiry is null": {"header": {"exp": None}},
    "expiry is true": {"header": {"exp": True}},
    "expiry is negative": {"header": {"exp": -1}},
    "another signer": {"header": {"signer": SIGNER.replace("123456789012", "210987654321")}},
    "a signer that begins alike": {"header": {"signer": SIGNER + "0"}},
    "no signer": {"drop": ("signer",)},
    "signer is a list": {"header": {"signer": [SIGNER]}},
    "no kid": {"drop": ("kid",)},
    "kid is a number": {"header": {"kid": 1}},
    "kid is empty": {"header": {"kid": ""}},
    "kid goes up": {"header": {"kid": "../KID"}},
    "kid goes down": {"header": {"kid": "x/../KID"}},
    "kid with a query": {"header": {"kid": "KID?x"}},
    "kid with a fragment": {"header": {"kid": "KID#x"}},
    "kid is encoded": {"header": {"kid": "%2e%2e"}},
    "kid is a URL": {"header": {"kid": "http://127.0.0.1/"}},
    "kid is another host": {"header": {"kid": "@127.0.0.1"}},
    "kid with a line": {"header": {"kid": "KID\r\nHost: x"}},
    "kid with NUL": {"header": {"kid": "KID\0x"}},
    "kid is long": {"header": {"kid": "a" * 65}},
    "kid is not ASCII": {"header": {"kid": "\u00e9"}},
    "another domain": {"claims": {"email": "user@example.org"}},
    "a domain behind ours": {"claims": {"email": "user@example.com.evil.example"}},
    "another letter case": {"claims": {"email": "user@EXAMPLE.COM"}},
    "no such claim": {"drop": ("email",)},
    "claim is a list": {"claims": {"email": ["user@example.com"]}},
    "claim is an object": {"claims": {"email": {"x": "user@example.com"}}},
    "claim is null": {"claims": {"email": None}},
    "claim is empty": {"claims": {"email": ""}},
    "claim with NUL": {"claims": {"email": "evil@evil.example\0user@example.com"}},
    "typ is not JWT": {"header": {"typ": "JWE"}},
    "not verified": {"claims": {"email_verified": False}},
    "not verified, as a text": {"claims": {"email_verified": "false"}},
    "verified is null": {"claims": {"email_verified": None}},
    "verified is a number": {"claims": {"email_verified": 1}},
    "crit": {"header": {"crit": ["exp"]}},
    "crit that is empty": {"header": {"crit": []}},
    "crit that is unknown": {"header": {"crit": ["b64"], "b64": False}},
    "crit is null": {"header": {"crit": None}},
    "not yet, claim": {"claims": {"nbf": int(time.time()) + 3600}},
    "not yet, header": {"header": {"nbf": int(time.time()) + 3600}},
    "nbf is a text": {"claims": {"nbf": "1700000000"}},
    "nbf is null": {"claims": {"nbf": None}},
    "nbf is a fraction ahead": {"claims": {"nbf": time.time() + 3600.5}},
}


@pytest.mark.parametrize("name", FORGED)
def test_forged(guard, keys, signed, name):
    private, kid = signed
    options = {**FORGED[name]}
    header = options.get("header", {})
    options["header"] = {k: v.replace("KID", kid) if isinstance(v, str) else v for k, v in header.items()}
    asked = len(keys.asked)
    r = enter(guard, make(private, kid, **options))
    assert r.status == 401 and not r.all("Set-Cookie"), r
    if name.startswith("kid"):
        assert len(keys.asked) == asked, "what is no id is not asked for"


def tampered(token):
    """Other ways to write it, or parts of it."""
    header, payload, signature = token.split(".")
    plain = [part.rstrip("=") for part in (header, payload, signature)]
    evil = b64(json.dumps({"email": "boss@example.com", "exp": 9999999999}).encode())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(plain[2][-1])
    return {
        "empty": "", "a dot": ".", "two dots": "..", "no signature": f"{header}.{payload}.", "two parts": f"{header}.{payload}",
        "a part more": f"{token}.{signature}", "a dot more": token + ".", "no header": f".{payload}.{signature}",
        "no payload": f"{header}..{signature}", "swapped": f"{payload}.{header}.{signature}",
        "another payload": f"{header}.{evil}.{signature}", "another header": f"{evil}.{payload}.{signature}",
        "padding lost": ".".join(plain),
        "padding in the wrong place": f"{header}.{payload}.={signature}", "one = too many": token + "=",
        "padding amid": f"{header}.{payload}.{plain[2][:4]}=={plain[2][4:]}",
        "a blank behind a part": f"{header} .{payload}.{signature}", "a comma": f"{token},", "twice": f"{token}, {token}",
        "quoted": f'"{token}"', "bearer": f"Bearer {token}", "bits that stand for no byte":
            f"{header}.{payload}.{plain[2][:-1]}{alphabet[last ^ 1]}==",
        "the first byte": ("f" if token[0] != "f" else "g") + token[1:],
        "longer than any": token + "A" * 20000,
        "a header that is no JSON": f"{b64(b'not json')}.{payload}.{signature}",
        "a header that is a list": f"{b64(b'[]')}.{payload}.{signature}",
        "a header that is deep": f"{b64(b'[' * 1500)}.{payload}.{signature}",
        "a header with a key twice": b64(b'{"alg":"none",' + base64.urlsafe_b64decode(header)[1:]) + f".{payload}.{signature}",
    }


@pytest.mark.parametrize("name", tampered("e30=.e30=.e30="))
def test_tampered_with(guard, signed, name):
    token = make(*signed)
    assert enter(guard, token).status == 200
    changed = tampered(token)[name]
    if name == "padding lost" and changed == token:
        pytest.skip("this one has none")
    assert enter(guard, changed).status == 401


@pytest.mark.parametrize("cut", range(0, 100, 7))
def test_truncated(guard, signed, cut):
    token = make(*signed)
    assert enter(guard, token[:len(token) * cut // 100]).status == 401


# --- keys that are no keys ----------------------------------------------------------------------


BAD_KEYS = {
    "nothing": b"", "HTML": b"<html>not found</html>", "a key of RSA": pem(RSA), "a key on P-384": pem(P384),
    "a private key": OTHER.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()),
    "too much": pem(OTHER) + b"\n" * 5000, "NUL first": b"\0" + pem(OTHER), "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_key_that_is_none(keys, new_stack, name):
    s = new_stack(change=configured(keys))
    kid = keys.publish(OTHER)
    keys.keys[kid] = BAD_KEYS[name]
    assert enter(s, make(OTHER, kid)).status == 401
    good = ec.generate_private_key(ec.SECP256R1())
    assert enter(s, make(good, keys.publish(good))).status == 200


def test_unknown_keys_are_not_asked_for_without_bound(keys, new_stack, signed):
    s = new_stack(change=configured(keys))
    assert enter(s, make(*signed)).status == 200
    asked = len(keys.asked)
    began = time.monotonic()
    unknown = str(uuid.uuid4())
    for _ in range(20):
        assert enter(s, make(OTHER, unknown)).status == 401
    assert keys.asked.count(f"/{unknown}") == 1
    for _ in range(100):
        assert enter(s, make(OTHER, str(uuid.uuid4()))).status == 401
    allowed = 5 + (time.monotonic() - began) / 10
    assert len(keys.asked) - asked <= allowed
    assert enter(s, make(*signed)).status == 200, "who is known is still let in"


@pytest.mark.parametrize("ids", [20, 1])
def test_key_host_that_hangs_holds_up_nobody_else(keys, new_stack, signed, ids):
    s = new_stack(change=configured(keys))
    assert enter(s, make(*signed)).status == 200
    keys.slow.clear()
    try:
        kids = [str(uuid.uuid4()) for _ in range(ids)]
        waiting = [threading.Thread(target=enter, args=(s, make(OTHER, kids[i % ids]))) for i in range(20)]
        for t in waiting:
            t.start()
        poll(lambda: len(keys.asked) > 1, 5, "a key is on its way")
        for _ in range(20):
            began = time.monotonic()
            assert enter(s, make(*signed)).status == 200
            assert time.monotonic() - began < 2.5
    finally:
        keys.slow.set()
        for t in waiting:
            t.join()


# --- from whom ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["X_Amzn_Oidc_Data", "x-amzn-oidc_data", "x.amzn.oidc.data", "X-Amzn-Oidc.Data"])
def test_another_name_for_the_field(guard, signed, name):
    assert enter(guard, make(*signed), name).status == 401


def test_from_a_stranger(keys, new_stack, signed):
    def change(config):
        configured(keys)(config)
        config["network"] = {"trusted_proxies": ["192.0.2.0/24"]}
    s = new_stack(change=change)
    poll(lambda: enter(s, make(*signed)).status == 401 and "no x-amzn-oidc-data that may be believed" in s.log_tail(), 5,
         "it is said why (a line a second)")


def test_in_a_trailer(guard, signed):
    with guard.connect() as c:
        c.request("POST", "/terminate", HOST, [("Transfer-Encoding", "chunked"), ("Trailer", "x-amzn-oidc-data"),
                                               ("Content-Type", "application/x-www-form-urlencoded")])
        c.send(b"10\r\nsubdomain=nobody\r\n0\r\nx-amzn-oidc-data: " + make(*signed).encode() + b"\r\n\r\n")
        assert c.response().status == 401


def test_tasks_do_not_see_it(guard, signed):
    with guard.database() as db:  # its environments need no cookie here, so that a task can be launched by nobody
        assert db.execute("SELECT count(*) FROM environment").fetchone() == (0,)
    s = guard
    r = s.http("POST", HOST, "/launch", [("Content-Type", "application/x-www-form-urlencoded"), ("x-amzn-oidc-data", make(*signed))],
               b"subdomain=shown&branch=b&taskdef=web")
    assert r.status == 303, r
    poll(lambda: s.env("shown", "/echo").status == 200, 20, "it answers")
    seen = s.env("shown", "/echo", [("x-amzn-oidc-data", make(*signed)), ("X-Amzn-Oidc-Accesstoken", "a"),
                                    ("X-Amzn-Oidc-Identity", "i"), ("x-amzn-trace-id", "kept")]).json()["headers"]
    names = [k.lower() for k, _ in seen]
    assert "x-amzn-trace-id" in names and not [n for n in names if "oidc" in n]
