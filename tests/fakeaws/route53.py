"""Route 53: hosted zones, their record sets, changes that are made all or not at all."""

import ipaddress
import re
import secrets
import threading

from .errors import ApiError, LimitError

CHANGES_MAX = 1000
VALUES_MAX = 32000
_PLAIN = re.compile(r"[a-z0-9_.*-]")
_OCTAL = re.compile(r"\\([0-7]{3})")


def canonical(name):
    """As Route 53 keeps a name: lower case, a dot at the end, all else as \\ooo; an escape that is there is kept."""
    name = _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), name).lower()
    if not name.endswith("."):
        name += "."
    return "".join(c if _PLAIN.fullmatch(c) and c != "*" else "".join(f"\\{b:03o}" for b in c.encode()) for c in name)


class Zone:
    def __init__(self, id, name, account):
        self.id, self.name = id, canonical(name)
        self.servers = [f"ns-{n}.fakeaws.test." for n in (1, 2)]
        self.records = {}  # (name, type, set identifier) → ResourceRecordSet
        for kind, ttl, values in (("NS", 172800, self.servers),
                                  ("SOA", 900, [self.servers[0] + " tests.fakeaws.test. 1 7200 900 1209600 86400"])):
            self.records[(self.name, kind, None)] = {"Name": self.name, "Type": kind, "TTL": ttl,
                                                     "ResourceRecords": [{"Value": value} for value in values]}


class Route53:
    def __init__(self, world):
        self.world = world
        self._lock = threading.Lock()
        self.zones, self.changes = {}, {}
        self.change_batch_form = "error"  # or "root": InvalidChangeBatch as the document's root, with Messages

    def create_zone(self, id, name):
        with self._lock:
            self.zones[id] = Zone(id, name, self.world.account)

    def _zone(self, text):
        id = text.removeprefix("/hostedzone/")
        if id not in self.zones:
            raise ApiError("NoSuchHostedZone", f"No hosted zone found with ID: {id}", 404)
        return self.zones[id]

    def GetHostedZone(self, params, credential):
        zone = self._zone(params["Id"])
        return {"HostedZone": {"Id": "/hostedzone/" + zone.id, "Name": zone.name, "CallerReference": "tests",
                               "Config": {"PrivateZone": False}, "ResourceRecordSetCount": len(zone.records)},
                "DelegationSet": {"NameServers": [server.rstrip(".") for server in zone.servers]}}

    def ListResourceRecordSets(self, params, credential):
        zone = self._zone(params["HostedZoneId"])
        with self._lock:
            records = sorted(zone.records.items(), key=lambda item: _order(item[0]))
        if "StartRecordName" in params:
            start = (canonical(params["StartRecordName"]), params.get("StartRecordType", ""),
                     params.get("StartRecordIdentifier"))
            records = [item for item in records if _order(item[0]) >= _order(start)]
        elif "StartRecordType" in params:
            raise ApiError("InvalidInput", "StartRecordType needs StartRecordName.")
        try:
            asked = int(params.get("MaxItems", 300))
        except ValueError as e:
            raise ApiError("InvalidInput", "MaxItems is not a number.") from e
        if asked < 1:
            raise ApiError("InvalidInput", "MaxItems must be at least 1.")
        size = self.world.page_size("route53", "ListResourceRecordSets", min(asked, 300))
        answer = {"ResourceRecordSets": [record for _, record in records[:size]], "IsTruncated": len(records) > size,
                  "MaxItems": str(size)}
        if len(records) > size:
            name, kind, identifier = records[size][0]
            answer.update(NextRecordName=name, NextRecordType=kind)
            if identifier:
                answer["NextRecordIdentifier"] = identifier
        return answer

    def GetChange(self, params, credential):
        id = params["Id"].removeprefix("/change/")
        if id not in self.changes:
            raise ApiError("NoSuchChange", f"Could not find resource with ID: {id}", 404)
        return {"ChangeInfo": {**self.changes[id], "Status": "INSYNC"}}

    def ChangeResourceRecordSets(self, params, credential):
        zone = self._zone(params["HostedZoneId"])
        if self.world.faults.take("route53", "ChangeResourceRecordSets", {"prior_request"}):
            raise ApiError("PriorRequestNotComplete", "The request was rejected because Route 53 was still processing "
                           "a prior request.", 400)
        changes = params["ChangeBatch"]["Changes"]
        self._check_size(changes)
        problems = []
        with self._lock:
            records, touched = dict(zone.records), set()
            for change in changes:
                problem = self._apply(zone, records, touched, change)
                if problem:
                    problems.append(problem)
            if not problems:
                problems = _conflicts(records)
            if problems:
                raise ApiError("InvalidChangeBatch", "[" + ", ".join(problems) + "]", 400,
                               {"messages": problems, "form": self.change_batch_form})
            zone.records = records
        id = "C" + secrets.token_hex(10).upper()
        info = {"Id": "/change/" + id, "Status": "PENDING", "SubmittedAt": self.world.now()}
        if "Comment" in params["ChangeBatch"]:
            info["Comment"] = params["ChangeBatch"]["Comment"]
        self.changes[id] = info
        return {"ChangeInfo": info}

    @staticmethod
    def _check_size(changes):
        if len(changes) > CHANGES_MAX:
            problem = f"Number of changes limit of {CHANGES_MAX} exceeded."
        else:
            # an UPSERT counts twice: it may be a deletion and a creation
            sizes = [len(value["Value"]) for change in changes
                     for value in change["ResourceRecordSet"].get("ResourceRecords", [])
                     for _ in range(2 if change["Action"] == "UPSERT" else 1)]
            size, count = sum(sizes), len(sizes)
            if size <= VALUES_MAX and count <= CHANGES_MAX:
                return
            problem = (f"Number of records limit of {CHANGES_MAX} exceeded." if count > CHANGES_MAX
                       else f"The length of the values of all records exceeds {VALUES_MAX}.")
        raise LimitError("InvalidChangeBatch", f"[{problem}]", 400, {"messages": [problem]})

    def _apply(self, zone, records, touched, change):
        """Does one change in records. A sentence when it cannot be done."""
        action, record = change["Action"], dict(change["ResourceRecordSet"])
        kind, name = record["Type"], canonical(record["Name"])
        record["Name"] = name
        what = f"[name='{name}', type='{kind}']"
        if name != zone.name and not name.endswith("." + zone.name):
            return f"RRSet with DNS name {name} is not permitted in zone {zone.name}"
        if problem := _value_problem(record):
            return problem
        key = (name, kind, record.get("SetIdentifier"))
        if (action, key) in touched or (action != "DELETE" and {("CREATE", key), ("UPSERT", key)} & touched):
            return f"The request contains an invalid set of changes for a resource record set '{kind} {name}'"
        touched.add((action, key))
        old = records.get(key)
        if action == "CREATE" and old is not None:
            return f"Tried to create resource record set {what} but it already exists"
        if action == "DELETE":
            if old is None:
                return f"Tried to delete resource record set {what} but it was not found"
            if _values(old) != _values(record):
                return (f"Tried to delete resource record set {what} but the values provided do not match the current "
                        "values")
            if kind in ("NS", "SOA") and name == zone.name:
                return f"A HostedZone must contain exactly one SOA record and at least one NS record: {what}"
            del records[key]
        else:
            records[key] = record
        return None

    def dump(self, id):
        zone = self._zone(id)
        with self._lock:
            return [record for _, record in sorted(zone.records.items(), key=lambda item: _order(item[0]))]


