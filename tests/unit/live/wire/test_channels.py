"""The names of channels."""

import re

from dashboards.live.wire.channels import channel_name


def test_names_of_different_channels_differ():
    parts = [
        "1",
        "2",
        "1/2",
        "1@2",
        "a b",
        "ä",
        "%2F",
        "~",
        "a:b",
        "",
        "/",
        "@",
        "x" * 500,
        "x" * 501,
        "\udc80",
        "\udc81",
        "\0",
    ]
    names = [
        channel_name("shop.orders", object=a, user=u)
        for a in (None, *parts)
        for u in (None, *parts)
    ]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.%/@!-]{1,120}", name) for name in names)
    assert channel_name("shop.orders") == "shop.orders"
    assert channel_name("shop.orders", object="7", user="3") == "shop.orders/7@3"
