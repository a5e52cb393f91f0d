"""What nobody means well: some hundred requests; ``python -m tests.fuzz`` sends 13,000."""

from tests.conftest import MakeSite
from tests.fuzz import fuzz


def test_no_request_brings_a_500_and_a_healthy_page_answers_afterwards(make_site: MakeSite):
    """A number too large for the database and deeply nested JSON were answered 500.

    Requests of each kind of address are sent to a real server, and none may be or take long.
    """
    site = make_site()

    bad = fuzz(site.port, seed=7, count=400)

    assert [(each.status, each.seconds, each.sent[:2000]) for each in bad] == []
    assert site.get("/site/quiet/")[0] == 200
