# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wildcards in actions and resources, and patterns held against patterns."""

from __future__ import annotations

import itertools
import time
import typing as t

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.matching import (
    action_matcher,
    covers,
    make_filled_matcher,
    overlaps,
    resource_matcher,
    text_matcher,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.tokens import Style
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.variables import VERSION, Text

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ACTION = GUIDE + "reference_policies_elements_action.html"
RESOURCE = GUIDE + "reference_policies_elements_resource.html"
VARIABLES = GUIDE + "reference_policies_variables.html"
LANGUAGE = GUIDE + "reference_policies_elements_version.html"
ARN_OPERATORS = GUIDE + "reference_policies_elements_condition_operators.html#Conditions_ARN"

INCOMPLETE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns"
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket/"


@pytest.mark.parametrize(
    ("patterns", "action", "expected", "source"),
    [
        (("iam:ListAccessKeys",), "IAM:listaccesskeys", True, ACTION),
        (("IAM:LISTACCESSKEYS",), "iam:ListAccessKeys", True, ACTION),
        (("iam:*AccessKey*",), "iam:CreateAccessKey", True, ACTION),
        (("iam:*AccessKey*",), "iam:UpdateAccessKey", True, ACTION),
        (("iam:*AccessKey*",), "iam:GetUser", False, ACTION),
        (("s3:*",), "s3:GetObject", True, ACTION),
        (("s3:*",), "s3-object-lambda:GetObject", False, ACTION),
        (("*",), "anything:AtAll", True, ACTION),
        (("iam:List?",), "iam:List", False, ACTION),
        (("iam:Get?ser",), "iam:GetUser", True, ACTION),
        (("s3:Get.bject",), "s3:GetObject", False, ACTION),
        (("s3:[G]et*",), "s3:GetObject", False, ACTION),
        (("iam:PassRole",), "iam:PassRoleX", False, ACTION),
        (("iam:PassRole",), "xiam:PassRole", False, ACTION),
        (("ec2:*", "s3:Get*", "iam:PassRole", "*:Describe*s"), "rds:DescribeDBs", True, ACTION),
        (("ec2:*", "s3:Get*", "iam:PassRole", "*:Describe*s"), "s3:PutObject", False, ACTION),
        ((), "iam:PassRole", False, ACTION),
    ],
)
def test_actions(patterns: tuple[str, ...], action: str, expected: bool, source: str) -> None:
    assert action_matcher(patterns)(action.lower()) is expected, source


def resource(pattern: str, text: str, *, version: str = VERSION, **keys: str) -> Truth:
    return resource_matcher((pattern,), version=version).match(text, Context(keys), set())


@pytest.mark.parametrize(
    ("pattern", "text", "expected", "source"),
    [
        ("*", "arn:aws:iam::111122223333:user/Bob", YES, RESOURCE),
        ("*", "*", YES, RESOURCE),
        ("arn:aws:iam::111122223333:user/Bob", "arn:aws:iam::111122223333:user/Bob", YES, RESOURCE),
        # "In the Resource element, the IAM user name is case sensitive."
        ("arn:aws:iam::111122223333:user/Bob", "arn:aws:iam::111122223333:user/bob", NO, RESOURCE),
        ("arn:aws:iam::111122223333:user/accounting/*", "arn:aws:iam::111122223333:user/accounting/a/b", YES, RESOURCE),
        ("arn:aws:iam::111122223333:user/accounting/*", "arn:aws:iam::111122223333:user/bob", NO, RESOURCE),
        # The objects which that page lists for this pattern, those that match and those that do not.
        (BUCKET + "*/test/*", BUCKET + "1/test/object.jpg", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1/2/test/object.jpg", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1/2/test/3/object.jpg", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1/2/3/test/4/object.jpg", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1///test///object.jpg", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1/test/.jpg", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "/test/object.jpg", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1/test/", YES, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1-test/object.jpg", NO, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "test/object.jpg", NO, RESOURCE),
        (BUCKET + "*/test/*", BUCKET + "1/2/test.jpg", NO, RESOURCE),
        # "If the * wildcard is the last character of a resource ARN segment, it can expand to match beyond the colon
        # boundaries", else wildcards are "within the individual segments".
        ("arn:aws:s3:*", "arn:aws:s3:::bucket/key", YES, RESOURCE),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x", YES, RESOURCE),
        ("arn:aws:*:role/x", "arn:aws:iam::111122223333:role/x", YES, RESOURCE),
        ("arn:aws:iam", "arn:aws:iam::111122223333:role/x", YES, INCOMPLETE),
        ("arn:aws:ec2:us-east-1", "arn:aws:ec2:us-east-1:1:instance/i", YES, INCOMPLETE),
        ("arn:aws:ec2:us-east-1", "arn:aws:ec2:us-east-2:1:instance/i", NO, INCOMPLETE),
        ("arn:aws:ec2:us-*-1", "arn:aws:ec2:us-east-1:1:instance/i", YES, INCOMPLETE),
        ("arn:aws:s3::${x}", "arn:aws:s3::${x}:b", YES, INCOMPLETE),
        ("arn:aws:s3:::", "arn:aws:s3:::b", NO, INCOMPLETE),
        ("arn:aws:ec2:us-*-1:1:instance/i", "arn:aws:ec2:us-east-1:1:instance/i", YES, RESOURCE),
        ("arn:aws:ec2:us-*1:1:instance/i", "arn:aws:ec2:us-east:1:1:instance/i", NO, RESOURCE),
        ("arn:aws:s3:?::b", "arn:aws:s3::::b", NO, RESOURCE),
        ("arn:aws:ec2:us-east-?:1:x", "arn:aws:ec2:us-east-1:1:x", YES, RESOURCE),
        # After the fifth colon there is one segment, in which a colon is a character as any other.
        ("arn:aws:logs:*:*:log-group:*:log-stream:x", "arn:aws:logs:r:1:log-group:a:b:log-stream:x", YES, RESOURCE),
        ("arn:aws:s3:::b/*/x", "arn:aws:s3:::b/1:2/x", YES, RESOURCE),
        ("arn:aws:s3:::b/a?c", "arn:aws:s3:::b/a:c", YES, RESOURCE),
        # An action without resource-level permissions is asked about "*", which only "*" covers.
        ("arn:aws:s3:::*", "*", NO, RESOURCE),
        ("arn:aws:s3:::a.b", "arn:aws:s3:::axb", NO, RESOURCE),
        ("arn:aws:s3:::a[b]", "arn:aws:s3:::a[b]", YES, RESOURCE),
        ("execute-api:/prod/*/pets", "execute-api:/prod/GET/pets", YES, RESOURCE),
        ("arn:aws:s3:::b/new\nline*", "arn:aws:s3:::b/new\nline\n", YES, RESOURCE),
        ("arn:aws:s3:::b/x", "arn:aws:s3:::b/x\n", NO, RESOURCE),
        ("arn:aws:s3:::*/x", "arn:aws:s3:::b/x\n", NO, RESOURCE),
    ],
)
def test_resources(pattern: str, text: str, expected: Truth, source: str) -> None:
    assert resource(pattern, text) is expected, source


@pytest.mark.parametrize(
    ("pattern", "text", "keys", "version", "expected", "source"),
    [
        (BUCKET + "${aws:username}/*", BUCKET + "ann/x", {"aws:username": "ann"}, VERSION, YES, VARIABLES),
        (BUCKET + "${aws:username}/*", BUCKET + "bob/x", {"aws:username": "ann"}, VERSION, NO, VARIABLES),
        # "the resource that includes a policy variable with no value will not match any resource"
        (BUCKET + "${aws:username}/*", BUCKET + "/x", {}, VERSION, NO, VARIABLES),
        (BUCKET + "${aws:username}/*", BUCKET + "${aws:username}/x", {}, VERSION, NO, VARIABLES),
        (BUCKET + "${t, 'wide'}", BUCKET + "wide", {}, VERSION, YES, VARIABLES),
        (BUCKET + "${t, 'wide'}", BUCKET + "wide", {"t": "yellow"}, VERSION, NO, VARIABLES),
        (BUCKET + "${t}/*", BUCKET + "ann/x", {"t": "*"}, VERSION, NO, VARIABLES),
        (BUCKET + "${t}/*", BUCKET + "*/x", {"t": "*"}, VERSION, YES, VARIABLES),
        (BUCKET + "a${*}b", BUCKET + "a*b", {}, VERSION, YES, VARIABLES),
        (BUCKET + "a${*}b", BUCKET + "axb", {}, VERSION, NO, VARIABLES),
        (BUCKET + "a${?}${$}*", BUCKET + "a?$x", {}, VERSION, YES, VARIABLES),
        ("arn:aws:s3::${t}:b", "arn:aws:s3::1:b", {"t": "1"}, VERSION, NO, VARIABLES),
        (BUCKET + "${t}", BUCKET + "1", {"t": "1"}, "2008-10-17", NO, LANGUAGE),
        (BUCKET + "${t}", BUCKET + "${t}", {"t": "1"}, "2008-10-17", YES, LANGUAGE),
    ],
)
def test_resources_with_variables(
    pattern: str, text: str, keys: dict[str, str], version: str, expected: Truth, source: str
) -> None:
    assert resource(pattern, text, version=version, **keys) is expected, source


@pytest.mark.parametrize(
    ("patterns", "expected", "missing"),
    [
        ((BUCKET + "${aws:username}/*",), UNKNOWN, {"aws:username"}),
        ((BUCKET + "${aws:username, 'x'}/*",), UNKNOWN, {"aws:username"}),
        # No user name makes these match or keeps them from it.
        ((BUCKET + "${aws:username}/y",), NO, set()),
        (("arn:aws:iam::*:user/${aws:username}",), NO, set()),
        ((BUCKET + "${aws:username}/*", BUCKET + "*"), YES, set()),
        ((BUCKET + "${gone}/${aws:username}/*",), NO, set()),
        ((BUCKET + "${aws:userid}/x", BUCKET + "${known}/x"), YES, set()),
        ((BUCKET + "${aws:userid}/x", BUCKET + "z${A}/x", BUCKET + "a${A}/x"), UNKNOWN, {"aws:userid", "A"}),
    ],
)
def test_resources_of_a_request_that_is_known_in_part(
    patterns: tuple[str, ...], expected: Truth, missing: set[str]
) -> None:
    context = Context({"known": "ann"}, complete=False, absent=("gone",))
    found: set[str] = set()
    assert resource_matcher(patterns, version=VERSION).match(BUCKET + "ann/x", context, found) is expected
    assert found == missing


def test_the_fast_way_is_there_where_no_variable_is() -> None:
    assert resource_matcher(("*", "arn:aws:s3:::b"), version=VERSION).fixed is not None
    assert resource_matcher((BUCKET + "${*}",), version=VERSION).fixed is not None
    assert resource_matcher((BUCKET + "${a}",), version=VERSION).fixed is None
    assert resource_matcher((BUCKET + "${a}",), version="2008-10-17").fixed is not None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("arn:aws:sns:us-west-2:123456789012:TOPIC", "arn:aws:sns:us-west-2:123456789012:TOPIC", True),
        ("arn:aws:sns:us-west-2:123456789012:TOPIC", "arn:aws:sns:us-west-2:777788889999:TOPIC", False),
        ("arn:aws:sns:us-west-2:123456789012:TOPIC", "arn:aws:sns:us-west-2:123456789012:topic", False),
        ("arn:*:sns:*:123456789012:*", "arn:aws-cn:sns:cn-north-1:123456789012:a:b/c", True),
        # "Each of the six colon-delimited components of the ARN is checked separately": no wildcard spans a colon.
        ("arn:aws:iam:*:role/x", "arn:aws:iam::1:role/x", False),
        ("arn:aws:iam::*", "arn:aws:iam::1:role/x", False),
        ("arn:*", "arn:aws:iam::1:role/x", False),
        # Undocumented: taken as open, as an assessment has to.
        ("*", "arn:aws:iam::1:role/x", True),
        ("**", "arn:aws:iam::1:role/x", True),
        ("*", "not-an-arn", False),
        ("?", "arn:aws:iam::1:role/x", False),
        ("arn:aws:iam::1*:role/x", "arn:aws:iam::123:role/x", True),
        ("arn:aws:iam::1*:role/x", "arn:aws:iam::1:3:role/x", False),
        ("arn:aws:iam::???:role/*", "arn:aws:iam::123:role/a:b", True),
        ("arn:aws:iam::1:role/x", "not-an-arn", False),
        ("*:*:*:*:*:*", "arn:aws:iam::1:role/x", True),
        ("*:*:*:*:*:*", "a:b:c:d:e", False),
    ],
)
def test_arns_by_component(pattern: str, text: str, expected: bool) -> None:
    assert make_filled_matcher(((Text(pattern),),), Style.ARN)(text) is expected, ARN_OPERATORS


