"""S3: buckets of objects in memory. Path style and virtual-host style are told apart in wire_rest."""

import base64
import hashlib
import re
import threading
from email.utils import formatdate
from urllib.parse import quote

from .errors import ApiError


class Object:
    def __init__(self, body, content_type, metadata, now):
        self.body, self.content_type, self.metadata, self.modified = body, content_type, metadata, now
        self.etag = f'"{hashlib.md5(body).hexdigest()}"'


class S3:
    def __init__(self, world):
        self.world = world
        self._lock = threading.Lock()
        self.buckets = {}
        self.denied = set()  # buckets, or (bucket, key)

    def create_bucket(self, name):
        with self._lock:
            self.buckets.setdefault(name, {})

    def put(self, bucket, key, body, content_type="binary/octet-stream", metadata=None):
        self.create_bucket(bucket)
        item = Object(body, content_type, metadata or {}, int(self.world.now()))
        with self._lock:
            self.buckets[bucket][key] = item
        return item

    def delete(self, bucket, key=None):
        with self._lock:
            if key is None:
                self.buckets.pop(bucket, None)
            else:
                self.buckets[bucket].pop(key, None)

    def _bucket(self, name, key=None):
        if name not in self.buckets:
            raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404, {"BucketName": name})
        if name in self.denied or (name, key) in self.denied:
            raise ApiError("AccessDenied", "Access Denied", 403)
        return self.buckets[name]

    def _object(self, params):
        bucket = self._bucket(params["Bucket"], params["Key"])
        if params["Key"] not in bucket:
            raise ApiError("NoSuchKey", "The specified key does not exist.", 404, {"Key": params["Key"]})
        return bucket[params["Key"]]

    def _describe(self, item):
        return {"ETag": item.etag, "ContentType": item.content_type, "ContentLength": len(item.body),
                "LastModified": item.modified, "AcceptRanges": "bytes", "Metadata": item.metadata}

    def GetObject(self, params, credential):
        item = self._object(params)
        if params.get("IfMatch") not in (None, "*", item.etag, item.etag.strip('"')):
            raise ApiError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        if params.get("IfNoneMatch") in ("*", item.etag, item.etag.strip('"')):
            return {"_status": 304, "_headers": {"ETag": item.etag}}
        answer = {**self._describe(item), "Body": item.body}
        if "Range" in params:
            self._cut(item, params["Range"], answer)
        return answer

    @staticmethod
    def _cut(item, text, answer):
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", text)
        if not match:
            return
        first, size = int(match.group(1)), len(item.body)
        last = min(int(match.group(2) or size - 1), size - 1)
        if first > last:
            raise ApiError("InvalidRange", "The requested range is not satisfiable", 416)
        answer.update(Body=item.body[first:last + 1], ContentRange=f"bytes {first}-{last}/{size}",
                      ContentLength=last - first + 1, _status=206)

    def HeadObject(self, params, credential):
        item = self._object(params)
        headers = {"Last-Modified": formatdate(item.modified, usegmt=True)}
        return {**self._describe(item), "_headers": headers}

    def PutObject(self, params, credential):
        bucket, body = params["Bucket"], params.get("Body", b"")
        there = self._bucket(bucket, params["Key"])
        if params.get("IfNoneMatch") not in (None, "*"):
            raise ApiError("NotImplemented", "A header you provided implies functionality that is not implemented.", 501)
        if "IfNoneMatch" in params and params["Key"] in there:
            raise ApiError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        if "ContentMD5" in params and base64.b64encode(hashlib.md5(body).digest()).decode() != params["ContentMD5"]:
            raise ApiError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400)
        item = self.put(bucket, params["Key"], body, params.get("ContentType", "binary/octet-stream"),
                        params.get("Metadata"))
        return {"ETag": item.etag}

    def DeleteObject(self, params, credential):
        there = self._bucket(params["Bucket"], params["Key"])
        if "IfMatch" in params:
            item = there.get(params["Key"])
            if item is None:
                raise ApiError("NoSuchKey", "The specified key does not exist.", 404, {"Key": params["Key"]})
            if params["IfMatch"] not in ("*", item.etag, item.etag.strip('"')):
                raise ApiError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        self.delete(params["Bucket"], params["Key"])
        return {"_status": 204}

    def ListObjectsV2(self, params, credential):
        bucket, prefix = self._bucket(params["Bucket"]), params.get("Prefix", "")
        delimiter, asked = params.get("Delimiter"), params.get("MaxKeys", 1000)
        if asked < 0:
            raise ApiError("InvalidArgument", "Argument max-keys must be an integer between 0 and 2147483647", 400)
        size = self.world.page_size("s3", "ListObjectsV2", min(asked, 1000))
        after = params.get("StartAfter", "")
        if "ContinuationToken" in params:
            after = _from_token(params["ContinuationToken"])
        with self._lock:
            keys = sorted((key for key in bucket if key.startswith(prefix)), key=str.encode)
        entries = []  # (name, is a common prefix), each prefix once
        for key in keys:
            name, common = key, False
            if delimiter and delimiter in key[len(prefix):]:
                name, common = key[:key.index(delimiter, len(prefix)) + len(delimiter)], True
            if name.encode() > after.encode() and not (common and after.startswith(name)) and (
                    not entries or entries[-1] != (name, common)):
                entries.append((name, common))
        page, encode = entries[:size], self._encoder(params)
        answer = {"Name": params["Bucket"], "Prefix": encode(prefix), "MaxKeys": asked, "KeyCount": len(page),
                  "IsTruncated": len(entries) > size > 0,
                  "Contents": [self._entry(bucket, name, encode, params) for name, common in page if not common],
                  "CommonPrefixes": [{"Prefix": encode(name)} for name, common in page if common]}
        for name in ("ContinuationToken", "EncodingType"):
            if name in params:
                answer[name] = params[name]
        if delimiter:
            answer["Delimiter"] = encode(delimiter)
        if "StartAfter" in params:
            answer["StartAfter"] = encode(params["StartAfter"])
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = base64.b64encode(("1/" + page[-1][0]).encode()).decode()
        return answer

    @staticmethod
    def _encoder(params):
        return (lambda text: quote(text, safe="/-_.*")) if params.get("EncodingType") == "url" else str

    @staticmethod
    def _entry(bucket, key, encode, params):
        item = bucket[key]
        entry = {"Key": encode(key), "LastModified": item.modified, "ETag": item.etag, "Size": len(item.body),
                 "StorageClass": "STANDARD"}
        if params.get("FetchOwner"):
            entry["Owner"] = {"ID": "fakeaws"}
        return entry


def _from_token(token):
    try:
        text = base64.b64decode(token, validate=True).decode()
    except ValueError:
        text = ""
    if not text.startswith("1/"):
        raise ApiError("InvalidArgument", "The continuation token provided is incorrect", 400)
    return text[2:]
