"""``python -m dashboard``: the command line, without the script that pip writes."""

from dashboard.cli import main

main()
