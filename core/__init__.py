"""The ECG science: records, signals, the model and its evaluation.

Knows no web framework and no database.
"""
