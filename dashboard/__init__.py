"""The Dash application and the command line: thin rooms over ``feedback`` and ``core``."""
