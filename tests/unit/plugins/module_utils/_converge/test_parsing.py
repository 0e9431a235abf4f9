# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON and texts from places where others may write."""

from __future__ import annotations

import gzip

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.parsing import decode_text, parse

MOST = 1024 * 1024


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (gzip.compress(b"{}", mtime=0), "gzip-compressed; decompress it or name the raw file"),
        (b"<!DOCTYPE html><html></html>", "page of HTML"),
        (b"\n  <html>", "page of HTML"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b" " * (MOST + 1), "more than 1 MiB"),
    ],
)
def test_a_file_of_another_kind_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_text(content, most=MOST)


def test_a_text_may_have_a_mark_of_its_order_of_bytes() -> None:
    assert decode_text(b"\xef\xbb\xbf{}", most=MOST) == "{}"


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "c": 2, "a": 3}}]'])
def test_a_name_that_stands_twice_is_refused_on_request(text: str) -> None:
    parse(text)
    with pytest.raises(ValueError, match="an object has a name twice"):
        parse(text, refuses_repeats=True)


@pytest.mark.parametrize(
    "text", ["[" * 101 + "]" * 101, '{"a":' * 101 + "1" + "}" * 101, "[" * 100_000, "NaN", "1e999"]
)
def test_what_no_document_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"nested too deeply|not a number"):
        parse(text, refuses_repeats=True)
    with pytest.raises(ValueError, match=r"nested too deeply|not a number"):
        parse(text)


def test_equal_names_of_different_objects_are_no_repeats() -> None:
    assert parse('[{"a": {"a": 1}}, {"a": 2}]', refuses_repeats=True) == [{"a": {"a": 1}}, {"a": 2}]
