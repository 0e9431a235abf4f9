# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options that many modules share, typed: made once from a module's validated options, before anything is called.

The options themselves are read at the door only: by this room, by the functions ``run`` of modules, and by the class
methods ``of`` and ``from_options`` that type them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .._converge.guard import Limits

Options = Mapping[str, t.Any]
"""The options of a module by name, as Ansible validated them."""


@dataclasses.dataclass(frozen=True)
class StoreOptions:
    """A place of files: a directory, or ``s3://bucket/prefix`` with the key and the role that it is written with.

    ``option`` is the option that names the place, and ``prefix`` how the names of its further options begin.
    What is written in S3 can't be deleted or changed before ``lock_until``.
    """

    location: str
    kms_key_id: t.Optional[str] = None
    role_arn: t.Optional[str] = None
    option: str = ""
    prefix: str = ""
    lock_until: t.Optional[datetime] = None

    @classmethod
    def from_options(cls, options: Options, name: str, *, prefix: str) -> t.Self:
        """The place that the option ``name`` has, with the key and the role in the options that begin with ``prefix``.

        An empty text counts as not given: so AWX sends what nobody filled in.
        """
        key, role = (options.get(f"{prefix}_{suffix}") or None for suffix in ("kms_key_id", "role_arn"))
        return cls(options[name], key, role, name, prefix)

    @classmethod
    def list_from_options(cls, options: Options, name: str, *, prefix: str) -> tuple[t.Self, ...]:
        """The places that the option ``name`` lists, each once."""
        places = split_places(options.get(name))
        return tuple(cls.from_options({**options, name: place}, name, prefix=prefix) for place in places)


def split_places(value: t.Any) -> list[str]:
    """The places in a list, or in a text: one place, several with commas, or a list in JSON, as surveys of AWX have it.

    Ansible makes a list of a text at its commas. The parts of a list in JSON are put together again.
    """
    parts = value.split(",") if isinstance(value, str) else [str(one) for one in value or ()]
    if parts and parts[0].lstrip().startswith("[") and parts[-1].rstrip().endswith("]"):
        with contextlib.suppress(ValueError):
            parts = [str(one) for one in json.loads(",".join(parts))]
    return list(dict.fromkeys(place for part in parts if (place := part.strip())))


@dataclasses.dataclass(frozen=True)
class Run:
    """How a module runs: in which mode, and by which names its run and job are found in the journal and in reports.

    ``details`` are the option ``run_details``, ``approved_plan`` is the hash of a plan or None. With ``keeps_lease`` a
    later task of the job releases the lease of the account. Only a module with the
    option ``mode`` has another one than ``enforce``; whether a module can write at all, its operations say.
    """

    id: str
    job_id: str
    mode: str
    check_mode: bool
    started: datetime
    details: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    # As given: whatever is no hash of a plan is refused where the plan is looked up.
    approved_plan: t.Any = None
    awx_job_id: t.Optional[str] = None
    # The id of a run whose lease is broken; empty for none.
    broken_lease: str = ""
    keeps_lease: bool = False
    # Tells jobs with the same number apart.
    process: str = ""

    @property
    def enforces(self) -> bool:
        """Whether the run is meant to write, be it in check mode."""
        return self.mode == "enforce"

    @property
    def writes(self) -> bool:
        """Whether the run writes."""
        return self.enforces and not self.check_mode


@dataclasses.dataclass(frozen=True)
class Guards:
    """The untouchable principals, the limits of changes, and whether a refusal fails the module."""

    break_glass: tuple[str, ...] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)
    fails_on_refusal: bool = False

    @classmethod
    def from_options(cls, options: Options) -> t.Self:
        """The guards among the options of a module. Not every module has the limits."""
        limits = {name: options[name] for name in ("max_changes", "max_percent") if name in options}
        return cls(
            break_glass=tuple(options.get("break_glass") or ()),
            limits=Limits(**limits),
            fails_on_refusal=options.get("on_refusal") == "fail",
        )


@dataclasses.dataclass(frozen=True)
class FindingOptions:
    """Which findings a result has (``none``, ``failed`` or ``all``), and whether with whole ids of access keys."""

    returned: str = "none"
    reveal_key_ids: bool = False

    @classmethod
    def from_options(cls, options: Options) -> t.Self:
        """The two options; a module without them returns no findings."""
        return cls(options.get("return_findings", "none"), bool(options.get("reveal_key_ids")))
