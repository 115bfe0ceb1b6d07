"""What an address without a page shows."""

import dash
from dash import Dash
from dash.development.base_component import Component

from dashboard.components.shell import message


def register(app: Dash) -> None:
    """Add the page to ``app``."""
    dash.register_page(
        "pages.not_found_404", path="/404", title="Not found · TrustECG", layout=layout
    )


def layout(pathname: str = "", **_: object) -> Component:
    """Say that there is nothing here."""
    return message("No such page", f"There is no page at {pathname}.")
