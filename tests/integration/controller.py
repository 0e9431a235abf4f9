# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small API of AWX, for the modules of awx.awx: it keeps objects, and refuses requests that AWX would refuse.

Fields, defaults and checks are those of awx/api/serializers.py and awx/api/views of AWX 24. It is stricter in one
point: AWX ignores a field that it does not know, and this refuses it.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import re
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

Object = dict[str, t.Any]

ENCRYPTED: t.Final = "$encrypted$"
_NOTIFIED: t.Final = (
    "notification_templates_started",
    "notification_templates_success",
    "notification_templates_error",
)
_ASKS: t.Final = (
    *("scm_branch", "diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory"),
    *("credential", "execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout"),
)


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of objects: its fields with their defaults, those that must be given, and the lists beside it."""

    type: str
    fields: t.Mapping[str, t.Any]
    required: tuple[str, ...] = ("name",)
    lists: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    # The modules send these, and AWX ignores them.
    ignored: tuple[str, ...] = ()
    is_unified: bool = False


KINDS: t.Final[dict[str, Kind]] = {
    "organizations": Kind(
        "organization",
        {"name": "", "description": "", "max_hosts": 0, "default_environment": None},
        lists=(*_NOTIFIED, "notification_templates_approvals", "instance_groups", "galaxy_credentials"),
        roles=("admin", "auditor", "execute", "read", "approval"),
    ),
    "teams": Kind("team", {"name": "", "description": "", "organization": None}, required=("name", "organization")),
    "execution_environments": Kind(
        "execution_environment",
        {"name": "", "description": "", "organization": None, "image": "", "credential": None, "pull": ""},
        required=("name", "image"),
    ),
    "instance_groups": Kind(
        "instance_group",
        {"name": "", "is_container_group": False, "credential": None, "pod_spec_override": ""},
        lists=("instances",),
    ),
    "credential_types": Kind(
        "credential_type",
        {"name": "", "description": "", "kind": "", "managed": False, "inputs": {}, "injectors": {}},
        required=("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        {"name": "", "description": "", "organization": None, "credential_type": None, "inputs": {}},
        required=("name", "credential_type"),
        roles=("admin", "use", "read"),
    ),
    "notification_templates": Kind(
        "notification_template",
        {
            "name": "",
            "description": "",
            "organization": None,
            "notification_type": "",
            "notification_configuration": {},
            "messages": dict.fromkeys(("started", "success", "error", "workflow_approval")),
        },
        required=("name", "organization", "notification_type", "notification_configuration"),
    ),
    "projects": Kind(
        "project",
        {
            "name": "",
            "description": "",
            "organization": None,
            "scm_type": "",
            "scm_url": "",
            "scm_branch": "",
            "scm_refspec": "",
            "scm_clean": False,
            "scm_update_on_launch": False,
            "scm_update_cache_timeout": 0,
            "allow_override": False,
            "credential": None,
            "signature_validation_credential": None,
            "default_environment": None,
            "scm_revision": "",
        },
        lists=_NOTIFIED,
        roles=("admin", "use", "update", "read"),
        is_unified=True,
    ),
    "inventories": Kind(
        "inventory",
        {"name": "", "description": "", "organization": None, "kind": "", "host_filter": None, "variables": ""},
        required=("name", "organization"),
        lists=("instance_groups",),
        roles=("admin", "use", "read"),
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            "name": "",
            "description": "",
            "inventory": None,
            "source": "",
            "source_path": "",
            "source_project": None,
            "execution_environment": None,
            "overwrite": False,
            "overwrite_vars": False,
            "update_on_launch": False,
            "update_cache_timeout": 0,
            "source_vars": "",
            "credential": None,
        },
        required=("name", "inventory", "source"),
        lists=_NOTIFIED,
        is_unified=True,
    ),
    "job_templates": Kind(
        "job_template",
        {
            "name": "",
            "description": "",
            "organization": None,
            "job_type": "run",
            "inventory": None,
            "project": None,
            "playbook": "",
            "scm_branch": "",
            "forks": 0,
            "limit": "",
            "verbosity": 0,
            "extra_vars": "",
            "job_tags": "",
            "skip_tags": "",
            "timeout": 0,
            "use_fact_cache": False,
            "execution_environment": None,
            "survey_enabled": False,
            "become_enabled": False,
            "diff_mode": False,
            "allow_simultaneous": False,
            "job_slice_count": 1,
            "prevent_instance_group_fallback": False,
            **{f"ask_{name}_on_launch": False for name in _ASKS},
        },
        required=("name", "project", "playbook"),
        lists=(*_NOTIFIED, "credentials", "instance_groups", "labels"),
        roles=("admin", "execute", "read"),
        is_unified=True,
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            "name": "",
            "description": "",
            "organization": None,
            "extra_vars": "",
            "inventory": None,
            "limit": None,
            "scm_branch": None,
            "job_tags": None,
            "skip_tags": None,
            "survey_enabled": False,
            "allow_simultaneous": False,
            **{
                f"ask_{name}_on_launch": False
                for name in ("variables", "limit", "tags", "skip_tags", "inventory", "scm_branch", "labels")
            },
        },
        lists=(*_NOTIFIED, "notification_templates_approvals", "labels"),
        roles=("admin", "execute", "read", "approval"),
        is_unified=True,
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {"identifier": "", "workflow_job_template": None, "unified_job_template": None, "extra_data": {}},
        required=("identifier", "workflow_job_template"),
        lists=("success_nodes", "always_nodes", "failure_nodes", "credentials", "labels", "instance_groups"),
        ignored=("state",),
    ),
    "workflow_approval_templates": Kind(
        "workflow_approval_template",
        {"name": "", "description": "", "timeout": 0},
        ignored=("identifier", "workflow_job_template", "unified_job_template"),
        is_unified=True,
    ),
    "schedules": Kind(
        "schedule",
        {"name": "", "description": "", "unified_job_template": None, "rrule": "", "enabled": True, "extra_data": {}},
        required=("name", "unified_job_template", "rrule"),
        lists=("credentials", "labels", "instance_groups"),
    ),
}
# The parameters of each way to notify; those in capitals are passwords. A default means that it may be left out.
_NOTIFIERS: t.Final[dict[str, dict[str, t.Any]]] = {
    "slack": {"TOKEN": None, "channels": None, "hex_color": ""},
    "webhook": {
        "url": None,
        "http_method": "POST",
        "disable_ssl_verification": False,
        "username": "",
        "PASSWORD": "",
        "headers": None,
    },
}
_SURVEY_TYPES: t.Final = ("text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float")
# What AWX has by itself.
_BUILT_IN: t.Final = ("Amazon Web Services", "Red Hat Ansible Automation Platform")


class Refusal(Exception):
    """A request that AWX refuses with status 400."""


@dataclasses.dataclass
class Controller:
    """The objects of one AWX, and every request that would change something."""

    playbooks: t.Collection[str] = ()
    # The Automation Platform has the API of the controller at /api/controller/v2/.
    prefix: str = "/api/v2/"
    objects: dict[str, dict[int, Object]] = dataclasses.field(default_factory=dict)
    surveys: dict[int, Object] = dataclasses.field(default_factory=dict)
    lists: dict[tuple[str, int, str], list[int]] = dataclasses.field(default_factory=dict)
    secrets: dict[int, Object] = dataclasses.field(default_factory=dict)
    writes: list[tuple[str, str, Object]] = dataclasses.field(default_factory=list)
    # What it answers about jobs, by path.
    jobs: dict[str, Object] = dataclasses.field(default_factory=dict)
    tokens: set[str] = dataclasses.field(default_factory=set)
    _ids: t.Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        for name in _BUILT_IN:
            self.add("credential_types", {"name": name, "kind": "cloud", "managed": True})

    def all(self, endpoint: str) -> list[Object]:
        """The objects of an endpoint, as a client sees them."""
        return [self.show(endpoint, item) for item in self.objects.get(endpoint, {})]

    def named(self, endpoint: str, name: str) -> Object:
        """The one object of this name."""
        (found,) = [item for item in self.all(endpoint) if item["name"] == name]
        return found

    def names_in(self, endpoint: str, identifier: int, name: str) -> list[str]:
        """The names of the objects in a list of an object."""
        kind = "notification_templates" if name.startswith("notification_templates") else name
        return [self.objects[kind][item]["name"] for item in self.lists.get((endpoint, identifier, name), [])]

    # Requests.

    def get(self, path: list[str], query: Object) -> Object:
        if "/".join(path) in self.jobs:
            return self.jobs["/".join(path)]
        if len(path) == 1:
            endpoints = (
                [name for name, kind in KINDS.items() if kind.is_unified] if path[0].startswith("unified") else path
            )
            found = [self.show(name, item) for name in endpoints for item in self.objects.get(name, {})]
            return _page([item for item in found if self._matches(item, query)])
        endpoint, identifier = path[0], int(path[1])
        if endpoint == "project_updates":
            return {"id": identifier, "status": "successful"}
        if endpoint == "roles":
            return _page([self.show("teams", item) for item in self.lists.get(("roles", identifier, path[2]), [])])
        if len(path) == 2:
            return self.show(endpoint, identifier)
        if path[2] == "survey_spec":
            return self.surveys.get(identifier, {})
        if path[2] not in KINDS[endpoint].lists:
            raise KeyError(path[2])
        return _page([{"id": item} for item in self.lists.get((endpoint, identifier, path[2]), [])])

    def post(self, path: list[str], body: Object) -> tuple[int, Object]:
        if len(path) == 1:
            self._check(path[0], body, is_new=True)
            return 201, self.show(path[0], self.add(path[0], body))
        endpoint, identifier = path[0], int(path[1])
        if path[2] == "survey_spec":
            _check_survey(body)
            self.surveys[identifier] = body
            return 200, {}
        if path[2] == "create_approval_template":
            self._check("workflow_approval_templates", body, is_new=True)
            made = self.add("workflow_approval_templates", body)
            self.objects[endpoint][identifier]["unified_job_template"] = made
            return 201, self.show("workflow_approval_templates", made)
        self._associate((endpoint, identifier, path[2]), body)
        return 204, {}

    def patch(self, path: list[str], body: Object) -> Object:
        endpoint, identifier = path[0], int(path[1])
        self._check(endpoint, body, is_new=False)
        self._store(endpoint, identifier, body)
        return self.show(endpoint, identifier)

    def delete(self, path: list[str]) -> int:
        if path[2:] == ["survey_spec"]:
            self.surveys.pop(int(path[1]), None)
            return 200
        del self.objects[path[0]][int(path[1])]
        for links in self.lists.values():
            links[:] = [item for item in links if item != int(path[1])]
        return 204

    # Objects.

    def show(self, endpoint: str, identifier: int) -> Object:
        """An object with what AWX puts beside its fields."""
        kind, fields = KINDS[endpoint], copy.deepcopy(self.objects[endpoint][identifier])
        url = f"{self.prefix}{endpoint}/{identifier}/"
        related = {name: f"{url}{name}/" for name in (*kind.lists, "survey_spec", "update")}
        lists = {
            name: self.lists.get((endpoint, identifier, name), []) for name in kind.lists if name.endswith("_nodes")
        }
        summary: Object = {
            "object_roles": {f"{role}_role": {"id": self._role(identifier, role)} for role in kind.roles}
        }
        for name, target in (("workflow_job_template", "workflow_job_templates"), ("organization", "organizations")):
            if fields.get(name):
                summary[name] = {"id": fields[name], "name": self.objects[target][fields[name]]["name"]}
        if template := fields.get("unified_job_template"):
            where = self._endpoint_of(template)
            related["unified_job_template"] = f"{self.prefix}{where}/{template}/"
            summary["unified_job_template"] = {"id": template, "name": self.objects[where][template]["name"]}
        if endpoint == "projects" and not fields["scm_revision"]:
            summary["current_update"] = {"id": identifier}
            self.objects[endpoint][identifier]["scm_revision"] = "0" * 40
        top = {"id": identifier, "type": kind.type, "url": url, "related": related, "summary_fields": summary}
        return {**top, **fields, **lists}

    def add(self, endpoint: str, body: Object) -> int:
        """Add an object and return its identifier."""
        identifier = next(self._ids)
        self.objects.setdefault(endpoint, {})[identifier] = copy.deepcopy(dict(KINDS[endpoint].fields))
        self._store(endpoint, identifier, body)
        return identifier

    def _store(self, endpoint: str, identifier: int, body: Object) -> None:
        kind, stored = KINDS[endpoint], self.objects[endpoint][identifier]
        if any(body.get(name, stored.get(name)) != stored.get(name) for name in ("scm_url", "scm_branch")):
            stored["scm_revision"] = ""
        stored |= {name: value for name, value in body.items() if name in kind.fields}
        secret: t.Collection[str] = ()
        if endpoint == "credentials":
            fields = self.objects["credential_types"][stored["credential_type"]]["inputs"].get("fields", [])
            secret = {field["id"] for field in fields if field.get("secret")}
            self._hide(identifier, stored["inputs"], secret)
        if endpoint == "notification_templates":
            parameters = _NOTIFIERS[stored["notification_type"]]
            filled = {name.lower(): value for name, value in parameters.items() if value is not None}
            stored["notification_configuration"] = {**filled, **stored["notification_configuration"]}
            secret = {name.lower() for name in parameters if name.isupper()}
            self._hide(identifier, stored["notification_configuration"], secret)

    def _hide(self, identifier: int, values: Object, secret: t.Collection[str]) -> None:
        for name in secret:
            if values.get(name) and values[name] != ENCRYPTED:
                self.secrets.setdefault(identifier, {})[name] = values[name]
                values[name] = ENCRYPTED

    def _associate(self, where: tuple[str, int, str], body: Object) -> None:
        allowed = ("teams", "users") if where[0] == "roles" else KINDS[where[0]].lists
        if where[2] not in allowed:
            raise KeyError(where[2])
        links = self.lists.setdefault(where, [])
        if body.get("disassociate"):
            links.remove(body["id"])
        else:
            links.append(body["id"])

    def _role(self, identifier: int, role: str) -> int:
        return identifier * 100 + ("admin", "execute", "read", "approval", "auditor", "use", "update").index(role)

    def _endpoint_of(self, identifier: int) -> str:
        return next(name for name, items in self.objects.items() if identifier in items)

    def _matches(self, item: Object, query: Object) -> bool:
        for name, wanted in query.items():
            if name == "page_size":
                continue
            value: t.Any = item
            for part in name.split("__"):
                # "a__b" of a related object, by its identifier.
                if isinstance(value, int):
                    value = self.objects[self._endpoint_of(value)][value]
                if part not in value and part != "organization":
                    raise Refusal({"detail": f"{item['type']} has no field named {part}"})
                # Every kind of template has an organization, a template of an approval for one has none.
                value = value.get(part)
            if str(value) != wanted:
                return False
        return True

    def _check(self, endpoint: str, body: Object, *, is_new: bool) -> None:
        kind = KINDS[endpoint]
        unknown = body.keys() - kind.fields.keys() - {*kind.ignored, "type"}
        missing = {name for name in kind.required if is_new and body.get(name) in (None, "")}
        if unknown or missing:
            raise Refusal({name: ["unknown"] for name in unknown} | {name: ["required"] for name in missing})
        for name, value in body.items():
            default = kind.fields.get(name)
            if default is not None and not isinstance(value, type(default)):
                raise Refusal({name: [f"{value!r} is no {type(default).__name__}"]})
        checks = {"job_templates": self._check_template, "schedules": _check_schedule, "instance_groups": _check_pod}
        checks |= {"notification_templates": _check_notifier}
        checks.get(endpoint, lambda body: None)(body)

    def _check_template(self, body: Object) -> None:
        if body["playbook"] not in self.playbooks:
            raise Refusal({"playbook": ["Playbook not found for project."]})
        json.loads(body.get("extra_vars", "{}"))


def _page(found: list[Object]) -> Object:
    return {"count": len(found), "next": None, "previous": None, "results": found}


def _check_schedule(body: Object) -> None:
    if not re.fullmatch(r"DTSTART(;TZID=[\w/]+)?:\d{8}T\d{6}Z? RRULE:FREQ=[A-Z]+;.*INTERVAL=\d+.*", body["rrule"]):
        raise Refusal({"rrule": ["DTSTART, FREQ and INTERVAL are required"]})


def _check_pod(body: Object) -> None:
    pod = yaml.safe_load(body["pod_spec_override"])
    if pod["kind"] != "Pod" or not pod["metadata"]["namespace"] or not pod["spec"]["containers"]:
        raise Refusal({"pod_spec_override": ["no pod"]})


def _check_notifier(body: Object) -> None:
    parameters = _NOTIFIERS[body["notification_type"]]
    missing = {
        name
        for name, value in parameters.items()
        if value is None and name.lower() not in body["notification_configuration"]
    }
    unknown = body["notification_configuration"].keys() - {name.lower() for name in parameters}
    if missing or unknown:
        raise Refusal({"notification_configuration": [f"missing {missing}, unknown {unknown}"]})


def _check_survey(survey: Object) -> None:
    """The checks of JobTemplateSurveySpec in awx/api/views."""
    if not (isinstance(survey.get("name"), str) and isinstance(survey.get("description"), str) and survey.get("spec")):
        raise Refusal({"error": "name, description or spec is missing from survey spec."})
    variables = [item["variable"] for item in survey["spec"]]
    for item in survey["spec"]:
        texts = all(isinstance(item.get(name), str) for name in ("type", "question_name", "variable"))
        choices = item.get("choices", [])
        if not texts or not isinstance(item.get("required"), bool) or item["type"] not in _SURVEY_TYPES:
            raise Refusal({"error": f"survey question {item}"})
        if variables.count(item["variable"]) > 1 or not isinstance(item.get("default", ""), str):
            raise Refusal({"error": f"survey question {item}"})
        if any(not isinstance(item.get(name, 0), int) for name in ("min", "max")):
            raise Refusal({"error": f"survey question {item}"})
        if item["type"] == "multiplechoice" and item.get("default", choices[0]) not in choices:
            raise Refusal({"error": "Default choice must be answered from the choices listed."})


class Server:
    """Serves a controller on a port of this machine."""

    def __init__(self, controller: Controller) -> None:
        handler = type("Handler", (_Handler,), {"controller": controller})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    controller: t.ClassVar[Controller]

    def _answer(self) -> None:
        url = urlsplit(self.path)
        self.controller.tokens.add(self.headers.get("Authorization", ""))
        path = [unquote(part) for part in url.path.removeprefix(self.controller.prefix).strip("/").split("/")]
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        try:
            status, found = self._do(path, dict(parse_qsl(url.query, keep_blank_values=True)), body)
        except Refusal as refusal:
            status, found = 400, refusal.args[0]
        except KeyError:
            status, found = 404, {"detail": "Not found."}
        answer = json.dumps(found).encode() if status != 204 else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def _do(self, path: list[str], query: Object, body: Object) -> tuple[int, Object]:
        if self.command == "GET":
            return 200, self.controller.get(path, query)
        self.controller.writes.append((self.command, "/".join(path), body))
        if self.command == "POST":
            return self.controller.post(path, body)
        if self.command == "PATCH":
            return 200, self.controller.patch(path, body)
        return self.controller.delete(path), {}

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""
