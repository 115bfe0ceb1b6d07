"""Explanations: why the network said what it said, and how far each answer can be trusted."""
