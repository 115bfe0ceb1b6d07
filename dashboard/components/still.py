"""What no callback can change, told to the browser as HTML instead of as components.

Dash tells every component of the page of every change to any of them. With four ECGs laid out at
once those are hundreds, many of them words: a table, a key's cap, the patient's line.
``still`` makes of each such part one component, which assets/still.js draws.
"""

import re
from typing import Any, ClassVar

from dash import html
from dash.development.base_component import Component
from markupsafe import Markup, escape

_NAMES = {"className": "class", "htmlFor": "for"}  # where HTML has another word than React
_VOID = ("Br", "Hr", "Img", "Wbr")  # they have no inside and no end
_UPPER = re.compile("[A-Z]")
_Tree = Any  # a component, a text or number, None, or a list of these


class Still(Component):
    """One element of HTML with all that is in it."""

    _namespace = "trustecg"
    _type = "Still"
    _children_props: ClassVar = []
    _base_nodes: ClassVar = []
    _prop_names: ClassVar = ["tag", "attributes", "inside"]
    _valid_wildcard_attributes: ClassVar = []
    available_wildcard_properties: ClassVar = []

    def __init__(self, tag: str, attributes: dict[str, Any], inside: str) -> None:
        super().__init__(tag=tag, attributes=attributes, inside=inside)


def still(tree: _Tree) -> _Tree:
    """The same page with every part that can be still made so; what is not stays as it is."""
    if isinstance(tree, list | tuple):
        return [still(part) for part in tree]
    if not isinstance(tree, Component):
        return tree
    if _stands(tree):
        return _frozen(tree)
    if hasattr(tree, "children"):
        tree.children = still(tree.children)
    return tree


def _stands(tree: _Tree) -> bool:
    """Whether it is words and elements of HTML alone, and no callback has a name for any."""
    if isinstance(tree, list | tuple):
        return all(map(_stands, tree))
    if not isinstance(tree, Component):
        return True
    own = tree._namespace == html.Div._namespace and tree._type not in _VOID
    return own and not hasattr(tree, "id") and _stands(getattr(tree, "children", None))


def _frozen(element: Component) -> Still:
    attributes: dict[str, Any] = element.to_plotly_json()["props"]
    children = attributes.pop("children", None)
    return Still(element._type.lower(), attributes, _markup(children))


def _markup(tree: _Tree) -> Markup:
    """What React would make of it, as text."""
    if tree is None:
        return Markup()
    if isinstance(tree, list | tuple):
        return Markup().join(map(_markup, tree))
    if not isinstance(tree, Component):
        return escape(tree)
    attributes: dict[str, Any] = tree.to_plotly_json()["props"]
    children = _markup(attributes.pop("children", None))
    # sorted: Dash gives data-* and aria-* in an order that differs from process to process
    said = Markup().join(_attribute(name, value) for name, value in sorted(attributes.items()))
    tag = tree._type.lower()
    return Markup("<{0}{1}>{2}</{0}>").format(tag, said, children)


def _attribute(name: str, value: Any) -> Markup:
    if value is None or value is False:
        return Markup()
    said = "" if value is True else _css(value) if name == "style" else value
    return Markup(' {}="{}"').format(_NAMES.get(name, name.lower()), said)


def _css(style: dict[str, Any]) -> str:
    return ";".join(f"{_UPPER.sub(_dashed, name)}:{value}" for name, value in style.items())


def _dashed(found: re.Match[str]) -> str:
    return f"-{found[0].lower()}"
