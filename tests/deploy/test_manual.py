"""The manual pages: clean, and with every option that -help has, and no other."""

import re
import shutil

import pytest

from machine import REPOSITORY, run

PAGES = REPOSITORY / "build" / "man"
PROGRAMS = ("mirage-ecs", "mirage-api", "mirage-proxyd", "mirage-sync", "mirage-purge")


@pytest.fixture(scope="module", autouse=True)
def pages():
    run("make", "-s", "all", "man", cwd=REPOSITORY)
    return sorted(PAGES.glob("*.[58]"))


def test_every_program_has_a_page(pages):
    programs = {p.name for p in (REPOSITORY / "build/bin").iterdir()}
    assert {p.stem for p in pages} == programs | {"mirage.yaml"}


def test_mandoc_is_content(pages):
    said = run("mandoc", "-T", "lint", *pages, check=False).stdout
    # Pages of other packages need not be installed.
    complaints = [line for line in said.splitlines() if "referenced manual not found" not in line and "mandoc.db" not in line]
    assert not complaints, said


@pytest.mark.skipif(not shutil.which("man"), reason="man-db is not installed")
def test_man_is_content(pages):
    for page in pages:
        said = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page, check=False,
                   env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        warnings = [line for line in said.stdout.splitlines() if ": warning: " in line or "error" in line.split(":")[:3]]
        assert said.returncode == 0 and not warnings, warnings


@pytest.mark.parametrize("program", PROGRAMS)
def test_options_are_those_of_help(program):
    help_text = run(REPOSITORY / "build/bin" / program, "-help").stdout
    said = set(re.findall(r"^  -([a-z0-9-]+)", help_text, re.M))
    page = (PAGES / f"{program}.8").read_text()
    shown = set()
    for line in re.findall(r"^\.It Fl (.*)$", page, re.M):
        shown.add(line.split()[0])
        shown.update(re.findall(r"Fl ([a-z0-9-]+)", line))
    assert shown == said and len(said) > 10


def test_keys_are_those_of_the_schema():
    schema = set(re.findall(r'\.key = "([a-z0-9_]+)"', (REPOSITORY / "lib/config/config_schema.c").read_text()))
    page = re.sub(r"\\f[BR]", "", (PAGES / "mirage.yaml.5").read_text())
    missing = {key for key in schema if not re.search(rf"\b{key}\b", page)}
    assert len(schema) > 20 and not missing
