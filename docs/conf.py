"""How the site is built: Sphinx reads Markdown through MyST, and the API and the settings from the code."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

project, author, release = "Timebank", "The Timebank authors", version_of("timebank")
copyright = f"2026, {author}"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "api_pages", "settings_tables"]
exclude_patterns = ["_build"]

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline", "deflist"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # "Attributes" of a dataclass say what its fields are; they are not listed twice

html_theme = "pydata_sphinx_theme"
html_title = f"Timebank {release}"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "show_prev_next": True}
html_show_sourcelink = False
html_copy_source = False
