"""docs/howto: deployment.md, and the first two ways of server-sent-events.md.

The third way has a file of its own, test_eventstream.py.
"""

import ast
import os
import re
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import yaml
from gripcontrol import parse_grip_uri
from playwright.async_api import Browser, Page, expect

from deploy.pushpin import Ports, pushpin
from tests.browser.test_eventstream import BLOCKS, SECTIONS, Site, build, command, served
from tests.harness import ROOT, free_port, wait_for
from tests.howto import read_page
from tests.redis_server import redis_server

pytestmark = pytest.mark.timeout(180)  # Building the project takes some seconds.


DEPLOYMENT = read_page("deployment.md")


def test_blocks_of_the_served_pages_are_files_or_commands():
    assert {block.section for block in BLOCKS} == set(SECTIONS)
    unused = [
        block
        for block in (*BLOCKS, *DEPLOYMENT)
        if not block.action.startswith("file=") and block.action not in {"run", "serve", "try"}
    ]
    # This one is for cron itself. What it runs is run elsewhere.
    assert [block.action for block in unused] == ["cron"]
    assert "python manage.py send_stat" in unused[0].text


def get_deployment_block(action: str, words: str = "") -> str:
    found = [each.text for each in DEPLOYMENT if each.action == action and words in each.text]
    (text,) = found
    return text


@pytest.mark.parametrize("name", ["compose.yaml", "routes"])
def test_files_for_docker_on_the_page_equal_those_in_deploy(name: str):
    (shown,) = [block.text for block in BLOCKS if block.action == f"file={name}"]

    assert shown == (ROOT / "deploy" / name).read_text()


