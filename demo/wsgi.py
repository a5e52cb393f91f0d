"""The demo under WSGI (``runserver``, gunicorn): the same pages poll."""

import os

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

from demo.machine.sampler import sampler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
application = StaticFilesHandler(get_wsgi_application())
# At the start, so that the charts of the first page have something to show.
sampler.start()
