# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what Galaxy, the certification and the community ask of a collection, as far as no other tool checks it.

Licences, FQCNs in roles and playbooks, the changelog's form and the tarball are other nox sessions' business.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible.playbook.block import Block
from ansible.playbook.task import Task
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
RUNTIME = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
PAGES = [
    ROOT / "README.md",
    *ROOT.glob("roles/*/README.md"),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.rst")),
]
PLUGINS = sorted([*ROOT.glob("plugins/modules/[a-z]*.py"), *ROOT.glob("plugins/lookup/[a-z]*.py")])
# Of the certification's template, in its order.
SECTIONS = [
    "Description",
    "Requirements",
    "Installation",
    "Use cases",
    "Testing",
    "Contributing",
    "Support",
    "Release notes",
    "Related information",
    "License",
]
# Galaxy wants one of these at least.
CATEGORIES = {"application", "cloud", "database", "eda", "infrastructure", "linux", "monitoring", "networking"}
CATEGORIES |= {"security", "storage", "tools", "windows"}
# Those that ansible-core knows, of which ansible-test sanity checks the names as well.
KINDS = {"action", "doc_fragments", "lookup", "module_utils", "modules", "plugin_utils"}
KEYWORDS = {*Task.fattributes, *Block.fattributes} - {"action", "local_action"}


def pinned() -> dict[str, Version]:
    """The versions of ansible-core that are tested, by file; "core-unpatched" is older than we support."""
    files = sorted((ROOT / "tests" / "requirements").glob("core*.txt"))
    return {path.stem: Version(path.read_text().split("==")[-1].strip()) for path in files}


def documentation(path: Path) -> tuple[dict, list]:
    kind = "lookup" if path.parent.name == "lookup" else "module"
    doc, examples, _returns, _metadata = get_docstring(
        str(path), fragment_loader, collection_name="falconops.auth", is_module=kind == "module", plugin_type=kind
    )
    return doc, yaml.safe_load(examples) if isinstance(examples, str) else examples


# -- README


def test_the_readme_has_the_sections_of_the_template_in_their_order():
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == SECTIONS


def test_links_of_the_readme_are_whole_urls():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 15
    assert [link for link in links if not link.startswith("https://")] == []


def test_links_of_the_readme_into_the_repository_lead_somewhere():
    paths = re.findall(rf"{re.escape(GALAXY['repository'])}/(?:blob|tree)/main/([^)#\s]+)", README)
    assert len(paths) >= 4
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_readme_names_what_the_community_asks_for():
    for text in (
        "https://docs.ansible.com/ansible/latest/community/code_of_conduct.html",
        "https://forum.ansible.com/",
        "https://semver.org/",
        f"{GALAXY['repository']}/blob/main/CHANGELOG.md",
        f"{GALAXY['issues']}",
    ):
        assert text in README
    assert "code_of_conduct" in (ROOT / "CODE_OF_CONDUCT.md").read_text(encoding="utf-8")
    # It is ansible-core that a collection needs.
    assert re.findall(r"pip3? install ansible(?![-\w])", README) == []


INSTALLING = [
    ROOT / "README.md",
    ROOT / "docs" / "docsite" / "rst" / "first_steps.rst",
    *ROOT.glob("docs/pipelines/*.yml"),
]


@pytest.mark.parametrize("page", INSTALLING, ids=lambda page: page.name)
def test_who_installs_as_a_page_shows_it_has_what_is_needed(page):
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    needed = set(re.findall(r"^([a-z]+)>=", text, re.MULTILINE))
    assert len(needed) == 2
    shown = re.findall(r"^[- ]*(?:python -m )?(?:pip install|pipx inject) .+", page.read_text("utf-8"), re.MULTILINE)
    assert shown
    assert [line for line in shown if not needed <= set(line.split())] == []


# -- metadata


def test_galaxy_yml_is_complete():
    assert (GALAXY["namespace"], GALAXY["name"]) == ("falconops", "auth")
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", GALAXY["version"])
    assert GALAXY["license"] == ["GPL-3.0-or-later"]
    assert (ROOT / GALAXY["readme"]).is_file()
    assert GALAXY["authors"] and len(GALAXY["description"]) <= 200
    assert all(GALAXY[name].startswith("https://") for name in ("repository", "documentation", "homepage", "issues"))
    # What a certified collection depends on must be certified, too.
    assert GALAXY["dependencies"] == {}


def test_tags_are_as_galaxy_takes_them():
    tags = GALAXY["tags"]
    assert len(set(tags)) == len(tags) <= 20
    assert all(re.fullmatch("[a-z][a-z0-9]*", tag) and len(tag) <= 64 for tag in tags)
    assert set(tags) & CATEGORIES


