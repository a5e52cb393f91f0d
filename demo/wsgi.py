"""The demo where nobody holds (``runserver``, gunicorn): the same page asks again and again."""

import os

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

from demo.machine.sampler import sampler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
application = StaticFilesHandler(get_wsgi_application())
# Now, not when the first page is opened: its charts shall have something to show by then.
sampler.start()
