# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The last questions of a hunt to an account: what is still there, who depends on the keys, which secrets leaked."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from ..._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ..._account.permissions import Permissions
from ..._module.connection import Connection
from ..._module.key_mentions import NOT_SEARCHED, read_last_uses, read_mentions
from ..._module.key_mentions import OPERATIONS as OPERATIONS_OF_CONSUMERS
from ..._policy.documents.arn import arn_account
from ..._policy.hunt.clusters import Suspected
from ..._policy.hunt.dependants.find import LastUse, find_dependants
from ..._policy.hunt.event import Event
from ..._policy.hunt.hunt import Outcome
from ..._policy.hunt.links import find_minted, short_name
from ..._policy.hunt.persistence.state import State
from ..._policy.hunt.secrets import find_readable_secrets
from ..._prediction.hunting.kept import Lookup
from ..._prediction.hunting.kept_state import Present
from ..sweep.observe import OPERATIONS as OPERATIONS_OF_SWEEP
from ..sweep.observe import read_state
from ..sweep.secrets import OPERATIONS as OPERATIONS_OF_SECRETS
from ..sweep.secrets import find_principals, read_secrets
from ..sweep.snapshot_answers import DATASETS

OPERATIONS: t.Final = OPERATIONS_OF_SWEEP.union(
    OPERATIONS_OF_CONSUMERS, OPERATIONS_OF_SECRETS, *(OPERATIONS_OF_DATASETS[dataset] for dataset in DATASETS)
)
# An intruder could make thousands of objects.
_MOST_LOOKUPS: t.Final = 50


def read_present(connection: Connection, outcome: Outcome, regions: Collection[str]) -> Present:
    """Read the present state of an account, as far as a hunt asks about it. Raises InvalidCredentials."""
    access = connection.access
    account_id = access.caller.account_id
    keys = find_keys(outcome)
    mentions = read_mentions(access, keys, regions=regions)
    uses = read_last_uses(access, (key for key in keys if _owner_of(key, outcome) == account_id))
    usual = [event for event in outcome.events if outcome.find_verdict(event) is Suspected.NO]
    own_usual = [event for event in usual if event.account_id == account_id]
    suspects = [event for event in outcome.suspects if event.account_id == account_id]
    rows = find_dependants(own_usual, mentions.mentions, keys)
    present = Present(
        dependants=tuple(row.to_dict() for row in rows),
        last_used=tuple(_describe_use(use) for use in uses),
        unread=(*mentions.unread, f"not searched for the keys: {NOT_SEARCHED}"),
    )
    return present.join(_ask_about_intruder(connection, outcome, suspects, regions)) if suspects else present


def _ask_about_intruder(
    connection: Connection, outcome: Outcome, suspects: Sequence[Event], regions: Collection[str]
) -> Present:
    """Read whether what suspected events left behind is there, and the secrets that their principals could read."""
    access = connection.access
    snapshot = connection.collect(DATASETS)
    found = read_secrets(access, regions=regions)
    principals = find_principals(Permissions(snapshot), list_principals(outcome, snapshot.account_id))
    secrets = find_readable_secrets(found.secrets, principals, suspects)
    state = read_state(access, snapshot, suspects, regions=regions).state
    return Present(state, secrets=tuple(row.to_dict() for row in secrets), unread=found.unread)


def find_keys(outcome: Outcome) -> list[str]:
    """The long-term keys of the seeds and of their users, without those that an intruder made."""
    watched = outcome.scope.watched
    keys = {event.access_key_id for event in outcome.events if short_name(event.principal_arn) in watched}
    keys |= outcome.question.keys
    return sorted(key for key in keys if key.startswith("AKIA") and key not in outcome.tainted.keys)


def _owner_of(key: str, outcome: Outcome) -> str:
    owners = (event.caller_account_id for event in outcome.events if event.access_key_id == key)
    return next(filter(None, owners), "")


def list_principals(outcome: Outcome, account_id: str) -> list[str]:
    """The users and roles of an account that the intruder worked as, or could have, by their ARNs."""
    arns = {event.principal_arn for event in outcome.suspects}
    arns |= {minted.principal for event in outcome.suspects for minted in find_minted(event)}
    return sorted(arn for arn in arns if arn_account(arn) == account_id)


def _describe_use(use: LastUse) -> dict[str, t.Any]:
    when = use.when.strftime("%Y-%m-%dT%H:%M:%SZ") if use.when else ""
    return {"access_key_id": use.key_id, "time": when, "service": use.service, "region": use.region}


def look_up_made(state: State, since: t.Optional[datetime], events: Iterable[Event]) -> dict[Lookup, datetime]:
    """The questions to the event history about objects that were made since the first suspicious time.

    The events of other callers explain them: a deployment of the same day makes objects as well. What ``events`` name
    needs no question.
    """
    named = {str(value) for event in events for value in event.request.values() if isinstance(value, str)}
    made = [one for one in state.made if since is not None and one.created >= since and one.question.key]
    lookups = {
        Lookup("ResourceName", one.question.key[0]): one.created for one in made if one.question.key[0] not in named
    }
    return dict(list(lookups.items())[:_MOST_LOOKUPS])
