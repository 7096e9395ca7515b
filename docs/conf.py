"""The documentation site: Sphinx reads the Markdown pages of this folder (make docs)."""

from graphrec_cli import __version__

project = "graphrec"
author = "graphrec contributors"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
root_doc = "index"

# Links to headings are written as GitHub writes them, so that the pages work there as well.
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_default_options = {"exclude-members": "__new__, __init__"}

html_theme = "furo"
html_title = f"graphrec {release}"
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
# Most blocks are commands and their output; the others name their language.
highlight_language = "none"
