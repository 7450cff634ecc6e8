# SPDX-License-Identifier: BSD-3-Clause
"""What lbctl --json prints is what its schema says: every member is documented, and every
documented member occurs."""

import copy
import json
import os
import socket

import jsonschema
import pytest
from conftest import ROOT
from lab import ADDRESS, wait_until
from test_crafted import to_vip
from test_ipv6 import config, lab6, service  # noqa: F401 (lab6 is a fixture)
from test_trace import SOMEBODY, Trace
from test_udp import udp_service

from scapy.layers.inet import ICMP, IP, TCP

pytestmark = pytest.mark.any_device

URL = f"http://{ADDRESS.vip}/"
ABSENT = "10.66.0.99"
KEY = "a-key-that-is-long-enough"

# What to ask, and the definition of the answer.
QUESTIONS = [
    ("stats",), ("services",), ("rate",), ("connections",), ("vrrp",), ("health",), ("sync",),
    ("explain", "10.66.0.1:1024", f"{ADDRESS.vip}:80/tcp"), ("explain", "FLOW", "FLOW"),
    ("log-level",), ("trace",), ("backend", "weight", ABSENT, "7"), ("reload",), ("failover",), ("doctor",),
]


def _documented():
    with open(os.path.join(ROOT, "tools", "lbctl", "lbctl.schema.json"), encoding="utf-8") as file:
        return json.load(file)


SCHEMA = _documented()
# Those that no command of lbctl's name is.
PARTS = {"error", "schema-version", "rates"}


def _commands():
    return {name for name in SCHEMA["$defs"] if name not in PARTS and not name.endswith("-entry")}


def _sections(node):
    """Every part of the schema that describes an object's members."""
    if isinstance(node, dict):
        if "object" in node.get("type", []) and "properties" in node:
            yield node
        for value in node.values():
            yield from _sections(value)
    elif isinstance(node, list):
        for value in node:
            yield from _sections(value)


def _strict(command):
    """The schema of one command's whole reply, that takes no member it does not know."""
    schema = copy.deepcopy(SCHEMA)
    schema["properties"]["data"] = {"$ref": f"#/$defs/{command}"}
    for section in _sections(schema):
        # A reply without data has the members of the error definition, which is in place, too.
        if section is not schema:
            section["additionalProperties"] = False
    schema["properties"].update(error={}, details={})
    schema["additionalProperties"] = False
    return schema


def _validate(command, reply):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(_strict(command)).validate(reply)


def _documented_members(node, path):
    for name, member in node.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from _documented_members(member, f"{path}.{name}")


def _members_in(value, node, path):
    """The documented members that occur in a value, each under the definition that it is of."""
    if "$ref" in node:
        path = node["$ref"].rpartition("/")[2]
        node = SCHEMA["$defs"][path]
    if isinstance(value, list):
        for item in value:
            yield from _members_in(item, node["items"], path)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield f"{path}.{name}"
            yield from _members_in(member, node["properties"][name], f"{path}.{name}")


def _trace(lab):
    """Every line of a trace that has something of everything."""
    packets = [bytes(to_vip(lab, TCP(sport=4000 + n, dport=80, flags="S"), client=SOMEBODY))
               for n in range(40)]
    quoted = IP(src=ADDRESS.vip, dst=SOMEBODY) / TCP(sport=80, dport=4000)
    error = to_vip(lab, ICMP(type=3, code=1), bytes(quoted)[:28], client="10.66.9.9")
    trace = Trace(lab.director_a, SOMEBODY, "--rate", "20", "--seconds", "10")
    lab.client.inject([bytes(error), *packets])
    output, errors = trace.process.communicate(timeout=60)
    assert trace.process.returncode == 0, errors
    return [trace.begin, *map(json.loads, output.splitlines())]


def _replies(lab, *question):
    if question == ("trace",):
        return _trace(lab)
    return [_ask(lab.director_a, *(_flow(lab.director_a) if "FLOW" in question else question))]


def _flow(director):
    """The words for a connection that is there."""
    flow = next(c for c in director.lbctl("connections")["connections"]
                if c["protocol"] == "tcp" and c["state"] != "PERSIST"
                and c["virtual"] == f"{ADDRESS.vip}:80")
    return "explain", flow["client"], f"{flow['virtual']}/tcp"


