"""The way of a request: which service, signature, model, faults, the operation, the answer, the record."""

import time
import traceback

from . import faults, model, shape_check, signature, wire_json
from .addresses import Addresses
from .cloudwatch import CloudWatch
from .credentials import Credentials
from .ecs import Ecs
from .errors import ApiError, LimitError, render_error
from .faults import Faults
from .http_wire import BadMessage, Hang, Reset, Response
from .logs import Logs
from .record import Record
from .route53 import Route53
from .s3 import S3
from .scheduler import Scheduler
from .sts import Sts


class World:
    """All that the parts share. One a process."""

    def __init__(self, region, account):
        self.region, self.account = region, account
        self.clock_offset = 0.0
        self.metadata_url = None
        self.page_sizes = {}
        self.check_answers = False
        self.record, self.faults = Record(), Faults()
        self.credentials = Credentials(self)
        self.scheduler, self.addresses = Scheduler(), Addresses()
        self.logs = Logs(self)
        self.services = {"ecs": Ecs(self), "logs": self.logs, "cloudwatch": CloudWatch(self),
                         "route53": Route53(self), "s3": S3(self), "sts": Sts(self)}

    def now(self):
        return time.time() + self.clock_offset

    def page_size(self, service, operation, default):
        """Items a page: what AWS would give, or fewer when control says so."""
        for name in (f"{service}.{operation}", operation, "*"):
            if name in self.page_sizes:
                return min(default, self.page_sizes[name])
        return default


class Gateway:
    """Handles all requests to the services' port."""

    def __init__(self, world):
        self.world = world

    def on_head(self, request):
        """A reset before the body: only for operations that the head tells."""
        target = request.header("x-amz-target") or "."
        scope = signature.scope_of(request)
        signing = scope[3] if scope else ""
        service = {"monitoring": "cloudwatch"}.get(signing, signing)
        if self.world.faults.take(service, target.partition(".")[2], {"reset_before"}):
            self.world.record.call(service or "unknown", target.partition(".")[2] or "?", None, None,
                                   fault="reset_before")
            raise Reset()

    def on_bad_message(self, message):
        self.world.record.violation("http", "?", message)

    def __call__(self, request):
        call = _Call(self.world, request)
        try:
            response = call.run()
        except (Reset, Hang) as e:
            call.note(None, type(e).__name__)
            raise
        except BadMessage as e:
            self.world.record.violation("http", call.operation, str(e))
            response = Response(e.status, {}, str(e).encode())
        except ApiError as e:
            if isinstance(e, LimitError):
                self.world.record.violation("limit", f"{call.service.name}.{call.operation}", e.message)
            response = render_error(call.service, e)
            call.error = f"{e.code}: {e.message}"
        except Exception as e:  # a fault of the fake itself must not look like one of AWS
            traceback.print_exc()
            self.world.record.violation("answer", call.operation, f"{type(e).__name__}: {e}")
            response = render_error(call.service, ApiError("ServerException", f"fakeaws failed: {e}", 500))
        call.note(response.status)
        return response


class _Call:
    def __init__(self, world, request):
        self.world, self.request = world, request
        self.service, self.operation = None, "?"
        self.params = self.credential = self.error = self.fault = None

    def run(self):
        self.service = service = model.service_of(self.request)
        try:
            self.operation = service.operation_name(self.request)
        except ApiError as e:
            self.world.record.violation("model", service.name, e.message)
            raise
        self._authenticate()
        self._parse()
        self.fault = fault = self.world.faults.take(service.name, self.operation, faults.GENERAL,
                                                            self.params)
        if fault:
            response = faults.before(fault, service, self.operation, self.credential, self.world)
            if response is not None:
                return response
        endless = self.operation in faults.PAGED and self.world.faults.take(service.name, self.operation,
                                                                            {"endless_pages"}, self.params)
        if endless:
            output = faults.endless_page(endless, self.operation, self.world.now())
        else:
            output = self._operate()
        response = service.render(self.operation, output)
        return faults.after(fault, response) if fault else response

    def _authenticate(self):
        if self.operation == "AssumeRoleWithWebIdentity":
            return  # the one that gives keys to those who have none
        try:
            self.credential = signature.verify(self.request, self.service, self.world)
        except signature.Mismatch as e:
            self.world.record.violation("signature", f"{self.service.name}.{self.operation}", f"{e.code}: {e.message}")
            raise

    def _parse(self):
        handler = self.world.services[self.service.name]
        if hasattr(handler, "check_request"):
            handler.check_request(self.request, self.operation)
        try:
            self.params = self.service.parse(self.request, self.operation)
        except (ApiError, UnicodeDecodeError) as e:
            message = e.message if isinstance(e, ApiError) else f"not UTF-8: {e}"
            self.world.record.violation("model", f"{self.service.name}.{self.operation}", message)
            raise e if isinstance(e, ApiError) else ApiError("SerializationException", message)

    def _operate(self):
        handler = getattr(self.world.services[self.service.name], self.operation, None)
        if handler is None:
            self.world.record.violation("model", f"{self.service.name}.{self.operation}", "not in this fake")
            raise ApiError("UnknownOperationException", f"{self.operation} is not in this fake", 501)
        output = handler(self.params, self.credential)
        if self.world.check_answers and self.service.protocol == "json" and output is not None:
            self._check_answer(output)
        return output

    def _check_answer(self, output):
        found = []
        shape = self.service.operation(self.operation).output_shape
        values = wire_json.from_json(output, shape, "", found)
        for problem in found or shape_check.problems(values, shape):
            self.world.record.violation("answer", f"{self.service.name}.{self.operation}", problem)

    def note(self, status, ending=None):
        self.world.record.call(self.service.name if self.service else "?", self.operation, self.params, status,
                               self.error or ending, self.credential.access_key if self.credential else None,
                               self.fault["kind"] if self.fault else None)
