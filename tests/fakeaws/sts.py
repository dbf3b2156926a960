"""STS: temporary credentials for a role."""

import re

from .errors import ApiError

_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]+)")


class Sts:
    def __init__(self, world):
        self.world = world
        self.web_identities = {}  # token → role ARN, None for any
        self.lifetime = None  # seconds, instead of what was asked for

    def AssumeRoleWithWebIdentity(self, params, credential):
        token, role = params["WebIdentityToken"], params["RoleArn"]
        if token not in self.web_identities:
            raise ApiError("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider, "
                           "please reference AssumeRoleWithWebIdentity documentation for requirements")
        if self.web_identities[token] not in (None, role):
            raise ApiError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
        return {**self._assume(params), "SubjectFromWebIdentityToken": "system:serviceaccount:tests:mirage",
                "Provider": "arn:aws:iam::oidc-provider/tests", "Audience": "sts.amazonaws.com"}

    def AssumeRole(self, params, credential):
        return self._assume(params)

    def _assume(self, params):
        match = _ROLE.fullmatch(params["RoleArn"])
        if not match:
            raise ApiError("ValidationException", f"{params['RoleArn']} is invalid")
        account, role = match.groups()
        session = params["RoleSessionName"]
        arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
        issued = self.world.credentials.issue(self.lifetime or params.get("DurationSeconds", 3600), arn)
        return {"Credentials": {"AccessKeyId": issued.access_key, "SecretAccessKey": issued.secret_key,
                                "SessionToken": issued.token, "Expiration": issued.expires},
                "AssumedRoleUser": {"AssumedRoleId": "AROAFAKEAWS0000000001:" + session, "Arn": arn}}

    def GetCallerIdentity(self, params, credential):
        return {"UserId": "AIDAFAKEAWS0000000001", "Account": self.world.account, "Arn": credential.arn}
