"""Subdomains that are patterns: the earliest launched wins, an exact one before all."""

import pytest

from stack import poll


def who(stack, subdomain):
    r = stack.env(subdomain, "/env")
    return r.json()["SUBDOMAINRAW"] if r.status == 200 else r.status


def test_the_earliest_then_the_next(new_stack):
    s = new_stack()
    for pattern in ("foo-*", "foo-bar-*", "*-baz"):
        s.launch(pattern)
    poll(lambda: who(s, "foo-bar-baz") == "foo-*", 5, "the first answers")
    poll(lambda: who(s, "x-baz") == "*-baz", 5, "the last answers")
    assert who(s, "FOO-1") == "foo-*"
    assert who(s, "bar") == 404
    s.launch("foo-bar-baz")
    poll(lambda: who(s, "foo-bar-baz") == "foo-bar-baz", 5, "the exact one")
    assert who(s, "foo-bar-bay") == "foo-*"
    s.terminate("foo-bar-baz")
    poll(lambda: who(s, "foo-bar-baz") == "foo-*", 5, "the pattern again")
    s.terminate("foo-*")
    poll(lambda: who(s, "foo-bar-baz") == "foo-bar-*", 5, "the second")
    s.terminate("foo-bar-*")
    poll(lambda: who(s, "foo-bar-baz") == "*-baz", 5, "the third")
    s.terminate("*-baz")
    poll(lambda: who(s, "foo-bar-baz") == 404, 5, "nobody")


@pytest.mark.parametrize("pattern, matches, other", [
    ("cls-[a-c]x", "cls-bx", "cls-dx"),
    ("que-?x", "que-1x", "que-x"),
])
def test_classes(stack, pattern, matches, other):
    stack.launch(pattern)
    poll(lambda: who(stack, matches) == pattern, 5, f"{matches} answers")
    assert who(stack, other) == 404
    stack.terminate(pattern)
    poll(lambda: who(stack, matches) == 404, 5, "it is gone")


def test_accesses_count_for_the_pattern(stack):
    stack.launch("acc-*")
    poll(lambda: who(stack, "acc-1") == "acc-*", 5, "it answers")
    poll(lambda: stack.api("GET", "/api/access?subdomain=acc-*").json()["sum"] > 0, 5, "a count")
    stack.terminate("acc-*")
