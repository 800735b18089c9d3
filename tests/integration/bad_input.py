# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad values of options, and what the sentence about each of them must say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.cast import US1

CLOUDS = ("us-1", "us-2", "us-3", "eu-1", "us-gov-1", "us-gov-2")


@dataclass
class Case:
    """Arguments and variables of a task, and what its error must say."""

    says: tuple[str, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)


def argument(says: str | tuple[str, ...], **arguments: Any) -> Case:
    """One bad argument: the error names it, and that it is an argument."""
    name = next(iter(arguments))
    more = (says,) if isinstance(says, str) else says
    return Case((f"{name} (argument)", *more), arguments=arguments)


def variable(says: str, **variables: Any) -> Case:
    name = next(iter(variables))
    return Case((f"(variable {name})", says), variables=variables)


# The secrets of these stand in a vaulted file, since Ansible itself shows what stands in the play.
SECRETS = {
    "space": "abcdefghij klmnopqrstuvwxyz0123456789ABCD",
    "line_break": "abcdefghijlklmnopqrstuvwxyz0123456789ABC\n",
    "tab": "abcdefghij\tlklmnopqrstuvwxyz0123456789ABC",
    "control": "abcdefghij\u0007lklmnopqrstuvwxyz0123456789ABC",
    "umlaut": "abcdefghij\u00fclklmnopqrstuvwxyz0123456789ABC",
}

