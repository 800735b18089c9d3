# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx builds the site from what antsibull-docs writes; the nox session "docs" runs both."""

from __future__ import annotations

import re
import typing as t

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

project = html_title = "falconops.auth"
author = copyright = "falconops contributors"  # noqa: A001
extensions = ["sphinx_antsibull_ext"]
default_role = "any"
highlight_language = "yaml+jinja"
pygments_style = "ansible"
pygments_dark_style = "github-dark"
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/favicon.svg"
html_copy_source = html_use_index = False
html_show_sphinx = False
# site.css has the colours, which Furo's switch between light and dark turns as well.
antsibull_ext_color_scheme = "none"

# What antsibull-docs refers to in Ansible's own documentation. Intersphinx would have to load its inventory each time.
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
ANSIBLES_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
# What a page says, and what it says on this site.
REWORDED = {
    # The site brings its own pictures, so that it is whole where the internet cannot be reached.
    "https://raw.githubusercontent.com/falconops/falconops.auth/main/docs/images/": "/images/",
    # Names have no capital letters.
    "Falconops.Auth": "falconops.auth",
}
# antsibull-docs begins with it; who comes here for the first time reads other things first.
CHANGELOG = "Changelog\n---------\n\n.. toctree::\n    :maxdepth: 1\n\n    changelog\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", reword)
    app.connect("doctree-read", shape_contents)
    app.connect("missing-reference", refer_to_ansible)


def reword(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Replace what is right everywhere else."""
    for text, here in REWORDED.items():
        source[0] = source[0].replace(text, here)
    before, changelog, behind = source[0].partition(CHANGELOG)
    source[0] = f"{before}{behind}\n{changelog}"


def shape_contents(_app: Sphinx, page: nodes.document) -> None:
    """Leave tables of contents to Furo, and have its sidebar show the sections and the plugins' own names."""
    for topic in list(page.findall(nodes.topic)):
        if "contents" in topic["classes"]:
            topic.parent.remove(topic)
    for title in page.findall(nodes.title):
        title.attributes.pop("refid", None)  # led back to the table
    for toctree in page.findall(addnodes.toctree):
        toctree["caption"] = toctree["rawcaption"] = toctree.parent.parent.next_node(nodes.title).astext()
        toctree["entries"] = [
            (title or (name.rpartition("_")[0] if re.search("_(module|lookup|role)$", name) else None), name)
            for title, name in toctree["entries"]
        ]


def refer_to_ansible(_app: Sphinx, _env: t.Any, node: addnodes.pending_xref, text: nodes.Node) -> nodes.Node | None:
    """Resolve a label of Ansible's own documentation."""
    label = node["reftarget"]
    place = ANSIBLES_LABELS.get(label)
    if plugin := re.fullmatch(r"ansible_collections\.ansible\.builtin\.(\w+)", label):
        place = f"collections/ansible/builtin/{plugin[1]}.html"
    if not place:
        return None
    if text.astext() == label:
        text = nodes.inline("", label.replace("_", " "))
    return nodes.reference("", "", text, refuri=ANSIBLE + place, internal=False)
