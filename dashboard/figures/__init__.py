"""Figures as pure functions: numpy in, a plotly-JSON dict out. Nothing here imports Dash."""