def _order(key):
    name, kind, identifier = key
    return name.rstrip(".").split(".")[::-1], kind, identifier or ""


def _values(record):
    return (record.get("TTL"), sorted(value["Value"] for value in record.get("ResourceRecords", [])),
            record.get("AliasTarget"), record.get("Weight"))


def _value_problem(record):
    kind, name = record["Type"], record["Name"]
    if any(len(label) > 63 for label in _OCTAL.sub("x", name).split(".")) or len(_OCTAL.sub("x", name)) > 255 or (
            ".." in name):
        return f"FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '{name}'"
    values = [value["Value"] for value in record.get("ResourceRecords", [])]
    if "AliasTarget" in record:
        return None if not values and "TTL" not in record else "AliasTarget excludes TTL and ResourceRecords"
    if "TTL" not in record or not values:
        return f"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]] for {name}"
    if len(set(values)) != len(values):
        return f"Duplicate Resource Record: '{values[0]}'"
    if kind in ("A", "AAAA"):
        for value in values:
            try:
                address = ipaddress.ip_address(value)
            except ValueError:
                address = None
            if address is None or address.version != (4 if kind == "A" else 6):
                return ("Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 "
                        f"address) encountered with '{value}''")
    return None


def _conflicts(records):
    """A CNAME stands alone under its name."""
    aliases = {key[0] for key in records if key[1] == "CNAME"}
    return [f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the "
            "same DNS name" for name in sorted(aliases) if any(key[0] == name and key[1] != "CNAME" for key in records)]
