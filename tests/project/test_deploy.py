"""deploy/: what can be run of it without Docker is run here, with the same arguments."""

import shlex
import shutil
import tempfile
from pathlib import Path

import yaml

from deploy.pushpin import Ports, Pushpin
from tests.harness import ROOT, Site, Stream, free_port, wait_for
from tests.integration.test_pushpin_edge import KEY, grip_settings

COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())

KNOWN = {"image", "network_mode", "volumes", "command"}
"""The keys of a service that are used, all in the Compose specification."""


def test_compose_file_names_only_keys_of_the_specification_and_files_that_exist():
    assert COMPOSE.keys() == {"services"}
    for service in COMPOSE["services"].values():
        assert service.keys() <= KNOWN
        for volume in service["volumes"]:
            source, target, mode = volume.split(":")
            assert (ROOT / "deploy" / source).is_file()
            assert target.startswith("/etc/pushpin/")
            assert mode == "ro"


def test_compose_command_of_pushpin_serves_a_live_page(tmp_path: Path):
    """``docker compose up`` of ``deploy/`` was never run, and nobody knew whether it starts.

    Its command is run with the same arguments on private ports; a stream through it gets a push.
    """
    words = shlex.split(COMPOSE["services"]["pushpin"]["command"])
    assert words[:2] == ["sh", "-c"]
    ports = Ports(*(free_port() for _ in range(5)))
    site = Site(tmp_path, TEST_GRIP=grip_settings(ports, zmq=True))
    folder = Path(tempfile.mkdtemp(prefix="pushpin-"))
    # As the image brings it: with its limit on deliveries, which the command takes away.
    options = {"message_rate": "2500"}
    proxy = Pushpin(folder, backend=site.port, ports=ports, key=KEY, options=options)
    file = folder / "pushpin.conf"
    script = words[2].replace("/etc/pushpin/pushpin.conf", str(file))
    assert script != words[2]
    proxy.command = ["sh", "-c", f"{script} --config={file}"]
    site.start()
    try:
        proxy.start()
        assert "message_rate=0\n" in file.read_text()

        def is_held() -> bool:
            try:
                with Stream(ports.http, "/site/live/@stream/", timeout=3) as stream:
                    return stream.response.status == 200
            except OSError:
                return False

        wait_for(is_held, seconds=20)
        with Stream(ports.http, "/site/live/@stream/", timeout=15) as stream:
            site.push(note="through compose")
            assert stream.until("through compose")
    finally:
        proxy.stop()
        site.stop()
        shutil.rmtree(folder)
