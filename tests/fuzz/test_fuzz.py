"""Some hundred random bad requests; ``python -m tests.fuzz`` sends 13,000."""

from tests.conftest import MakeSite
from tests.fuzz import fuzz


def test_random_requests_get_no_500_and_site_stays_healthy(make_site: MakeSite):
    """Regression: a number too large for the database and deeply nested JSON were answered 500.
    Requests of each kind of address are sent to a real server."""
    site = make_site()

    bad = fuzz(site.port, seed=7, count=400)

    assert [(each.status, each.seconds, each.sent[:2000]) for each in bad] == []
    assert site.get("/site/quiet/")[0] == 200
