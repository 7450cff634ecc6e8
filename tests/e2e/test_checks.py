# SPDX-License-Identifier: BSD-3-Clause
"""Kinds of health checks against real servers: nginx with and without TLS, ncat, ping and
a script."""

import os

import pytest
from lab import wait_until
from lab.lab import health
from lab.web import NGINX_PATHS

pytestmark = pytest.mark.any_device

_NGINX = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ }}
http {{
    access_log off;""" + NGINX_PATHS + """
    server {{
        listen 8081;
        listen 8443 ssl;
        server_name www.example.com;
        ssl_certificate {directory}/server.pem;
        ssl_certificate_key {directory}/server.key;
        ssl_client_certificate {directory}/ca.pem;
        ssl_verify_client optional;
        location = /status {{ return {status} "{body}"; }}
        location = /members {{
            if ($ssl_client_verify != SUCCESS) {{ return 403; }}
            return 200 "hello";
        }}
    }}
    server {{
        listen 8081 default_server;
        return 404;
    }}
}}
"""


def _openssl(web, *arguments):
    web.run("openssl", *arguments)


class Extra:
    """A second nginx on a backend, with a certificate of an authority of our own."""

    def __init__(self, web, directory):
        self.web = web
        self.directory = str(directory)
        self._process = None
        certificate = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                       "-nodes", "-days", "2")
        _openssl(web, *certificate, "-subj", "/CN=ca", "-keyout", self.path("ca.key"), "-out",
                 self.path("ca.pem"))
        for name, subject in (("server", "www.example.com"), ("client", "checker")):
            _openssl(web, *certificate, "-subj", f"/CN={subject}", "-addext",
                     f"subjectAltName=DNS:{subject}", "-addext", "basicConstraints=CA:FALSE",
                     "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-keyout",
                     self.path(f"{name}.key"), "-out", self.path(f"{name}.pem"))

    def path(self, name):
        return os.path.join(self.directory, name)

    def answer(self, status=200, body="all is well"):
        self.stop()
        with open(self.path("nginx.conf"), "w", encoding="ascii") as file:
            file.write(_NGINX.format(directory=self.directory, status=status, body=body))
        self._process = self.web.popen("nginx", "-c", self.path("nginx.conf"))
        wait_until(lambda: 8443 in self.web.ports(), 5, "nginx listens")

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def extra(lab, tmp_path):
    server = Extra(lab.web1, tmp_path)
    server.answer()
    yield server
    server.stop()


def _start(lab, **check):
    """Director a, with web1 alone, checked like this."""
    backends = [{"address": lab.web1.address}]
    lab.start_director([lab.service(backends=backends, health=health(**check))], wait_up=False)


def _becomes(lab, state):
    lab.director_a.wait_for_backend("web", lab.web1.address, state, 8)
    return lab.director_a.lbctl("health")["checks"][0]


def test_http(lab, extra):
    _start(lab, type="http", port=8081, host="www.example.com",
           urls=[{"path": "/status", "status": "200-204", "match": "is w[aeo]ll"}])
    assert _becomes(lab, "up")["type"] == "http"
    extra.answer(status=503)
    assert _becomes(lab, "down")["last_result"] == "/status: status 503"
    extra.answer(body="all is lost")
    wait_until(lambda: lab.director_a.lbctl("health")["checks"][0]["last_result"] ==
               "/status: the body does not match", 5, "the body is looked at")
    extra.answer()
    _becomes(lab, "up")


def test_https_with_a_verified_certificate_and_a_client_certificate(lab, extra):
    tls = {"type": "https", "port": 8443, "host": "www.example.com", "tls_verify": True,
           "tls_authorities": extra.path("ca.pem")}
    _start(lab, **tls, tls_certificate=extra.path("client.pem"), tls_key=extra.path("client.key"),
           urls=[{"path": "/members"}])
    _becomes(lab, "up")
    lab.director_a.stop()
    _start(lab, **tls, urls=[{"path": "/members"}])
    assert _becomes(lab, "down")["last_result"] == "/members: status 403"
    lab.director_a.stop()
    _start(lab, **{**tls, "host": "other.example.com"}, urls=[{"path": "/status"}])
    result = _becomes(lab, "down")["last_result"]
    assert "certificate" in result or "host name" in result, result


def test_ping_and_its_end(lab):
    _start(lab, type="ping")
    _becomes(lab, "up")
    lab.web1.ip("link", "set", "eth0", "down")
    try:
        assert _becomes(lab, "down")["last_result"] in ("no answer", "No route to host")
    finally:
        lab.web1.ip("link", "set", "eth0", "up")
    _becomes(lab, "up")


def test_udp_is_refused_where_nobody_listens(lab, udp_servers):
    _start(lab, type="udp", port=9001, payload="68656c6c6f")
    assert _becomes(lab, "down")["last_result"] == "Connection refused"
    lab.director_a.stop()
    lab.web1.popen("ncat", "-u", "-l", "-k", "-e", "/bin/cat", lab.web1.address, 9001)
    _start(lab, type="udp", port=9001, payload="68656c6c6f", answer_required=True)
    assert _becomes(lab, "up")["last_result"] == "answered"


def test_dns_asks_a_name_server(lab, tmp_path):
    server = lab.web1.popen(
        "dnsmasq", "--keep-in-foreground", "--no-hosts", "--no-resolv", "--conf-file=/dev/null",
        "--user=root", f"--pid-file={tmp_path}/dnsmasq.pid", "--port=5353", "--bind-interfaces",
        f"--listen-address={lab.web1.address}", "--host-record=www.example.com,192.0.2.7",
        "--local=/example.com/")
    _start(lab, type="dns", port=5353, query_name="www.example.com", query_type="A")
    assert _becomes(lab, "up")["last_result"] == "answered"
    lab.director_a.stop()
    _start(lab, type="dns", port=5353, query_name="nobody.example.com", query_type="A")
    assert _becomes(lab, "down")["last_result"] == "no such name"
    server.kill()
    wait_until(lambda: "refused" in lab.director_a.lbctl("health")["checks"][0]["last_result"], 5,
               "nobody answers")


def test_smtp_greets_a_mail_server(lab):
    _start(lab, type="smtp", port=2525, helo="director.example.com")
    assert _becomes(lab, "down")["last_result"] == "Connection refused"
    server = lab.web1.popen("/usr/bin/python3", "-m", "aiosmtpd", "-n", "-l",
                            f"{lab.web1.address}:2525")
    _becomes(lab, "up")
    server.kill()
    _becomes(lab, "down")


def test_a_script_decides(lab, tmp_path):
    verdict = tmp_path / "verdict"
    verdict.write_text("0")
    script = tmp_path / "check.sh"
    script.write_text(f'#!/bin/sh\n[ "$LBD_ADDRESS" = {lab.web1.address} ] && '
                      f'exit "$(cat {verdict})"\n')
    script.chmod(0o700)
    _start(lab, type="script", script=[str(script)])
    _becomes(lab, "up")
    verdict.write_text("3")
    assert _becomes(lab, "down")["last_result"] == "exited with 3"