def reach(pattern: str, style: Style) -> list[tuple[str, bool]]:
    """Every character of a pattern, and whether as a wildcard it may take a colon: naively, from the definition."""
    free = style is Style.TEXT or (style is Style.RESOURCE and not pattern.startswith("arn:"))
    out = []
    for index, char in enumerate(pattern):
        last = pattern.count(":", 0, index) >= 5
        ends = style is Style.RESOURCE and char == "*" and pattern[index + 1 : index + 2] in ("", ":")
        out.append((char, free or last or ends))
    return out


def naive(pattern: str, text: str, style: Style = Style.RESOURCE) -> bool:
    """A matcher by its definition: the places in the text that the pattern can have reached, character by character."""
    if style is Style.ARN and pattern.count(":") < 5:
        return bool(pattern) and not pattern.strip("*") and text.count(":") >= 5
    if style is Style.RESOURCE and pattern.startswith("arn:") and pattern.count(":") < 5:
        # Whatever is missing is a wildcard, unless a star before it may stand for that already.
        pattern += "" if "*:" in pattern or pattern.endswith("*") else ":*"
    places = {0}
    for char, colons in reach(pattern, style):
        if char == "*":
            for start in list(places):
                stop = len(text) if colons else (text + ":").index(":", start)
                places |= set(range(start, stop + 1))
        else:
            places = {
                place + 1
                for place in places
                if place < len(text) and (text[place] == char or (char == "?" and (colons or text[place] != ":")))
            }
    return len(text) in places


