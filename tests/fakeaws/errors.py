"""Errors as each AWS protocol puts them on the wire."""

import json
import secrets
import uuid
from xml.sax.saxutils import escape

from .http_wire import Response

# the same refusal has another name in each family of services
_NAMES = {
    "json": {},
    "query": {
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "UnrecognizedClientException": "InvalidClientTokenId",
        "MissingAuthenticationTokenException": "MissingAuthenticationToken",
        "IncompleteSignatureException": "IncompleteSignature",
        "ExpiredTokenException": "ExpiredToken",
        "ThrottlingException": "Throttling",
        "AccessDeniedException": "AccessDenied",
        "UnknownOperationException": "InvalidAction",
        "SerializationException": "MalformedInput",
        "ValidationException": "ValidationError",
        "ServerException": "InternalFailure",
    },
    "s3": {
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "UnrecognizedClientException": "InvalidAccessKeyId",
        "MissingAuthenticationTokenException": "AccessDenied",
        "IncompleteSignatureException": "AuthorizationHeaderMalformed",
        "ExpiredTokenException": "ExpiredToken",
        "ThrottlingException": "SlowDown",
        "AccessDeniedException": "AccessDenied",
        "UnknownOperationException": "MethodNotAllowed",
        "SerializationException": "MalformedXML",
        "ValidationException": "InvalidArgument",
        "ServerException": "InternalError",
    },
}
_STATUS = {"SlowDown": 503, "MethodNotAllowed": 405, "ServerException": 500, "InternalFailure": 500,
           "InternalError": 500, "InternalServerError": 500}
# these come from the layer before the service, which writes its types and its "Message" another way
_FROM_THE_FRONT = {"InvalidSignatureException", "UnrecognizedClientException", "ExpiredTokenException",
                   "IncompleteSignatureException", "MissingAuthenticationTokenException", "SerializationException",
                   "UnknownOperationException"}


class ApiError(Exception):
    """code is the JSON family's name; it is translated for the others. extra: more XML elements or JSON members."""

    def __init__(self, code, message, status=None, extra=None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.extra = code, message, status, extra or {}


class LimitError(ApiError):
    """Of a request that no correct client sends: it knows the documented limits beforehand. Noted as a violation."""


def code_for(service, code):
    """The name that this service uses."""
    if service.name == "s3":
        return _NAMES["s3"].get(code, code)
    if service.protocol == "json":
        if service.name == "logs" and code == "ServerException":
            return "ServiceUnavailableException"
        return code
    if service.name == "cloudwatch" and code == "ServerException":
        return "InternalServiceError"
    if service.name == "route53" and code == "ValidationException":
        return "InvalidInput"
    return _NAMES["query"].get(code, code)


def render_error(service, error):
    """The Response of an ApiError."""
    code = code_for(service, error.code)
    status = error.status or _STATUS.get(code) or _STATUS.get(error.code) or 400
    request_id = str(uuid.uuid4())
    if service.protocol == "json":
        message = "Message" if code == "AccessDeniedException" else "message"
        prefix = "com.amazon.coral.service#" if code in _FROM_THE_FRONT else ""
        body = json.dumps({"__type": prefix + code, message: error.message, **error.extra}).encode()
        return Response(status, {"x-amzn-RequestId": request_id, "Content-Type": "application/x-amz-json-1.1"}, body)
    if service.name == "s3":
        extra = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in error.extra.items())
        request_id = secrets.token_hex(8).upper()
        text = (f"<Error><Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>{extra}"
                f"<RequestId>{request_id}</RequestId><HostId>{secrets.token_hex(24)}</HostId></Error>")
        headers = {"x-amz-request-id": request_id, "Content-Type": "application/xml"}
        return Response(status, headers, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode())
    namespace = escape(service.namespace, {'"': "&quot;"})
    if code == "InvalidChangeBatch" and error.extra.get("form") == "root":
        inner = "".join(f"<Message>{escape(m)}</Message>" for m in error.extra["messages"])
        text = (f'<InvalidChangeBatch xmlns="{namespace}"><Messages>{inner}</Messages>'
                f"<RequestId>{request_id}</RequestId></InvalidChangeBatch>")
    else:
        kind = "Receiver" if status >= 500 else "Sender"
        text = (f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{escape(code)}</Code>'
                f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId>"
                "</ErrorResponse>")
    headers = {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}
    return Response(status, headers, b'<?xml version="1.0"?>\n' + text.encode())
