"""The WSGI entry point for any server: ``gunicorn dashboard.wsgi:application``.

TRUSTECG_TRUSTED_PROXY is for ``trustecg up`` and ``serve``: another server is told itself.
"""

from dashboard.app import create_app
from dashboard.settings import load_settings

application = create_app(load_settings()).server