plain = st.text(alphabet="ab:/", max_size=8)
patterns = st.text(alphabet="aab:*?/", max_size=8)
arns = st.lists(plain, min_size=4, max_size=6).map(lambda parts: ":".join(["arn", *parts]))
arn_patterns = st.lists(st.text(alphabet="ab:*?", max_size=6), max_size=6).map(lambda parts: ":".join(["arn", *parts]))


@given(patterns, plain)
def test_agrees_with_the_naive_matcher_on_text(pattern: str, text: str) -> None:
    assert text_matcher((pattern,))(text) is naive(pattern, text, Style.TEXT)


@given(st.one_of(patterns, arn_patterns), st.one_of(plain, arns))
def test_agrees_with_the_naive_matcher_on_resources(pattern: str, text: str) -> None:
    assert resource(pattern, text) is (YES if naive(pattern, text) else NO)


@given(arn_patterns, arns)
def test_agrees_with_the_naive_matcher_on_arns(pattern: str, text: str) -> None:
    assert make_filled_matcher(((Text(pattern),),), Style.ARN)(text) is naive(pattern, text, Style.ARN)


@given(st.data(), arns)
def test_agrees_with_the_naive_matcher_near_a_match(data: st.DataObject, text: str) -> None:
    pattern = "".join(data.draw(st.sampled_from([char, char, "?", "*", char + "*"])) for char in text)
    for style in Style:
        assert make_filled_matcher(((Text(pattern),),), style)(text) is naive(pattern, text, style)


