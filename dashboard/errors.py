"""Everything that ``dashboard`` raises on purpose.

    DashboardError
    ├── SettingsError             an environment variable with an impossible value
    └── AddressInUse              another program listens where we would

A message names the value that was met and the remedy.
"""


class DashboardError(Exception):
    """Root of the errors that ``dashboard`` raises on purpose."""


class SettingsError(DashboardError):
    """An environment variable has an impossible value."""


class AddressInUse(DashboardError):
    """Another program listens on the address that the web app is to serve."""
