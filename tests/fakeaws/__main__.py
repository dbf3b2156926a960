"""`python3 -m fakeaws`: listens, prints one line of JSON with its addresses, and serves until SIGTERM or SIGINT."""

import argparse
import json
import os
import resource
import secrets
import signal
import sys
import threading

from . import guardian
from .task_process import MARK


def main():
    parser = argparse.ArgumentParser(prog="fakeaws", description="An AWS on loopback, for tests.")
    parser.add_argument("--region", default="ap-northeast-1")
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--listen", default="127.0.0.1", help="an address in 127.0.0.0/8")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input does")
    arguments = parser.parse_args()
    if not arguments.listen.startswith("127."):
        parser.error("--listen takes an address in 127.0.0.0/8 only")

    nonce = secrets.token_hex(8)
    guardian_pid, guardian_pipe = guardian.start(f"{MARK}={nonce}.")
    ended, end = os.pipe()
    os.set_blocking(end, False)
    signal.set_wakeup_fd(end)  # a signal wakes the read below, whichever thread the kernel gives it to
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(_serve(arguments, nonce)), flush=True)
    if arguments.end_with_stdin:
        threading.Thread(target=_end_with_stdin, args=(end,), daemon=True).start()
    os.read(ended, 1)
    os.close(guardian_pipe)
    os.waitpid(guardian_pid, 0)  # all tasks have ended when it has
    os._exit(0)  # threads that still serve hold nothing worth waiting for


def _serve(arguments, nonce):
    from .control import Control  # after the fork of the guardian, which needs none of this
    from .http_wire import HttpServer
    from .metadata import Metadata
    from .server import Gateway, World

    world = World(arguments.region, arguments.account)
    world.nonce = nonce
    gateway, metadata, control = Gateway(world), Metadata(world), Control(world)
    servers = [HttpServer(arguments.listen, gateway, gateway.on_head, gateway.on_bad_message),
               HttpServer(arguments.listen, metadata), HttpServer(arguments.listen, control, max_body=256 << 20)]
    world.url, world.metadata_url, control_url = (server.url for server in servers)
    for server in servers:
        server.start()
    return {"url": world.url, "metadata_url": world.metadata_url, "control_url": control_url,
            "region": world.region, "account": world.account, "pid": os.getpid(),
            "user": world.credentials.user.wire(), "role": world.credentials.role.wire()}


def _end_with_stdin(end):
    while sys.stdin.buffer.read(4096):
        pass
    os.write(end, b"x")


if __name__ == "__main__":
    main()
