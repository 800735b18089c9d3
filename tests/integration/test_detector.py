# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What searches every run for secrets finds them: leaks that are planted on purpose."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest

from emulator.cast import US1
from integration.harness import User
from integration.secrecy import Detector, Leak

pytestmark = pytest.mark.secrecy


@pytest.mark.brief
@pytest.mark.parametrize(
    "leak",
    [
        "- debug: {msg: \"{{ lookup('falconops.auth.falcon_token') }}\"}",
        "- falconops.auth.falcon_token:\n  register: falcon\n- debug: {var: falcon.headers}",
        "- debug: {msg: \"{{ lookup('falconops.auth.falcon_token') | b64encode }}\"}",
        '- debug: {msg: "{{ falcon_client_secret }}"}',
        "- ansible.builtin.fail: {msg: \"{{ ('x' ~ falcon_client_secret) | b64encode }}\"}",
    ],
)
def test_a_leak_into_the_output_is_found(user: User, leak: str) -> None:
    # By a variable in the clear, since ansible-core 2.22 itself hides what is vaulted, and what we register with it.
    secret = {"falcon_client_id": US1.client_id, "falcon_client_secret": US1.client_secret}
    user.write("group_vars/all.yml", json.dumps(secret), clear=True)
    masks = user.ansible.version >= (2, 22)
    if masks and "b64encode" not in leak and "client_secret" not in leak:
        assert user.play(leak).ok().says("$REDACTED$") >= 1
        return
    with pytest.raises(Leak, match="standard output"):
        user.play(leak)


@pytest.mark.parametrize(
    "content",
    [
        US1.client_secret,
        f"secret={US1.client_secret}&",
        base64.b64encode(f"{US1.client_id}:{US1.client_secret}".encode()).decode(),
        base64.b64encode(f"ab:{US1.client_secret}:cd".encode()).decode(),
        base64.encodebytes(f"{US1.client_id}:{US1.client_secret}".encode()).decode(),
        US1.client_secret.encode().hex(),
        urllib.parse.quote("Bearer " + base64.b64encode(b'{"alg": "RS256", "kid": 1}').decode()),
    ],
    ids=["plain", "in a form", "basic", "within base64", "in lines", "hex", "quoted"],
)
def test_a_leak_into_a_file_is_found(user: User, content: str) -> None:
    planted = user.home / "deep" / "below" / "file"
    planted.parent.mkdir(parents=True)
    planted.write_text(content)
    with pytest.raises(Leak, match="the file home/deep/below/file"):
        user.check_files()
    planted.unlink()
    user.check_files()


def test_a_leak_into_a_file_by_a_play_and_into_a_files_name_is_found(user: User) -> None:
    user.credentials(US1)
    tasks = f"""
    - ansible.builtin.copy:
        content: "{{{{ lookup('falconops.auth.falcon_token') }}}}"
        dest: {user.home}/token
        mode: "0600"
      no_log: true
    """
    user.play(tasks).ok()
    with pytest.raises(Leak, match="a token stands in the file home/token"):
        user.check_files()
    (user.home / "token").rename(user.home / US1.client_secret)
    (user.home / US1.client_secret).write_text("")
    with pytest.raises(Leak, match="the name of a file"):
        user.check_files()
    (user.home / US1.client_secret).unlink()


def test_what_is_no_leak_is_none() -> None:
    detector = Detector({"a secret": US1.client_secret})
    detector.check(US1.client_secret[:30].encode() + US1.client_id.encode(), "a part of it and the id")
