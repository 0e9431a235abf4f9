# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""HTML pages by Jinja2: the environment of the templates, and the frame that all pages share.

Templates escape every value. They are read from the directory beside this file, as are the style sheet and the script.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jinja2
import jinja2.ext
import jinja2.lexer
import markupsafe

from ...module_utils._converge.finding import Severity
from ...module_utils._report.grouping import FRAMEWORKS
from ...module_utils._report.impact_text import OUTCOMES, PARTS, SOURCES
from ...module_utils._report.paths import format_count, is_arn, kind_of, name_of
from ...module_utils._report.plain import as_json, visible
from .text import describe_percent

#: The error of a template if a document lacks a member, or has another kind of value there.
MALFORMED: t.Final = jinja2.TemplateRuntimeError

_HERE: t.Final = Path(__file__).parent
# Line breaks beside elements and at the ends of what stands between two delimiters of Jinja2.
_BREAKS: t.Final = re.compile(r"^\s*\n\s*|\s*\n\s*$|(?<=>)\s*\n\s*|\s*\n\s*(?=<)")
# So many results of a macro are kept: badges of free text, such as regions, come and go.
_KEPT: t.Final = 1024
_WORDS: t.Final = re.compile("(?<=:)(?=[a-zA-Z])|(?<=[a-z])(?=[A-Z])")
# A word with a character at which browsers break lines.
_WHOLE: t.Final = re.compile(r"(?<!\S)(\S*[-/:?…]\S+)")
# Frameworks by names that are short enough for a badge.
_SHORT: t.Final = {"cis_7.0": "CIS 7.0", "cis_5.0": "CIS 5.0", "cis_3.0": "CIS 3.0", "security_hub": "Security Hub"}


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page that the navigation leads to; ``count`` stands beside its name.

    ``template`` renders it from ``view``.
    """

    id: str
    name: str
    template: str
    view: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    count: t.Optional[int] = None


def render(template: str, *, title: str, subtitle: str, sections: Sequence[Section], footer: str, **view: t.Any) -> str:
    """A page, made by a template that extends ``page.html.j2``.

    Characters that can't be seen are made visible: one that turns the direction of writing around belongs to no name,
    and hides what a name is. Neither the templates nor the style sheet and the script have any.
    """
    page = ENVIRONMENT.get_template(template).render(
        title=title, subtitle=subtitle, sections=sections, footer=footer, **view
    )
    return visible(page)


def warm() -> None:
    """Compile all templates, in the process whose workers render."""
    for name in ENVIRONMENT.list_templates(extensions=["j2"]):
        ENVIRONMENT.get_template(name)


def make_anchor(fingerprint: str) -> str:
    """The id of a finding in the page."""
    return f"finding-{fingerprint[:16]}"


class _Compact(jinja2.ext.Extension):
    """Leaves out the line breaks and the indentation that make a template readable; white space within a line stays."""

    def filter_stream(self, stream: jinja2.lexer.TokenStream) -> Iterator[jinja2.lexer.Token]:
        for token in stream:
            if token.type == "data":
                token = jinja2.lexer.Token(token.lineno, token.type, _BREAKS.sub("", token.value))
            yield token


def _read(name: str) -> markupsafe.Markup:
    """A file that becomes a part of each page, without the comment at its start."""
    return markupsafe.Markup((_HERE / name).read_text(encoding="utf-8").partition("*/\n")[2])


def _hash(content: str) -> str:
    """Hash a style sheet or script for the policy of a page (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _format_moment(text: t.Optional[str]) -> str:
    """A time of a document as people read it."""
    return (text or "").replace("T", " ").replace("Z", " UTC")


def keep_whole(text: t.Any) -> markupsafe.Markup:
    """``text``, escaped, in which a browser breaks no ARN and no name, unless it is wider than its place.

    Browsers break lines at hyphens and slashes too.
    """
    parts = _WHOLE.split(str(text)) if _WHOLE.search(str(text)) else [str(text)]
    shown = (
        markupsafe.Markup('<span class="whole">{}</span>').format(part) if place % 2 else markupsafe.escape(part)
        for place, part in enumerate(parts)
    )
    return markupsafe.Markup("").join(shown)


def _make_environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        extensions=[_Compact],
        auto_reload=False,
    )
    environment.filters.update(
        anchor=make_anchor,
        as_json=as_json,
        benchmark=lambda benchmark: FRAMEWORKS.get(benchmark, benchmark),
        counted=format_count,
        digest=_hash,
        g=lambda number: f"{number:g}",
        is_arn=is_arn,
        # By type as well: a text that is no markup equals one that is, and must be escaped.
        keep_results=functools.lru_cache(maxsize=_KEPT, typed=True),
        kind_of=kind_of,
        moment=_format_moment,
        moved=describe_percent,
        whole=keep_whole,
        name_of=name_of,
        words=_WORDS.split,
    )
    environment.globals.update(
        frameworks={**FRAMEWORKS, **_SHORT},
        outcomes=OUTCOMES,
        parts=PARTS,
        script=_read("report.js"),
        severities=[severity.value for severity in Severity],
        sources=SOURCES,
        style=_read("report.css"),
    )
    return environment


ENVIRONMENT: t.Final = _make_environment()