@given(st.text(), st.text())
def test_a_literal_pattern_matches_itself_and_nothing_else(pattern: str, other: str) -> None:
    assume("*" not in pattern and "?" not in pattern and "${" not in pattern)
    assert text_matcher((pattern,))(pattern)
    assert resource(pattern, pattern) is YES
    assert text_matcher((pattern,))(other) is (pattern == other)


@given(st.text(), st.text())
def test_a_star_matches_everything_and_a_prefix_what_begins_with_it(prefix: str, text: str) -> None:
    assert resource("*", text) is YES
    assert text_matcher(("*",))(text)
    stem = prefix.replace("*", "").replace("?", "")
    assert text_matcher((stem + "*",))(stem + text)


@given(st.lists(patterns, max_size=6), plain)
def test_several_patterns_match_what_any_of_them_does(several: list[str], text: str) -> None:
    assert text_matcher(tuple(several))(text) is any(text_matcher((each,))(text) for each in several)


@given(st.lists(patterns, max_size=6), patterns, plain)
def test_more_patterns_never_match_less(several: list[str], more: str, text: str) -> None:
    if text_matcher(tuple(several))(text):
        assert text_matcher((*several, more))(text)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("*", "iam:passrole", True),
        ("iam:*", "iam:pass*", True),
        ("iam:*role", "iam:pass*", True),
        ("iam:get*", "iam:put*", False),
        ("s3:*", "iam:*", False),
        ("a?", "a", False),
        ("a?", "*b", True),
        ("", "*", True),
        ("arn:aws:iam::*:role/app-*", "arn:aws:iam::1:role/*-admin", True),
        ("arn:aws:iam::1:role/app-*", "arn:aws:iam::2:role/*", False),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::1:user/*", False),
        ("arn:aws:iam::1*1:role/a", "arn:aws:iam::*2:role/a", False),
        ("arn:aws:s3:*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3", "arn:aws:s3:::b/*", True),
        ("arn:aws:iam::*:role/*", "*", True),
    ],
)
def test_overlaps(one: str, other: str, expected: bool) -> None:
    assert overlaps(one, other) is expected
    assert overlaps(other, one) is expected


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "iam:*", True),
        ("iam:*", "*", False),
        ("iam:*", "iam:pass*", True),
        ("iam:pass*", "iam:*", False),
        ("iam:*role", "iam:pass*role", True),
        ("a*b", "a*b*b", True),
        ("a?*", "a*?", True),
        ("a?*b", "a*b", False),
        ("a*", "a", True),
        ("?", "*", False),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/app-*", True),
        ("arn:aws:iam::1*2:role/*", "arn:aws:iam::1*:role/*", False),
        ("arn:aws:s3:*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3", "arn:aws:s3:::b/*", True),
        ("*", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::*", "*", False),
        ("arn:*:iam::*:role/*", "arn:aws:iam::*:role/*", True),
    ],
)
def test_covers(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


def texts_of(pattern: str) -> t.Iterator[str]:
    """Some texts that a pattern matches: its wildcards as different things."""
    choices = [{"*": ("", "a", ":", "zb"), "?": ("a", ":", "z")}.get(char, (char,)) for char in pattern]
    return itertools.islice(map("".join, itertools.product(*choices)), 300)


short = st.text(alphabet="ab:*?", max_size=5)
short_patterns = st.one_of(short, short.map(lambda text: "arn:" + text))


@given(short_patterns, short_patterns)
def test_relations_of_patterns_agree_with_what_they_match(one: str, other: str) -> None:
    both = [text for text in texts_of(one) if naive(one, text)]
    if any(naive(other, text) for text in both):
        assert overlaps(one, other)
    if covers(other, one):
        assert all(naive(other, text) for text in both)
        assert overlaps(one, other) or not both
    if not any(char in "*?" for char in one) and not (one.startswith("arn:") and one.count(":") < 5):
        assert covers(other, one) is overlaps(other, one) is naive(other, one)


@given(patterns, patterns)
def test_a_pattern_covers_and_overlaps_itself_and_less(pattern: str, more: str) -> None:
    assert covers(pattern, pattern)
    assert overlaps(pattern, pattern)
    assert covers("*", pattern)
    assert covers(pattern + "*", pattern + more) or pattern.startswith("arn:")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 200 + "b", "a" * 5_000),
        ("a*" * 200 + "b", "a" * 5_000),
        ("?*" * 200 + "b", "a" * 5_000),
        ("arn:" + "*a" * 100 + "b:*:*:*:*b", "arn:" + "a" * 2_000 + ":::::" + "a" * 2_000),
        ("arn:" + ":*a" * 4 + ":" + "*a*:" * 50 + "b", "arn:" + "a:" * 1_000),
    ],
)
def test_hostile_patterns_take_no_exponential_time(pattern: str, text: str) -> None:
    started = time.process_time()
    assert resource(pattern, text) is NO
    assert make_filled_matcher(((Text(pattern),),), Style.ARN)(text) is False
    assert time.process_time() - started < 5


def test_hostile_pairs_of_patterns_are_answered() -> None:
    started = time.process_time()
    assert covers("*a" + "?" * 40 + "b", "*" + "a*" * 40) is False
    assert overlaps("*a" * 60 + "b", "*b" * 60 + "a") is False
    assert time.process_time() - started < 5