CASES = {
    "id too short": argument("32 hexadecimal digits", client_id="abc123"),
    "id too long": argument("32 hexadecimal digits", client_id=f"{US1.client_id}0"),
    "id not hex": argument("32 hexadecimal digits", client_id="g" * 32),
    "id of another alphabet": argument("32 hexadecimal digits", client_id="\u0661" * 32),
    "id as a number": argument("32 hexadecimal digits", client_id=12345),
    "id as a list": argument("must be a string", client_id=["a"]),
    "id in a variable": variable("32 hexadecimal digits", falcon_client_id="nonsense"),
    "member not hex": argument("customer id", member_cid="child A"),
    "member with a long checksum": argument("customer id", member_cid=f"{US1.cid}-ABC"),
    "member in a variable": variable("customer id", falcon_member_cid="1234"),
    "cloud unknown": argument(CLOUDS, cloud="us-9"),
    "cloud in capitals": argument(CLOUDS, cloud="US-1"),
    "cloud in a variable": variable("us-gov-2", falcon_cloud="mars"),
    "cloud and hostname": Case(
        ("cloud (argument)", "hostname (argument)", "give one of them"),
        arguments={"cloud": "us-1", "hostname": "https://api.us-2.crowdstrike.com"},
    ),
    "cloud and hostname in variables": Case(
        ("cloud (variable falcon_cloud)", "hostname (variable falcon_hostname)"),
        variables={"falcon_cloud": "us-1", "falcon_hostname": "https://api.us-2.crowdstrike.com"},
    ),
    "hostname without a scheme": argument("full URL", hostname="api.crowdstrike.com"),
    "hostname over http": argument("must begin with https://", hostname="http://api.crowdstrike.com"),
    "hostname over http that looks like loopback": argument("https://", hostname="http://127.0.0.1.example.com"),
    "hostname with a path": argument("without a path", hostname="https://api.crowdstrike.com/oauth2/token"),
    "hostname with a query": argument("without a path or a query", hostname="https://api.crowdstrike.com?a=b"),
    "hostname with a fragment": argument("without a path or a query", hostname="https://api.crowdstrike.com#a"),
    "hostname with a user": argument("without a user", hostname="https://somebody@api.crowdstrike.com"),
    "hostname with a bad port": argument("full URL", hostname="https://api.crowdstrike.com:port"),
    "hostname with a space": argument("white space", hostname="https://api.crowd strike.com"),
    "hostname with a line break": argument("control characters", hostname="https://api.crowd\nstrike.com"),
    "hostname of another scheme": argument("full URL", hostname="ftp://api.crowdstrike.com"),
    "hostname in a variable": variable("must begin with https://", falcon_hostname="http://192.0.2.1:8080"),
    "client unknown": Case(
        ("no stored client 'staging' (argument)", "known are eu, production"), arguments={"client": "staging"}
    ),
    "client unknown, in a variable": Case(
        ("no stored client 'staging' (variable falcon_client)", "known are eu, production"),
        variables={"falcon_client": "staging", "falcon_client_id": "", "falcon_client_secret": ""},
    ),
    "client and client_id": Case(
        ("client (argument)", "client_id (argument)", "both say who asks"),
        arguments={"client": "production", "client_id": US1.client_id},
    ),
    "clients file missing": Case(
        ("clients_file", "missing.yml", "(argument)", "does not exist"),
        arguments={"client": "x", "clients_file": "missing.yml"},
    ),
    "clients file is a directory": Case(
        ("clients_file", "group_vars", "(argument)"), arguments={"client": "x", "clients_file": "group_vars"}
    ),
    "clients file without an end": Case(
        ("clients_file /dev/zero (argument)", "no regular file of at most 1 MB"),
        arguments={"client": "x", "clients_file": "/dev/zero"},
    ),
    "clients file not YAML": Case(
        ("clients_file", "not-yaml.yml", "(argument)", "cannot be read as YAML", "line"),
        arguments={"client": "x", "clients_file": "not-yaml.yml"},
    ),
    "clients file not a mapping": Case(
        ("clients_file", "list.yml", "(argument)", "must hold a mapping"),
        arguments={"client": "x", "clients_file": "list.yml"},
    ),
    "clients file empty": Case(
        ("clients_file", "empty.yml", "(argument)"), arguments={"client": "x", "clients_file": "empty.yml"}
    ),
    "clients file in a variable": Case(
        ("clients_file", "missing.yml", "variable falcon_clients_file"),
        arguments={"client": "x"},
        variables={"falcon_clients_file": "missing.yml"},
    ),
    "stored client with an unknown key": Case(
        ("stored client 'typo'", "unknown key secret", "client_secret"),
        arguments={"client": "typo", "clients_file": "clients.yml"},
    ),
    "stored client without a secret": Case(
        ("stored client 'half'", "no client_secret"), arguments={"client": "half", "clients_file": "clients.yml"}
    ),
    "stored client that is no mapping": Case(
        ("stored client 'text'", "must be a mapping"), arguments={"client": "text", "clients_file": "clients.yml"}
    ),
    "stored client with cloud and hostname": Case(
        ("stored client 'twofold'", "both cloud and hostname"),
        arguments={"client": "twofold", "clients_file": "clients.yml"},
    ),
    "stored client with a bad cloud": Case(
        ("cloud (stored client 'nowhere')", "us-gov-2"), arguments={"client": "nowhere", "clients_file": "clients.yml"}
    ),
    "stored client with a list for an id": Case(
        ("stored client 'list'", "client_id must be a string"),
        arguments={"client": "list", "clients_file": "clients.yml"},
    ),
    "session with white space": argument("letters, digits", session="my pipeline"),
    "session with a line break": argument("letters, digits", session="my\npipeline"),
    "session of another alphabet": argument("letters, digits", session="h\u00e4ppy"),
    "session in a variable": variable("letters, digits", falcon_session_name="a b"),
    "session too long": argument("1 to 128", session="x" * 129),
    "timeout 0": argument("from 1 to 300", timeout=0),
    "timeout not a number": argument("whole number", timeout="soon"),
    "retries 11": argument("from 0 to 10", retries=11),
    "min_ttl 1201": argument("from 0 to 1200", min_ttl=1201),
    "min_ttl in a variable": variable("from 0 to 1200", falcon_min_ttl=-1),
    "validate_certs not a boolean": argument("true or false", validate_certs="perhaps"),
    "cache_prefix with a path": argument("", cache_prefix="a/b"),
    "cache_prefix that leaves the directory": argument("", cache_prefix="../../elsewhere"),
    "cache_prefix with a control character": argument("", cache_prefix="a\0b"),
    "cache_prefix too long for a file's name": argument("", cache_prefix="x" * 300),
    "user_agent with a line break": argument("", user_agent="mycompany\nX-Header: 1"),
    "an argument that does not exist": Case(
        ("Unsupported argument", "member", "member_cid"), arguments={"member": "x"}
    ),
    **{
        f"secret with {name}": Case(
            ("client_secret (argument)", "characters"),
            arguments={"client_id": US1.client_id, "client_secret": f"{{{{ bad.{name} }}}}"},
        )
        for name in SECRETS
    },
    "secret in a variable": Case(
        ("client_secret (variable falcon_client_secret)", "white space"),
        variables={"falcon_client_secret": "{{ bad.line_break }}"},
    ),
    "secret not rendered": Case(
        ("client_secret (argument)", "template that was not rendered"),
        arguments={"client_id": US1.client_id, "client_secret": "{{ unrendered }}"},
    ),
    "secret of a template that fails": Case(
        ("client_secret", "variable falcon_client_secret", "could not be rendered"),
        variables={"falcon_client_secret": "{{ not_defined_anywhere }}"},
    ),
    "secret empty": Case(
        ("client_id", "no client_secret goes with it", "is empty, which ends the search"),
        variables={"falcon_client_secret": ""},
    ),
    "id empty": Case(
        ("client_secret", "no client_id", "falcon_client_id", "FALCON_CLIENT_ID", "context", "run_once"),
        variables={"falcon_client_id": ""},
    ),
}
