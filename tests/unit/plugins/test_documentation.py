# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that documentation, argument specs, option names and code agree, and that the code keeps its own rules."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring
from ansible_collections.falconops.auth.plugins.module_utils._argspec import (
    API_LOOKUP_SPEC,
    API_SPEC,
    INFO_SPEC,
    RANGES,
    REVOKE_SPEC,
    SESSION_GATE_SPEC,
    SHARED_SPEC,
    TOKEN_FILE_SPEC,
    TOKEN_LOOKUP_SPEC,
    TOKEN_MODULE_SPEC,
)
from ansible_collections.falconops.auth.plugins.module_utils._clouds import CLOUDS
from ansible_collections.falconops.auth.plugins.module_utils._version import VERSION
from ansible_collections.falconops.auth.plugins.plugin_utils._options import ENVIRONMENT, INI, INI_SECTION, VARIABLES

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
FILES = sorted(PLUGINS.rglob("*.py"))
NAMES = [str(path.relative_to(PLUGINS)) for path in FILES]
BY_NAME = dict(zip(NAMES, FILES, strict=True))
# Of each door: the kind of plugin, and its argument spec.
DOORS = {
    "modules/falcon_api.py": ("module", API_SPEC),
    "modules/falcon_session_gate.py": ("module", SESSION_GATE_SPEC),
    "modules/falcon_token.py": ("module", TOKEN_MODULE_SPEC),
    "modules/falcon_token_file.py": ("module", TOKEN_FILE_SPEC),
    "modules/falcon_token_info.py": ("module", INFO_SPEC),
    "modules/falcon_token_revoke.py": ("module", REVOKE_SPEC),
    "lookup/falcon_api.py": ("lookup", API_LOOKUP_SPEC),
    "lookup/falcon_token.py": ("lookup", TOKEN_LOOKUP_SPEC),
}
MODULES = [door for door, (kind, _spec) in DOORS.items() if kind == "module"]
OPTIONS = [(door, name) for door, (_kind, spec) in DOORS.items() for name in spec]


def docs_of(door):
    kind = door.split("/")[0].removesuffix("s")
    doc, examples, returns, _metadata = get_docstring(
        str(PLUGINS / door),
        fragment_loader,
        collection_name="falconops.auth",
        is_module=kind == "module",
        plugin_type=kind,
    )
    return doc, yaml.safe_load(examples) if isinstance(examples, str) else examples, returns


DOCS = {door: docs_of(door)[0] for door in DOORS}
# Parts of our roles and playbooks, which nobody else is to use.
INTERNAL = ["falcon_client_file"]


def listed(table, name):
    return [table[name]] if name in table else []


def text_of(entry):
    description = entry["description"]
    return " ".join([description] if isinstance(description, str) else description)


