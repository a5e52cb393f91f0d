"""Values that are computed together."""

from dashboards.live.compute.groups import ComputedValue, group_by_interval


def test_groups_of_nearly_equal_intervals_have_names_of_their_own():
    # A lease has the name of its group: of two with one name, one would never be computed.
    values = [ComputedValue(f"{each}", each, str) for each in (1_000_000.0, 1_000_001.0, 2.5)]
    names = [each.name for each in group_by_interval(values)]
    assert names == ["1000000", "1000001", "2.5"]