def test_links_of_the_readme_lead_to_files_and_headings():
    """The links of all other pages are checked where the site is built."""
    for link in re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text()):
        path, _, anchor = link.partition("#")
        text = (ROOT / path).read_text()
        headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
        assert not anchor or anchor in anchors, link


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The dashboard of the first way, with what the second adds to it."""
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        changes = {"redis://localhost:6379/0": redis.url}
        site = build(stack, tmp_path_factory.mktemp("behind"), 1, 2, **changes)
        site.project.serve(served(1)[0], site.answers)
        yield site


@pytest.mark.asyncio(loop_scope="session")
async def test_page_built_in_and_behind_pushpin_updates_alike(site: Site, page: Page):
    for url in (site.url, site.proxied_url):
        site.project.run('python manage.py shell -v0 -c "$CODE"', CODE=PUSH.format(7))
        await page.goto(f"{url}/operations/")
        main = page.locator("#shop_operations")
        await expect(main).to_have_attribute("data-dashboards-live", "open")
        await expect(main.locator("progress")).to_have_attribute("value", "7.0")
        site.project.run(command(1, "push(Operations"))
        await expect(main.locator("progress")).to_have_attribute("value", "40.0")
        await expect(page.locator("#shop_operations-load-content")).to_have_text(
            re.compile(r"\d+\.\d\d")
        )


PUSH = (
    "from dashboards.live import push; from shop.dashboards import Operations; "
    "push(Operations, deploy={})"
)


def test_settings_for_fastly_name_the_service_and_its_signature(site: Site):
    output = site.project.run(
        'python -c "from mysite.settings_fastly import *; print(repr(GRIP_URL), GRIP_VERIFY_KEY)"',
        FASTLY_SERVICE="Sv1",
        FASTLY_TOKEN="t0k",
        FASTLY_PUBLIC_KEY="base64:cHVibGlj",
    )
    url, key = output.split()
    assert key == "base64:cHVibGlj"
    assert parse_grip_uri(ast.literal_eval(url)) == {
        "control_uri": "https://api.fastly.com/service/Sv1",
        "key": "t0k",
        "verify_iss": "fastly:Sv1",
    }


# ---- deployment.md ----


async def expect_live(page: Page, site: Site, url: str, number: int) -> None:
    await page.goto(f"{url}/operations/")
    main = page.locator("#shop_operations")
    await expect(main).to_have_attribute("data-dashboards-live", "open")
    site.project.run('python manage.py shell -v0 -c "$CODE"', CODE=PUSH.format(number))
    await expect(main.locator("progress")).to_have_attribute("value", f"{number}.0")


def test_asgi_block_of_deployment_equals_that_of_the_first_way():
    (block,) = [each.text for each in BLOCKS if each.action == "file=mysite/asgi.py"]

    assert get_deployment_block("file=mysite/asgi.py") == block


def test_asgi_servers_of_the_page_each_hold_a_stream(site: Site):
    lines = [
        each.text for each in DEPLOYMENT if each.action == "serve" and "mysite.asgi" in each.text
    ]
    twins = [Site(site.project, site.proxy, free_port()) for _ in lines]
    servers = [
        twin.project.serve(line.replace("8000", str(twin.port)), lambda log: True)
        for line, twin in zip(lines, twins, strict=True)
    ]

    assert len(servers) == 5
    for twin, server in zip(twins, servers, strict=True):
        wait_for(partial(twin.answers, ""), seconds=40)
        with urllib.request.urlopen(f"{twin.url}/operations/@stream/") as stream:
            while not stream.readline().startswith(b"id:"):
                pass
        server.terminate()
        server.wait(60)


@pytest.mark.asyncio(loop_scope="session")
async def test_wsgi_behind_pushpin_with_a_computing_process_updates_its_page(
    site: Site, page: Page
):
    port = free_port()
    with pushpin(port, Ports(*(free_port() for _ in range(5)))) as proxy:
        twin = Site(site.project, proxy, port)
        twin.project.add(
            "mysite/settings_wsgi.py",
            f"from mysite.settings import *\nGRIP_URL = {proxy.control_url!r}\n",
        )
        settings = {"DJANGO_SETTINGS_MODULE": "mysite.settings_wsgi"}
        line = get_deployment_block("serve", "mysite.wsgi").replace(":8000", f":{port}")
        server = twin.project.serve(line, twin.answers, **settings)
        computing = twin.project.serve(
            get_deployment_block("serve", "live"), lambda log: True, **settings
        )
        await expect_live(page, site, twin.proxied_url, 11)
        load = page.locator("#shop_operations-load-content")
        await expect(load).to_have_text(re.compile(r"\d"))
        await page.goto("about:blank")
        assert computing.poll() is None
        for process in (computing, server):
            process.terminate()
            process.wait(60)


@pytest.fixture
def nginx(site: Site, tmp_path: Path) -> Iterator[str]:
    """nginx before the site, as the page configures it; its address."""
    port = free_port()
    subject = ["-subj", "/CN=127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    server = site.project.here(get_deployment_block("file=site.conf"))
    server = server.replace("listen 443", f"listen 127.0.0.1:{port}")
    (tmp_path / "nginx.conf").write_text(
        "daemon off; pid nginx.pid; error_log stderr; events {}\n"
        f"http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy;\n{server}}}\n"
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["nginx", "-p", str(tmp_path), "-c", "nginx.conf"],
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin"},
            stderr=log,
        )
    wait_for(lambda: listens(port))
    yield f"https://127.0.0.1:{port}"
    process.terminate()
    process.wait(60)


@pytest.mark.asyncio(loop_scope="session")
async def test_stream_behind_nginx_passes_at_once_over_http_2(
    site: Site, browser: Browser, nginx: str
):
    async with await browser.new_context(ignore_https_errors=True) as context:
        page = await context.new_page()
        await expect_live(page, site, f"{nginx}/dashboards/shop", 12)
        protocols = await page.evaluate(
            "() => performance.getEntriesByType('navigation').map(each => each.nextHopProtocol)"
        )
    assert protocols == ["h2"]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_settings_for_several_hosts_store_values_in_redis(site: Site):
    site.project.add(
        "mysite/settings_redis.py", get_deployment_block("file=mysite/settings_redis.py")
    )
    output = site.project.run(
        'python manage.py check --fail-level WARNING\npython manage.py shell -v0 -c "$CODE"',
        DJANGO_SETTINGS_MODULE="mysite.settings_redis",
        CODE=(
            f"{PUSH.format(13)}\nfrom dashboards.live.stores import get_store\n"
            "store = get_store()\n"
            "print(type(store).__name__, [*store.since('shop.operations', None).frames])"
        ),
    )

    assert "no issues" in output
    assert "RedisStore" in output
    assert "deploy" in output


def test_release_named_by_settings_changes_with_the_commit(site: Site):
    settings = "mysite/settings_release.py"
    site.project.add(settings, get_deployment_block(f"file={settings}"))
    name = "from dashboards.releases import get_release_id; print('name:', get_release_id())"
    names = [
        site.project.run(
            'python manage.py shell -v0 -c "$CODE"',
            DJANGO_SETTINGS_MODULE="mysite.settings_release",
            CODE=name,
            **environment,
        )
        for environment in ({}, {"GIT_COMMIT": "3f2a"}, {"GIT_COMMIT": "4b1c"})
    ]

    found = [re.findall("name: ([0-9a-f]{12})", each) for each in names]
    assert all(len(each) == 1 for each in found), names
    assert len({each for (each,) in found}) == 3


def test_pod_of_the_page_is_ready_and_stops_in_time(site: Site):
    pod = yaml.safe_load(get_deployment_block("file=deployment.yaml"))["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    port = free_port()
    twin = Site(site.project, site.proxy, port)
    server = twin.project.serve(
        f"python -m {' '.join(container['command'])}".replace("=8000", f"={port}"), twin.answers
    )
    address = container["readinessProbe"]["httpGet"]["path"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}") as answer:
        assert answer.status == 200
    stream = urllib.request.urlopen(f"{twin.url}/operations/@stream/")
    while not stream.readline().startswith(b"id:"):
        pass
    server.terminate()
    server.wait(pod["terminationGracePeriodSeconds"] - 3)
    stream.close()
