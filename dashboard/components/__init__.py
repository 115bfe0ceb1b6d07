"""Pieces that pages are built of: functions from plain values to Dash components."""
