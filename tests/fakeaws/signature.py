"""Whether a request is signed: recomputed with botocore's own signer over what the request says it signed.

The fields that count are those that Authorization names, no more and no fewer. Errors are ApiErrors under the JSON
family's names. `Mismatch` is the kind of error that only a faulty client can cause, as opposed to an old token.
"""

import hashlib
import hmac
import re
from datetime import datetime, timezone

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .errors import ApiError

MAX_SKEW = 300
UNSIGNED = "UNSIGNED-PAYLOAD"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/, ]+)/(\d{8})/([^/, ]+)/([^/, ]+)/aws4_request,\s*"
    r"SignedHeaders=([a-z0-9;_.-]+),\s*Signature=([0-9a-f]{64})")


class Mismatch(ApiError):
    pass


class _ExactHeaders:
    """All fields that are named are signed, also those that botocore itself would leave out."""

    def headers_to_sign(self, request):
        return request.headers


class _Signer(_ExactHeaders, SigV4Auth):
    pass


class _S3Signer(_ExactHeaders, S3SigV4Auth):
    pass


class _Signed:
    """What botocore's signer reads of a request."""

    def __init__(self, method, url, headers, body, timestamp):
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.params, self.context = {}, {"timestamp": timestamp}


def scope_of(request):
    """(access key, date, region, service, signed headers, signature), or None without a readable Authorization."""
    match = _AUTHORIZATION.fullmatch(request.header("authorization") or "")
    return match.groups() if match else None


def verify(request, service, world):
    """The credential that signed. Raises ApiError."""
    if request.header("authorization") is None:
        raise Mismatch("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    scope = scope_of(request)
    if scope is None:
        raise Mismatch("IncompleteSignatureException", "Authorization header is not in the form of AWS Signature "
                       "Version 4: " + request.header("authorization")[:200], 400)
    access_key, date, region, scope_service, names, signature = scope
    credential = world.credentials.find(access_key)
    if credential is None:
        raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    timestamp = _timestamp(request, world)
    _check_scope(service, world, date, region, scope_service, timestamp)
    _check_token(request, credential, world)
    names = names.split(";")
    _check_signed_names(request, service, names)
    _check_payload(request, service)
    computed = _compute(request, service, credential, region, scope_service, names, timestamp)
    if not hmac.compare_digest(computed, signature):
        raise Mismatch("InvalidSignatureException", "The request signature we calculated does not match the signature "
                       "you provided. Check your AWS Secret Access Key and signing method. Consult the service "
                       "documentation for details.", 403)
    return credential


def _timestamp(request, world):
    text = request.header("x-amz-date") or ""
    try:
        then = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError as e:
        raise Mismatch("IncompleteSignatureException", f"Date must be in ISO-8601 'basic format'. Got '{text}'.",
                       400) from e
    now = datetime.fromtimestamp(world.now(), timezone.utc)
    if abs((now - then).total_seconds()) > MAX_SKEW:
        raise ApiError("InvalidSignatureException", f"Signature expired: {text} is now earlier than "
                       f"{now:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} - 5 min.)", 403)
    return text


def _check_scope(service, world, date, region, scope_service, timestamp):
    if scope_service != service.signing_name:
        raise Mismatch("InvalidSignatureException",
                       f"Credential should be scoped to correct service: '{service.signing_name}'.", 403)
    if region not in service.regions(world.region):
        if service.name == "s3":
            raise Mismatch("AuthorizationHeaderMalformed", f"The authorization header is malformed; the region "
                           f"'{region}' is wrong; expecting '{world.region}'", 400, {"Region": world.region})
        raise Mismatch("InvalidSignatureException", "Credential should be scoped to a valid region.", 403)
    if date != timestamp[:8]:
        raise Mismatch("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                       f"version of date from HTTP: '{date}' != '{timestamp[:8]}'", 403)


def _check_token(request, credential, world):
    token = request.header("x-amz-security-token")
    if (token or None) != credential.token:
        raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    if credential.expires and credential.expires <= world.now():
        raise ApiError("ExpiredTokenException", "The security token included in the request is expired", 403)


def _check_signed_names(request, service, names):
    if names != sorted(set(names)):
        raise Mismatch("IncompleteSignatureException", "SignedHeaders is not sorted", 400)
    present = {name.lower() for name, _ in request.headers}
    must = {"host", "x-amz-date"} | (present & {"x-amz-target", "x-amz-security-token", "x-amz-content-sha256"})
    if service.name == "s3":
        must |= {name for name in present if name.startswith("x-amz-")} | {"x-amz-content-sha256"}
    if missing := sorted(must - set(names)):
        raise Mismatch("InvalidSignatureException", "There were headers present in the request which were not signed: "
                       + ", ".join(missing), 403)
    if missing := sorted(set(names) - present):
        raise Mismatch("InvalidSignatureException", "Headers are signed that the request has not: "
                       + ", ".join(missing), 403)


def _check_payload(request, service):
    claimed = request.header("x-amz-content-sha256")
    if claimed is None or (claimed == UNSIGNED and service.name == "s3"):
        return
    if claimed.startswith("STREAMING-"):
        raise Mismatch("NotImplemented", "aws-chunked bodies are not implemented here", 501)
    if claimed != hashlib.sha256(request.body).hexdigest():
        raise Mismatch("XAmzContentSHA256Mismatch" if service.name == "s3" else "InvalidSignatureException",
                       "The provided 'x-amz-content-sha256' header does not match what was computed.", 400)


def _compute(request, service, credential, region, scope_service, names, timestamp):
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name.lower() in names:
            headers.add_header(name.lower(), value)
    path = request.path + ("?" + request.query if request.query else "")
    url = "http://" + (request.header("host") or "") + path
    signed = _Signed(request.method, url, headers, request.body, timestamp)
    signer = (_S3Signer if service.name == "s3" else _Signer)(
        Credentials(credential.access_key, credential.secret_key, credential.token), scope_service, region)
    return signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)
