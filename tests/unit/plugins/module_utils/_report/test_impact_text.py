# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The impact of a change as text."""

from __future__ import annotations

import functools

from ansible_collections.hardening.iam.plugins.module_utils._report.impact_text import brief, render
from ansible_collections.hardening.iam.plugins.module_utils._report.plain import WIDTH, printable

from .impacts import developers, document, group, item


def test_what_breaks_comes_before_what_is_safe() -> None:
    text = render(
        document(
            group(
                outcome="will_break",
                will_break=[item(calls=3, last="2026-11-20T09:30:00Z", resources=["arn:aws:lambda:::function:a"])],
                may_break=[item(service="s3", actions=["*"], reason="some of it is lost")],
                unknown_context=[item(service="sqs", actions=["SendMessage"], calls=1, reason="it depends on a key")],
                no_evidence=["no use of it could be read"],
                safe=["dynamodb", "logs"],
                safe_actions=["lambda:GetFunction"],
            )
        )
    )
    assert (
        text
        == """\
PREDICTED IMPACT
Account 111122223333, 2026-11-25T00:00:00Z
If the permissions boundary developer is attached
Principals: 1 safe

1 role: app: WILL BREAK
  will break:
    lambda: InvokeFunction (3 calls, last 2026-11-20)
      on arn:aws:lambda:::function:a
      nothing in the permissions boundary developer allows it
  may break:
    s3: used, action not recorded
      some of it is lost
  may break, because conditions are not known:
    sqs: SendMessage (1 call)
      it depends on a key
  no evidence:
    no use of it could be read
  safe for dynamodb, logs
  safe besides: lambda:GetFunction

Limits of the evidence
  - a yearly job
"""
    )


def test_sources_with_their_windows_and_failures() -> None:
    read = {"window_days": 90, "lag": "minutes", "place": "regions us-east-1", "records": 7, "principals": 2, "of": 3}
    text = render(
        document(
            evidence=[
                {"source": "event_history", "failure": None, **read},
                {"source": "trail", "failure": "no such bucket", **read, "place": "s3://logs"},
            ],
            assumed_unused=["arn:aws:s3:::audit-*"],
        )
    )
    assert "  event history (regions us-east-1): 90 days, 7 records, 2 of 3 principals, lag minutes\n" in text
    assert "  trail files (s3://logs): NOT READ for 2 of 3 principals: no such bucket\n" in text
    assert "  - counted as unused if no resource is recorded: arn:aws:s3:::audit-*\n" in text


def test_acceptances_and_principals_that_are_left_out() -> None:
    accepted = {"principal": "app", "reason": "agreed", "expires": "2026-12-31"}
    skipped = [{"principal": "arn:aws:iam::111122223333:role/aws-reserved/x", "reason": "Identity Center made it"}]
    text = render(document(group(accepted=accepted, kind="user", count=2), skipped=skipped, account_alias="acme"))
    assert "Account 111122223333 (acme), " in text
    assert "2 users: app: SAFE\n  accepted until 2026-12-31: agreed\n" in text
    assert "not judged: arn:aws:iam::111122223333:role/aws-reserved/x: Identity Center made it\n" in text


def test_what_comes_from_elsewhere_can_not_forge_a_line() -> None:
    text = render(document(group(name="app\n1 role: admin: SAFE", will_break=[item(reason="a\x1b[2Jb\u202e")])))
    assert "1 role: app 1 role: admin: SAFE: SAFE" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_ascii_and_width() -> None:
    text = render(document(group(name="r\u00f6le " * 60, safe=["s3"] * 90)), ascii_only=True)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100


def in_short(*groups: dict[str, object], **fields: object) -> str:
    return "\n".join(brief(document(*groups, **fields), printable))


def test_in_short_each_group_has_its_paragraph() -> None:
    lines = brief(developers(), functools.partial(printable, ascii_only=True))
    assert max(map(len, lines)) <= WIDTH
    text = " ".join("\n".join(lines).split())
    assert (
        "If the permissions boundary developer is attached: 1 will break, 1 may break, 1 no evidence, 12 safe" in text
    )
    assert "- WILL BREAK: 1 user: </script>" in text
    assert (
        "on arn:aws:lambda:::function:invoices: nothing in the permissions boundary developer allows it; and 1" in text
    )
    assert "; accepted until 2026-12-31: </script>" in text
    assert "- NO EVIDENCE: 1 role: idle: no use of it could be read -" in text
    assert "- SAFE: 12 roles: dev-team-{01..12}-role: dynamodb, s3 -" in text
    assert text.endswith("Evidence: service last accessed (400 days)")
    assert "\x1b" not in text


def test_in_short_what_is_not_known_is_said() -> None:
    skipped = [{"principal": "arn:aws:iam::111122223333:role/aws-reserved/x", "reason": "change it there"}]
    counts = dict.fromkeys(("will_break", "may_break", "no_evidence", "safe"), 0)
    assert in_short(counts=counts, skipped=skipped).splitlines() == [
        "  If the permissions boundary developer is attached: nobody is affected",
        "  - not judged: arn:aws:iam::111122223333:role/aws-reserved/x: change it there",
        "  Evidence: none",
    ]


def test_in_short_many_groups_are_cut_and_counted() -> None:
    text = in_short(*(group(name=f"app-{number}") for number in range(25)))
    assert text.count("SAFE: 1 role") == 20
    assert "  - 5 more groups are in the other formats of this report" in text
