# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Sessions of ``aws login``: whose they are, and the writes that revoke them.

A revoked session can't be refreshed any more. Its credentials last for 15 minutes at most.
https://docs.aws.amazon.com/signin/latest/APIReference/API_BatchRevokeSessions.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ..._account.moments import format_utc
from ..._converge.arn import Principal, principal_of
from ..._converge.change import Change, Impact
from .names import KIND_REVOKE

SERVICE: t.Final = "signin"
LIST: t.Final = "ListSessions"
GET: t.Final = "GetSession"
REVOKE: t.Final = "BatchRevokeSessions"
ACTIVE: t.Final = "ACTIVE"
REVOKED: t.Final = "REVOKED"
#: The service is not offered elsewhere: ARNs of other partitions do not match its model.
PARTITION: t.Final = "aws"
# So many sessions a call, and so long a reason.
_MOST: t.Final = 5
_LONGEST_REASON: t.Final = 256


@dataclasses.dataclass(frozen=True, order=True)
class SigninSession:
    """One session. ``principal_arn`` has no path, whatever that of the user or role is."""

    region: str
    principal_arn: str
    arn: str
    issued: t.Optional[datetime] = None
    expires: t.Optional[datetime] = None
    last_used: t.Optional[datetime] = None
    client_type: str = ""
    user_agent: str = ""

    @classmethod
    def from_answer(cls, record: Mapping[str, t.Any], region: str) -> t.Self:
        """The session in an answer of AWS."""
        return cls(
            region,
            str(record["principalArn"]),
            str(record["sessionArn"]),
            issued=_read_moment(record.get("issuedAt")),
            expires=_read_moment(record.get("expiresAt")),
            last_used=_read_moment(record.get("lastUsedAt")),
            client_type=str(record.get("clientType") or ""),
            user_agent=str(record.get("userAgent") or ""),
        )

    @property
    def principal(self) -> t.Optional[Principal]:
        """The user or role, by its name."""
        return principal_of(self.principal_arn)

    def as_dict(self) -> dict[str, t.Any]:
        """The session for the result. Its client chose the user agent."""
        moments = {"issued": self.issued, "expires": self.expires, "last_used": self.last_used}
        return {
            "region": self.region,
            "principal": self.principal_arn,
            "session": self.arn,
            **{name: format_utc(moment) if moment else None for name, moment in moments.items()},
            "client_type": self.client_type,
            "user_agent": self.user_agent,
        }


def _read_moment(value: t.Any) -> t.Optional[datetime]:
    """Read seconds since 1970; None for what is no time."""
    try:
        return datetime.fromtimestamp(int(value), UTC) if value else None
    except (OverflowError, OSError, ValueError):
        return None


def choose(sessions: Iterable[SigninSession], owners: Iterable[str]) -> tuple[SigninSession, ...]:
    """Choose the sessions of some users and roles, which are given by their ARNs."""
    wanted = {principal_of(arn) for arn in owners} - {None}
    return tuple(sorted(session for session in sessions if session.principal in wanted))


def choose_issued_since(sessions: Iterable[SigninSession], since: t.Optional[datetime]) -> tuple[SigninSession, ...]:
    """Choose the sessions that began at or after a moment; none if there is no moment."""
    return tuple(one for one in sessions if since is not None and one.issued is not None and one.issued >= since)


def make_changes(
    sessions: Sequence[SigninSession], owners: Iterable[str], *, account_id: str, reason: str
) -> Iterator[Change]:
    """Make the writes that revoke sessions, five a call at most. ``owners`` are the ARNs of the principals."""
    by_owner = {principal_of(arn): arn for arn in owners}
    groups: dict[tuple[str, str], list[SigninSession]] = {}
    for session in sessions:
        groups.setdefault((session.region, session.principal_arn), []).append(session)
    for (region, principal_arn), found in groups.items():
        target = by_owner[principal_of(principal_arn)]
        for start in range(0, len(found), _MOST):
            arns = [session.arn for session in found[start : start + _MOST]]
            yield Change(
                account_id=account_id,
                region=region,
                service=SERVICE,
                operation=REVOKE,
                target=target,
                parameters={
                    "principalArn": principal_arn,
                    "sessionArns": arns,
                    "reason": reason[:_LONGEST_REASON],
                },
                before={"sessions": dict.fromkeys(arns, ACTIVE)},
                after={"sessions": dict.fromkeys(arns, REVOKED)},
                kind=KIND_REVOKE,
                impact=Impact.NARROWING,
            )


def explain_errors(answer: Mapping[str, t.Any]) -> str:
    """Explain which sessions AWS did not revoke: it says so one by one. Empty if it revoked all."""
    errors = [error for error in answer.get("errors") or () if isinstance(error, Mapping)]
    return "; ".join(f"{error.get('sessionArn')}: {error.get('code')}: {error.get('message')}" for error in errors)