def test_the_supported_versions_are_the_same_everywhere():
    """In README.md, meta/runtime.yml, the roles, and what `make test-all` runs on."""
    required = SpecifierSet(RUNTIME["requires_ansible"])
    pins = pinned()
    unpatched = pins.pop("core-unpatched")
    assert unpatched not in required
    assert all(required.contains(version, prereleases=True) for version in pins.values())
    minors = sorted(version.release[:2] for version in pins.values())
    assert minors == [(2, minor) for minor in range(minors[0][1], minors[-1][1] + 1)]

    [least] = [Version(each.version) for each in required if each.operator == ">="]
    assert least == min(pins.values())
    excluded = sorted(Version(each.version) for each in required if each.operator == "!=")
    newest = "2.{1}".format(*minors[-1])
    sentence = f"- ansible-core {least} to {newest} (not {excluded[0]} to {excluded[-1]}, "
    assert sentence in README
    assert excluded == [Version(f"2.17.{patch}") for patch in range(len(excluded))]
    bounded = f"ansible-core>={least},<2.{minors[-1][1] + 1}"
    assert all(bounded in page.read_text(encoding="utf-8") for page in INSTALLING if page.name != "README.md")
    for meta in ROOT.glob("roles/*/meta/main.yml"):
        assert yaml.safe_load(meta.read_text())["galaxy_info"]["min_ansible_version"] == "2.{1}".format(*minors[0])


def test_each_supported_version_is_a_row_of_the_table_in_noxfile():
    table = re.search(r"^CORES = \{\n(.*?)^\}", (ROOT / "noxfile.py").read_text(), re.DOTALL | re.MULTILINE)
    assert table
    pins = {name: version for name, version in pinned().items() if name != "core-unpatched"}
    assert re.findall(r'^    "([\w.-]+)": ', table[1], re.MULTILINE) == sorted(pins, key=pins.__getitem__)
    assert [name for name, version in pins.items() if name not in ("core", "core-2.{1}".format(*version.release))] == []


def test_the_workflows_have_the_pythons_of_what_they_run():
    """The first Python of each row of that table, and what `python3` means in the end."""
    noxfile = (ROOT / "noxfile.py").read_text()
    rows = re.findall(r'^    "core-[\d.]+": \("([\d.]+)"', noxfile, re.MULTILINE)
    assert len(rows) >= 6
    for name, needed in {"test": [rows[0], rows[-1]], "release": [rows[0], rows[-1]], "test-all": rows}.items():
        workflow = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
        [job] = workflow["jobs"].values()
        [pythons] = [step["with"]["python-version"].split() for step in job["steps"] if "setup-python" in str(step)]
        assert set(needed) <= set(pythons), name
        assert pythons[-1] == "3.11"
        target = "release-check" if name == "release" else name
        assert [step for step in job["steps"] if step.get("run", "").split(" VERSION")[0] == f"make {target}"]


# -- content


def test_nothing_is_ignored_to_make_a_check_pass():
    assert list(ROOT.glob("tests/sanity/ignore*")) == []
    lint = yaml.safe_load((ROOT / ".ansible-lint").read_text())
    assert not {"skip_list", "warn_list", "use_default_rules"} & set(lint)
    checked = [path for folder in ("roles", "playbooks", "meta") for path in ROOT.glob(f"{folder}/**/*.yml")]
    assert len(checked) > 10
    assert [path for path in checked if "noqa" in path.read_text(encoding="utf-8")] == []


def test_there_are_only_known_folders_under_plugins():
    assert {path.name for path in (ROOT / "plugins").iterdir() if path.name != "__pycache__"} <= KINDS


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_plugin_tells_since_when_it_is_there(path):
    assert Version(documentation(path)[0]["version_added"]) <= Version(GALAXY["version"])


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_module_does_not_hide_another_in_its_state(path):
    doc = documentation(path)[0]
    assert not {"get", "list", "query", "info"} & set(doc["options"].get("state", {}).get("choices", []))
    if path.stem.endswith("_info"):
        assert doc["attributes"]["check_mode"]["support"] == "full"


def tasks_in(content):
    """Every task in what was read from YAML: it stands in a list, and is no play."""
    if isinstance(content, list):
        for each in content:
            if isinstance(each, dict) and "hosts" not in each and "import_playbook" not in each:
                yield each
            yield from tasks_in(each)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
                yield from tasks_in(value)


def actions_of(task):
    return {key for key in task if key not in KEYWORDS and not key.startswith("with_")}


def yaml_blocks(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"^ *\.\. code-block:: yaml(?:\+jinja)?\n\n((?:(?: {2,}.*)?\n)+)", text, re.MULTILINE)


def test_every_example_names_its_modules_whole():
    examples = [task for path in PLUGINS for task in tasks_in(documentation(path)[1])]
    shown = [task for path in PAGES for block in yaml_blocks(path) for task in tasks_in(yaml.safe_load(block))]
    assert len(examples) > 20
    assert len(shown) > 40
    actions = [actions_of(task) for task in [*examples, *shown]]
    assert [names for names in actions if not all(re.fullmatch(r"\w+\.\w+\.\w+", name) for name in names)] == []
    assert [task for task, names in zip([*examples, *shown], actions, strict=True) if len(names) > 1] == []


def test_every_lookup_is_named_whole():
    paths = [*PAGES, *PLUGINS, *ROOT.glob("roles/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")]
    call = re.compile(r"\b(?:lookup|query|q)\(\s*['\"]([^'\"]+)")
    named = {(path.name, name) for path in paths for name in call.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 5
    assert [each for each in sorted(named) if not re.fullmatch(r"\w+\.\w+\.\w+", each[1])] == []