def _ask(director, *command):
    if command[0] == "doctor":  # which asks nobody
        result = director.run(director.lbctl_path, "--json", *command, check=False)
    else:
        result = director.lbctl_run("--json", *command)
    assert result.stdout.count("\n") == 1, result.stdout + result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def busy(lab6, udp_servers):  # noqa: F811
    """A pair of directors with something of everything."""
    lab = lab6
    backends = [{"address": web.address} for web in lab.webs.values()]
    services = [
        lab.service(backends=[*backends, {"address": ABSENT}], persistence="60s"),
        udp_service(lab), service(),
    ]
    for letter, priority in (("a", 150), ("b", 100)):
        director = {"a": lab.director_a, "b": lab.director_b}[letter]
        peer = {"a": lab.director_b, "b": lab.director_a}[letter]
        director.start(config(lab, letter, priority, services,
                              workers={"count": 2, "idle": "sleep"},
                              sync={"peers": [peer.address], "key": KEY}))
    director = lab.director_a
    director.wait_for_vrrp("MASTER")
    director.wait_for_backend("web", ABSENT, "down")
    director.wait_for_backend("web", lab.web1.address, "up")
    wait_until(lambda: director.lbctl("sync")["peers"][0]["state"] == "complete", 20,
               "the peers know each other")
    lab.client.get(URL)
    return lab


def test_every_reply_is_as_documented_and_every_documented_member_occurs(busy):
    director = busy.director_a
    occurred = set()
    for question in QUESTIONS:
        command = question[0]
        for reply in _replies(busy, *question):
            assert reply["ok"] is True and reply["schema"] == 1, reply
            _validate(command, reply)
            occurred |= set(_members_in(reply["data"], {"$ref": f"#/$defs/{command}"}, ""))
    refusal = _ask(director, "log-level", "loud")
    _validate("log-level", refusal)
    occurred |= set(_members_in(refusal, {"$ref": "#/$defs/error"}, ""))
    documented = {member for name, definition in SCHEMA["$defs"].items()
                  for member in _documented_members(definition, name)}
    assert documented - occurred == set()
    assert occurred - documented == set()


def test_every_definition_of_a_command_is_asked_for():
    assert {question[0] for question in QUESTIONS} == _commands()


def test_without_synchronisation_the_reply_has_no_figures(lab):
    lab.start_director([lab.service()])
    reply = _ask(lab.director_a, "sync")
    _validate("sync", reply)
    assert set(reply["data"]) == {"enabled", "peers"}


def test_a_member_that_is_not_documented_or_of_another_type_is_noticed():
    good = {"ok": True, "schema": 1, "data": {"summary": "done"}}
    _validate("failover", good)
    for bad in ({**good, "new": 1}, {**good, "data": {"summary": "done", "new": 1}},
                {**good, "data": {"summary": 5}}, {**good, "data": {}}, {"ok": True, "schema": 1},
                {"ok": True, "data": good["data"]}, {"ok": False, "schema": 1},
                {"ok": False, "schema": 1, "error": "no", "new": 1}):
        with pytest.raises(jsonschema.ValidationError):
            _validate("failover", bad)


def test_every_member_has_a_description_and_every_figure_a_unit():
    def members(node, path):
        for name, member in node.get("properties", {}).items():
            yield f"{path}.{name}", member
            yield from members(member, f"{path}.{name}")

    for name, definition in {**SCHEMA["$defs"], "reply": SCHEMA}.items():
        if name == "reply":
            definition = {"properties": {key: value for key, value in SCHEMA["properties"].items()}}
        else:
            assert definition["description"], name
        for path, member in members(definition, name):
            described = member
            if "$ref" in member:
                described = SCHEMA["$defs"][member["$ref"].rpartition("/")[2]]
            assert described["description"].strip(), path
            kinds = described.get("type", [])
            kinds = [kinds] if isinstance(kinds, str) else kinds
            assert ("unit" in described) == bool({"integer", "number"} & set(kinds)), path


def test_a_refusal_and_an_absent_lbd_are_told_as_json_too(lab):
    lab.start_director([lab.service()])
    director = lab.director_a
    refused = _ask(director, "backend", "drain", "10.66.0.98")
    assert refused["ok"] is False and "10.66.0.98" in refused["error"]
    _validate("backend", refused)
    director.write("services: 5\n")
    faulty = _ask(director, "reload")
    _validate("reload", faulty)
    assert any("lbd.yaml" in line or ":1:" in line for line in faulty["details"]), faulty
    director.stop()
    result = director.lbctl_run("--json", "stats")
    assert result.returncode == 3 and director.socket in result.stderr
    absent = json.loads(result.stdout)
    _validate("stats", absent)
    assert director.socket in absent["error"]


def test_what_is_no_request_is_refused_in_the_same_form(lab):
    lab.start_director([lab.service()])
    for line in (b"{\n", b"[]\n", b'{"command":"format"}\n'):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(lab.director_a.socket)
            client.sendall(line)
            _validate("stats", json.loads(client.makefile().readline()))


def test_lbctl_prints_the_schema_without_a_running_lbd(lab):
    alone = lab.director_a.run(lab.director_a.lbctl_path, "schema")
    assert json.loads(alone.stdout) == SCHEMA
    assert lab.director_a.run(lab.director_a.lbctl_path, "schema", "x", check=False).returncode == 2
