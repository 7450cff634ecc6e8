# SPDX-License-Identifier: BSD-3-Clause
"""What Direct Routing changes of a frame: the two MAC addresses, and nothing else."""

import pytest
from lab import ADDRESS

URL = f"http://{ADDRESS.vip}/"
TO_VIP = f"tcp and dst host {ADDRESS.vip} and dst port 80"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


@pytest.mark.quick
def test_frames_reach_the_server_as_the_client_sent_them_but_for_the_macs(lab):
    lab.start_director([lab.service(backends=[{"address": lab.web1.address}])])
    at_client = lab.client.capture(TO_VIP)
    at_web = lab.web1.capture(TO_VIP)
    lab.client.pages(URL, 5)
    sent, received = at_client.stop(), at_web.stop()
    director = mac(lab.director_a.mac("lb0"))
    assert len(sent) >= 20
    # In any order: the client's processors may send a connection's first frames at the same moment.
    assert sorted(frame[12:] for frame in received) == sorted(frame[12:] for frame in sent)
    assert {frame[:6] for frame in sent} == {director}
    assert {frame[:6] for frame in received} == {mac(lab.web1.mac())}
    assert {frame[6:12] for frame in received} == {director}


def test_the_server_answers_the_client_itself(lab):
    lab.start_director([lab.service(backends=[{"address": lab.web1.address}])])
    answers = lab.client.capture(f"tcp and src host {ADDRESS.vip}")
    at_director = lab.director_a.capture(f"tcp and src host {ADDRESS.vip}", "lb0")
    lab.client.pages(URL, 3)
    assert {frame[6:12] for frame in answers.stop()} == {mac(lab.web1.mac())}
    assert at_director.stop() == []


def test_a_large_request_arrives_whole(lab):
    lab.start_director([lab.service(backends=[{"address": lab.web1.address}])])
    result = lab.client.run("curl", "-sS", "--max-time", 20, "-o", "/dev/null", "-w",
                            "%{http_code} %{size_upload}", "-H", "Expect:",
                            "--data-binary", f"@{lab.web1_slow_file()}", URL)
    # nginx takes no more than 1 MB, and says so after it has read the head.
    assert result.stdout.split()[0] in ("200", "405", "413")


def test_every_length_of_frame_passes(lab):
    """Requests of 1..1500 bytes on the wire: nothing is padded, cut or refused for its length."""
    lab.start_director([lab.service(backends=[{"address": lab.web1.address}])])
    for length in (1, 2, 5, 100, 1000, 1300, 1391, 2000, 4000):
        assert lab.client.get(URL + "x" * length) == "web1"
