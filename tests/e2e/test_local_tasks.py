"""Tasks of this machine that end by themselves, and README's own example of one."""

import json
import os
import pwd
import re
import shutil
import subprocess

import pytest

from stack import BUILD, PORT, REPOSITORY, clean_environment, local_only, own_address, poll

pytestmark = local_only


def ended(stack, subdomain):
    return re.findall(rf"\[warn\] \[supervise\.c:\d+\] task [0-9a-f]{{32}} of {subdomain} \((\S+)\) ended: (.*)", stack.log_path.read_text())


def test_the_log_says_that_a_task_ended_and_why(new_stack):
    def change(config):
        config["local"]["taskdefs"].update({
            "quiet": {"command": ["sh", "-c", "exit 0"]},
            "killed": {"command": ["sh", "-c", "printf 'on\\033[2Jward\\nand on'; kill -9 $$"]},
            "long": {"command": ["sh", "-c", "printf '\\303\\244%.0s' $(seq 3000); exit 1"]},
            "nowhere": {"command": ["sh", "-c", "exec python9 -m http.server"]},
        })
    s = new_stack(change)
    said = {
        "quiet": "its process exited with status 0",
        "dies": "its process exited with status 3; the last line of its output: last words",
        "killed": "its process was ended by signal 9; the last line of its output: and on",
        "long": "its process exited with status 1; the last line of its output: " + "ä" * 200,
        "missing": "cannot run /nonexistent/program: No such file or directory",
        "nowhere": "its process exited with status 127; the last line of its output: sh: 1: exec: python9: not found",
    }
    for taskdef in said:
        s.launch(f"{taskdef}-x", taskdef, wait=False)
    for taskdef, why in said.items():
        assert poll(lambda: ended(s, f"{taskdef}-x"), 10, f"{taskdef} is said to have ended") == [(f"{taskdef}:1", why)]


def test_what_was_told_to_end_is_not_said_to_have(new_stack):
    s = new_stack()
    s.launch("told-x", "web")
    s.launch("last-x", "web")
    s.terminate("told-x")
    poll(lambda: s.tasks("told-x", "stopped")[0]["last_status"] == "STOPPED", 10, "it has stopped")
    s.stop()
    assert not ended(s, "told-x") and not ended(s, "last-x")


def test_in_json_it_is_said_in_json(new_stack):
    s = new_stack(options=["-log-format", "json"])
    s.launch("dies-x", "dies", wait=False)
    lines = poll(lambda: [line for line in s.log_path.read_text().splitlines() if "of dies-x (dies:1) ended" in line], 10, "it is said")
    line = json.loads(lines[0])
    assert line["level"] == "warn" and line["msg"].endswith("the last line of its output: last words")


# --- README -------------------------------------------------------------------------------------


def readme_example(folder):
    """Its file and its commands, word by word but for the folder /tmp/myapp; the options of `make run`; and the sentence of
    the terminal."""
    text = (REPOSITORY / "README.md").read_text().replace("/tmp/myapp", f"{folder}/myapp")
    text = text[text.index("# mirage.yaml\n"):]
    *commands, run = re.search(r"```sh\n(.*?)```", text, re.S)[1].strip().splitlines()
    assert run == 'make run RUN_FLAGS="-conf mirage.yaml"'
    return text[:text.index("```")], "\n".join(commands), re.search(r"ended: (.*)", text)[1]


@pytest.mark.skipif(os.getuid() != 0, reason="root becomes somebody else, or starts as somebody else")
@pytest.mark.parametrize("user", ["root", "nobody"])
def test_the_example_of_readme(new_stack, folder, user):
    """Typed with the umask of the most careful, by root or by somebody else, in a folder that nobody else can enter."""
    conf, commands, sentence = readme_example(folder)
    clone = folder / "clone"
    clone.mkdir(mode=0o700)
    folder.chmod(0o755)
    for name in ("bin", "share"):
        shutil.copytree(BUILD / name, folder / name)
    for path in (folder, clone):
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    become = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
    subprocess.run([*become, "sh", "-c", f"umask 077; {commands}"], check=True, timeout=20, env=clean_environment())
    program = folder / "start"
    program.write_text(f'#!/bin/sh\ncd {clone} || exit\nexec {" ".join(become)} {folder}/bin/mirage-ecs "$@"\n')
    program.chmod(0o755)
    address = own_address()
    listen = {"foreign_address": address, "http": [{"listen": PORT, "target": 80}]}
    s = new_stack(folder=folder, address=address, config=f"{conf}listen: {json.dumps(listen)}\n", start=False,
                  options=["-user", "nobody"] if user == "root" else [], program=program)
    poll(s._ready, 30, "it is ready")
    s.launch("cool-feature", "myapp")
    assert s.env("cool-feature").text == "<h1>Hello from my application</h1>\n"
    s.terminate("cool-feature")
    shutil.rmtree(folder / "myapp")
    s.launch("cool-feature", "myapp", wait=False)
    assert poll(lambda: ended(s, "cool-feature"), 10, "it is said to have ended") == [("myapp:1", sentence)]
    poll(lambda: s.env("cool-feature").status == 404, 10, "its address is not known")
    assert s.env("cool-feature").text.startswith("cool-feature.localhost is not found")
    assert sentence.split("output: ")[1] in s.http("GET", "mirage.localhost", "/logs/cool-feature").text.replace("&#39;", "'")
