"""What the small bar charts share: no grid, no toolbar, first category at the top."""

from dashboard.figures.encoding import Json
from dashboard.figures.theme import Theme

HIDDEN_AXIS: Json = {
    "showgrid": False,
    "zeroline": False,
    "showticklabels": False,
    "fixedrange": True,
}


def chart_layout(theme: Theme) -> Json:
    """Layout of a chart that fills its container, with room for names at the left."""
    return {
        "autosize": True,
        "paper_bgcolor": theme.surface,
        "plot_bgcolor": theme.surface,
        "font": {"family": theme.font, "color": theme.text, "size": 12},
        "margin": {"l": 52, "r": 8, "t": 26, "b": 18, "pad": 4},
        "bargap": 0.3,
        "showlegend": False,
        "hovermode": False,
        "dragmode": False,
    }


def chart_title(text: str, theme: Theme) -> Json:
    """A title in one line, flush left over the names."""
    return {
        "text": text,
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 1,
        "yanchor": "top",
        "pad": {"t": 4, "l": 4},
        "font": {"size": 13, "color": theme.text},
    }


def category_axis() -> Json:
    """Categories from top to bottom in the order given."""
    return {
        "autorange": "reversed",
        "type": "category",
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "tickmode": "linear",  # every name, however small the chart
    }


def dotted_line(at: float, theme: Theme, *, name: str, layer: str = "above") -> Json:
    """A line from top to bottom of a chart at a value of its x axis."""
    return {
        "type": "line",
        "name": name,
        "layer": layer,
        "xref": "x",
        "yref": "paper",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "line": {"color": theme.mark, "width": 1, "dash": "dot"},
    }