def imports_of(path):
    """Each module that a file imports, with dots, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def importers_of(*modules):
    return {
        name
        for name, path in BY_NAME.items()
        if any(each == module or each.startswith(f"{module}.") for each in imports_of(path) for module in modules)
    }


@pytest.mark.parametrize("door", DOORS)
def test_every_option_is_documented_and_every_documented_one_exists(door):
    assert set(DOCS[door]["options"]) - {"_terms"} == set(DOORS[door][1])
    assert ("_terms" in DOCS[door]["options"]) == (DOORS[door][0] == "lookup")


@pytest.mark.parametrize(("door", "name"), OPTIONS)
def test_an_option_is_documented_as_it_is(door, name):
    spec, documented = DOORS[door][1][name], DOCS[door]["options"][name]
    assert documented["type"] == spec["type"]
    assert documented.get("default") == spec.get("default")
    assert documented.get("aliases", []) == spec.get("aliases", [])
    # A list: the validate-modules of ansible-core 2.16 takes no other.
    assert documented.get("choices", []) == spec.get("choices", [])
    assert documented.get("required", False) == spec.get("required", False)
    assert documented["version_added"]
    assert (name in ("client_secret", "clients", "access_token")) == spec.get("no_log", False)


@pytest.mark.parametrize("door", DOORS)
def test_each_cloud_is_documented_with_its_url(door):
    text = " ".join(DOCS[door]["options"]["cloud"]["description"])
    assert re.findall(r"V\(([\w-]+)\) is V\((https://[^)]+)\)", text) == [(name, c.url) for name, c in CLOUDS.items()]


def test_each_cloud_can_be_chosen_in_awx():
    """Of the role and its module, tests/unit/plugins/action/test_falcon_client_file.py tells it."""
    kind = yaml.safe_load((ROOT / "docs" / "awx" / "credential_type_environment.yml").read_text(encoding="utf-8"))
    [choices] = [field["choices"] for field in kind["inputs"]["fields"] if field["id"] == "cloud"]
    assert [name for name in choices if name] == list(CLOUDS)


@pytest.mark.parametrize(("door", "name"), [each for each in OPTIONS if each[1] in RANGES])
def test_the_range_of_a_number_is_documented(door, name):
    low, high = RANGES[name]
    assert f"from {low} to {high}" in text_of(DOCS[door]["options"][name])


@pytest.mark.parametrize("name", TOKEN_LOOKUP_SPEC)
def test_where_else_the_lookup_finds_an_option(name):
    documented = DOCS["lookup/falcon_token.py"]["options"][name]
    assert [each["name"] for each in documented.get("vars", [])] == listed(VARIABLES, name)
    assert [each["name"] for each in documented.get("env", [])] == listed(ENVIRONMENT, name)
    ini = [(each["section"], each["key"]) for each in documented.get("ini", [])]
    assert ini == ([(INI_SECTION, INI[name])] if name in INI else [])


@pytest.mark.parametrize(("door", "name"), [each for each in OPTIONS if each[0] in MODULES])
def test_where_else_a_module_finds_an_option(door, name):
    documented = DOCS[door]["options"][name]
    assert not {"vars", "env", "ini"} & set(documented)
    text = text_of(documented)
    named = re.findall(r"V\((falcon_\w+)\)", text), re.findall(r"E\((FALCON_\w+)\)", text)
    assert named == (listed(VARIABLES, name), listed(ENVIRONMENT, name))
    assert (f"C([{INI_SECTION}] {INI.get(name)})" in text) == (name in INI)
    if name in ENVIRONMENT:
        sentence = rf"For modules, if it is not given, the variable V\({VARIABLES[name]}\)(, the| or the) environment "
        assert re.search(sentence + rf"variable E\({ENVIRONMENT[name]}\)", text)


def test_the_names_of_options_are_the_contracts():
    exceptions = {"session": "falcon_session_name"}
    assert {name: exceptions.get(name, f"falcon_{name}") for name in VARIABLES} == VARIABLES
    assert set(VARIABLES) == set(SHARED_SPEC)
    assert set(TOKEN_MODULE_SPEC) - set(VARIABLES) == {"force"}
    assert set(TOKEN_FILE_SPEC) - set(VARIABLES) == {"dest"}
    assert set(REVOKE_SPEC) - set(VARIABLES) == {"access_token", "all"}
    assert set(INFO_SPEC) - set(VARIABLES) == {"access_token", "all", "verify", "query"}
    assert set(TOKEN_LOOKUP_SPEC) - set(VARIABLES) == {"format"}
    assert set(VARIABLES) - set(ENVIRONMENT) == {"clients", "min_ttl"}
    assert set(INI) == {"cache", "cache_plugin", "cache_connection", "cache_prefix"}


@pytest.mark.parametrize("door", DOORS)
def test_examples_and_results_are_there(door):
    _doc, examples, returns = docs_of(door)
    assert all("name" in task for task in examples)
    tasks = [set(task) - {"name", "register", "no_log"} for task in examples]
    assert all(keys for keys in tasks)
    assert [keys for keys in tasks if f"falconops.auth.{Path(door).stem}" in keys] or DOORS[door][0] == "lookup"
    assert returns


def test_an_example_that_shows_a_token_hides_it():
    for door in DOORS:
        for task in docs_of(door)[1]:
            if "falcon.headers" in str(task) or "lookup(" in str(task):
                assert task["no_log"] is True, task["name"]


def test_every_module_is_a_door_that_is_tested_or_internal():
    internal = [f"modules/{name}.py" for name in INTERNAL]
    assert sorted([*MODULES, *internal]) == [name for name in NAMES if name.startswith("modules/")]


def test_the_action_group_holds_every_module_for_users():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    modules = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
    assert sorted([*runtime["action_groups"]["falcon"], *INTERNAL]) == modules
    assert sorted(path.stem for path in (PLUGINS / "action").glob("*.py")) == modules


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("modules/")])
def test_an_internal_module_says_so_and_what_it_belongs_to(name):
    doc = docs_of(name)[0]
    belongs = r"Belongs to the (role P|playbook C)\(falconops\.auth\.\w+(#role)?\), and can change in any release\."
    internal = re.fullmatch(belongs, doc["description"][0]) is not None
    assert doc["short_description"].startswith("[INTERNAL] ") == internal
    assert internal or Path(name).stem not in INTERNAL


def test_the_version_is_that_of_the_collection():
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == VERSION


@pytest.mark.parametrize("folder", ["module_utils", "plugin_utils", "doc_fragments"])
def test_internal_files_say_so(folder):
    files = list((PLUGINS / folder).glob("*.py"))
    assert files
    assert all(path.name.startswith("_") for path in files)
    assert all("This file is private to the collection" in path.read_text() for path in files)


@pytest.mark.parametrize("name", NAMES)
def test_no_file_is_long(name):
    tokens = tokenize.generate_tokens(io.StringIO((PLUGINS / name).read_text()).readline)
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = {line for token in tokens if token.type not in blank for line in range(token.start[0], token.end[0] + 1)}
    assert len(lines) <= 300


def test_each_library_is_known_to_one_file():
    assert importers_of("requests", "urllib3") == {"module_utils/_wire.py", "module_utils/_deadline.py"}
    assert importers_of("cryptography") == {"plugin_utils/_seal.py"}
    assert importers_of("jmespath") == {"plugin_utils/_query.py"}
    assert importers_of("yaml") == {"plugin_utils/_client_file.py"}
    assert importers_of("ansible.plugins.loader") == {"plugin_utils/_backend.py", "plugin_utils/_preload.py"}


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("module_utils", "modules"))])
def test_what_runs_elsewhere_needs_no_controller_and_no_new_python(name):
    ast.parse((PLUGINS / name).read_text(), feature_version=(3, 8))
    ours = "ansible_collections.falconops.auth.plugins."
    for each in imports_of(PLUGINS / name):
        assert not each.startswith("ansible.") or each.startswith("ansible.module_utils.")
        assert each != "ansible"
        assert not each.startswith("ansible_collections.") or each.startswith(f"{ours}module_utils")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_has_its_licence_and_future_annotations(name):
    text = (PLUGINS / name).read_text()
    assert "SPDX-" + "License-Identifier: GPL-3.0-or-later" in text.split("\n\n")[0]
    assert "from __future__ import annotations" in text


def test_a_cached_token_loads_no_requests():
    """An action is imported before the fork, and costs each worker nothing; requests is loaded by who really asks."""
    for name, path in BY_NAME.items():
        tree = ast.parse(path.read_text())
        top = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        if not name.startswith(("modules", "module_utils")):
            assert not any(module.endswith(("._wire", "._oauth2")) for module in top if module), name
