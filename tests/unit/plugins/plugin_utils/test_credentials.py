# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who asks, and where each of it comes from: the rules as a table, each row of it a case."""

from __future__ import annotations

import pytest
from ansible_collections.falconops.auth.plugins.module_utils._argspec import TOKEN_MODULE_SPEC
from ansible_collections.falconops.auth.plugins.module_utils._errors import FalconError
from ansible_collections.falconops.auth.plugins.plugin_utils._credentials import NoCredentials, client_of
from ansible_collections.falconops.auth.plugins.plugin_utils._options import Options
from ansible_collections.falconops.auth.tests.unit.cases import (
    IN_CONTEXT,
    MEMBER2,
    OWN_URL,
    A,
    B,
    C,
    Case,
    environment,
    variables,
    who,
)
from ansible_collections.falconops.auth.tests.unit.controller import loader_with, templar_of
from ansible_collections.falconops.auth.tests.unit.examples import ID, MEMBER, OTHER_SECRET, SECRET

CASES = [
    # Levels
    Case("an argument", who(A), args=who(A)),
    Case("a variable", who(A), vars=variables(**who(A))),
    Case("the environment", who(A), env=environment(**who(A))),
    Case("the context", who(C, cloud="us-2", member_cid=MEMBER, session="s"), context=IN_CONTEXT),
    Case("argument before variable", who(A), args=who(A), vars=variables(**who(B)), env=environment(**who(C))),
    Case("variable before environment", who(B), vars=variables(**who(B)), env=environment(**who(C))),
    Case(
        "variable before context", who(B, cloud="us-1", member_cid=None), vars=variables(**who(B)), context=IN_CONTEXT
    ),
    Case("context before environment", who(C), context=IN_CONTEXT, env=environment(**who(B))),
    Case("id and secret from different places", who(A), args={"client_id": A}, env=environment(client_secret=SECRET)),
    Case("secret above the id", who(A), args={"client_secret": SECRET}, vars=variables(client_id=A)),
    Case("the aliases", who(A), args={"falcon_client_id": A, "falcon_client_secret": SECRET}),
    Case("upper case", who(A), args=who(A.upper())),
    Case("an id of digits alone", who("1" * 32), args=who(int("1" * 32))),
    # Empty values
    Case("an empty argument falls to the variable", who(B), args=who(""), vars=variables(**who(B))),
    Case("null falls to the variable", who(B), args={"client_id": None}, vars=variables(**who(B))),
    Case(
        "empty ends the search",
        "client_id (argument of the task) is empty",
        args={"client_id": ""},
        env=environment(**who(A)),
    ),
    Case("empty is said", "client_id (argument of the task) is empty", args={"client_id": ""}),
    Case(
        "empty before context", "variable falcon_client_id) is empty", vars=variables(client_id=""), context=IN_CONTEXT
    ),
    Case("empty member", who(A, member_cid=None), args=who(A, member_cid=""), env=environment(member_cid=MEMBER)),
    Case("empty member of the context", who(C, member_cid=None), vars=variables(member_cid=""), context=IN_CONTEXT),
    Case("null member of the context", who(C, member_cid=None), args={"member_cid": None}, context=IN_CONTEXT),
    Case("empty session", who(C, session=None, member_cid=MEMBER), args={"session": ""}, context=IN_CONTEXT),
    Case("empty cloud in the environment", who(A, cloud="us-1"), args=who(A), env=environment(cloud="")),
    Case("empty cloud ends the search", who(C, cloud="us-1"), args={"cloud": ""}, context=IN_CONTEXT),
    Case("nothing but empty", "There are no Falcon credentials", env=environment(client="", client_id="")),
    # Cloud and hostname are one choice
    Case("default cloud", who(A, cloud="us-1"), args=who(A)),
    Case("cloud", who(A, cloud="eu-1"), args=who(A, cloud="eu-1")),
    Case("hostname", who(A, hostname=OWN_URL), args=who(A, hostname="HTTPS://Api.Example:443/")),
    Case("hostname above cloud", who(A, hostname=OWN_URL), args=who(A, hostname=OWN_URL), vars=variables(cloud="us-2")),
    Case(
        "cloud above hostname",
        who(A, cloud="us-2"),
        vars=variables(cloud="us-2", **who(A)),
        env=environment(hostname=OWN_URL),
    ),
    Case("both at one level", "cloud (argument of the task) are two ways", args=who(A, cloud="us-1", hostname=OWN_URL)),
    Case(
        "both, lower", who(A, cloud="us-1"), args=who(A, cloud="us-1"), vars=variables(cloud="us-2", hostname=OWN_URL)
    ),
    Case("both, one empty", who(A, hostname=OWN_URL), args=who(A, cloud="", hostname=OWN_URL)),
    Case("unknown cloud", "cloud (argument of the task) must be one of us-1, us-2, us-3", args=who(A, cloud="mars")),
    Case("http", "must begin with https://", vars=variables(hostname="http://api.example", **who(A))),
    # The context
    Case(
        "choice of the same client",
        who(C, cloud="us-2", member_cid=MEMBER, session="s"),
        args=who(C),
        context=IN_CONTEXT,
    ),
    Case(
        "a choice beats the context",
        who(C, cloud="us-2", member_cid=MEMBER2),
        args={"member_cid": MEMBER2},
        context=IN_CONTEXT,
    ),
    Case(
        "the context beats environment",
        who(C, member_cid=MEMBER),
        context=IN_CONTEXT,
        env=environment(member_cid=MEMBER2),
    ),
    Case(
        "no member is a choice as well",
        who(C, member_cid=None),
        context={"client_id": C},
        env=environment(member_cid=MEMBER),
    ),
    Case(
        "no session is a choice as well", who(C, session=None), context={"client_id": C}, env=environment(session="x")
    ),
    Case(
        "its cloud against a variable", who(C, cloud="us-gov-1"), vars=variables(cloud="us-gov-1"), context=IN_CONTEXT
    ),
    Case(
        "its cloud against the environment", who(C, cloud="us-2"), context=IN_CONTEXT, env=environment(hostname=OWN_URL)
    ),
    Case("not with another id", "secrets were looked for in the arguments", args={"client_id": A}, context=IN_CONTEXT),
    Case("not with its own id alone", "no client_secret goes with it", args={"client_id": C}, context=IN_CONTEXT),
    Case(
        "not with another secret",
        "gives its id and secret only together",
        args={"client_secret": OTHER_SECRET},
        context=IN_CONTEXT,
    ),
    Case(
        "the other client's choice is not taken",
        who(A, member_cid=MEMBER2),
        args=who(A),
        context=IN_CONTEXT,
        env=environment(member_cid=MEMBER2),
    ),
    # What is missing or wrong
    Case("nothing", "in variables (falcon_client_id and so on), and in the environment (FALCON_CLIENT_ID and so on)"),
    Case("nothing, and no context", "the context of host web1 is not set in this run"),
    Case("nothing, advice", "use run_once or variables"),
    Case(
        "a secret alone",
        "There is a client_secret (from the environment variable FALCON_CLIENT_SECRET) but no client_id",
        env=environment(client_secret=SECRET),
    ),
    Case(
        "an id alone",
        "client_id comes from the variable falcon_client_id, but no client_secret goes with it",
        vars=variables(client_id=A),
    ),
    Case(
        "bad id",
        "client_id (environment variable FALCON_CLIENT_ID) must be the 32 hex",
        env=environment(client_id="x", client_secret=SECRET),
    ),
    Case(
        "bad member",
        "member_cid (variable falcon_member_cid) must be the 32 hex",
        args=who(A),
        vars=variables(member_cid="x"),
    ),
    Case(
        "bad session",
        "session (variable falcon_session_name) must be 1 to 128",
        args=who(A),
        vars=variables(session="a b"),
    ),
    Case(
        "bad secret",
        "client_secret (variable falcon_client_secret) holds white space",
        args={"client_id": A},
        vars=variables(client_secret=f"{SECRET}\n"),
    ),
    Case(
        "template in the environment",
        "client_secret (environment variable FALCON_CLIENT_SECRET) is a template",
        env=environment(client_id=A, client_secret="{{ vault }}"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_who_asks(case, monkeypatch):
    case.check(monkeypatch)


def nobody(cleared, args=(), remembered=None):
    options = Options(
        TOKEN_MODULE_SPEC,
        door="task",
        arguments=dict(args),
        variables={"inventory_hostname": "web1"},
        templar=templar_of({}),
    )
    with pytest.raises(FalconError) as caught:
        client_of(options, remembered, loader_with(), cleared=cleared)
    return caught.value


def test_nobody_is_an_error_of_its_own_and_tells_whether_the_context_was_cleared():
    for cleared, words in (
        (False, "is not set in this run."),
        (True, "was cleared by falcon_token_revoke, in this run"),
    ):
        error = nobody(cleared)
        assert isinstance(error, NoCredentials)
        assert f"the context of host web1 {words}" in error.message


def test_half_of_the_credentials_is_nobody_as_well():
    error = nobody(True, {"client_secret": SECRET})
    assert isinstance(error, NoCredentials)
    assert "but no client_id" in error.message and "was cleared by falcon_token_revoke" in error.message
    assert SECRET not in error.message


@pytest.mark.parametrize(
    "args", [{"client_id": "x", "client_secret": SECRET}, {"client_id": ID}, {"client": "none-such"}]
)
def test_wrong_credentials_are_not_nobody(args):
    assert not isinstance(nobody(True, args), NoCredentials)
