// SPDX-License-Identifier: BSD-3-Clause
// HTTP and SMTP, with servers of all kinds.
#include "health/transfer_attempt.h"

#include "health/page_judge.h"
#include "tests/unit/catch.h"
#include "tests/unit/health/attempts.h"
#include "tests/unit/health/server.h"

namespace lbd::health {

using namespace std::chrono_literals;
using test::http;
using test::probe_of;
using test::result_of;
using test::Server;

namespace {

using Kind = Result::Kind;

Server::Manner saying(const std::string& answer) {
    Server::Manner manner;
    manner.answer = [answer](const std::string&) { return answer; };
    return manner;
}

Result ask(const Server::Manner& manner, const Page& page = {}, Milliseconds timeout = 5s) {
    boost::asio::io_context io;
    const Server server(io, manner);
    Probe probe = probe_of(Probe::Kind::http, server.port());
    probe.pages = {page};
    probe.timeout = timeout;
    return result_of(io, probe);
}

Page page(const std::string& match, const std::string& digest = {}) {
    Page result;
    result.match = match;
    result.digest = digest;
    return result;
}

} // namespace

TEST_CASE("the status decides, and a redirection is not followed", "[http]") {
    CHECK(ask(saying(http("hello"))).kind == Kind::success);
    CHECK(ask(saying(http("hello"))).text == "status 200");
    const Result lost = ask(saying(http("", "404 Not Found")));
    CHECK(lost.kind == Kind::failure);
    CHECK(lost.text == "/: status 404");
    const std::string elsewhere = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    CHECK(ask(saying(elsewhere)).text == "/: status 302");
    Page lenient;
    lenient.statuses = {{200, 200}, {300, 399}};
    CHECK(ask(saying(elsewhere), lenient).kind == Kind::success);
}

TEST_CASE("the body is matched and summed", "[http]") {
    CHECK(ask(saying(http("all is well")), page("is w[aeo]ll")).kind == Kind::success);
    CHECK(ask(saying(http("all is bad")), page("is w[aeo]ll")).text ==
          "/: the body does not match");
    CHECK(ask(saying(http("hello")), page("", "5d41402abc4b2a76b9719d911017c592")).kind ==
          Kind::success);
    CHECK(ask(saying(http("hello")),
              page("", "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"))
              .kind == Kind::success);
    CHECK(ask(saying(http("Hello")), page("", "5d41402abc4b2a76b9719d911017c592")).text ==
          "/: digest 8b1a9953c4611296a827abf8c47804d7");
}

TEST_CASE("what is asked for is said as a client would say it", "[http]") {
    boost::asio::io_context io;
    const Server server(io, saying(http("x")));
    Probe probe = probe_of(Probe::Kind::http, server.port());
    probe.pages = {Page{}, Page{}};
    probe.pages[1].path = "/status?deep=1";
    probe.host = "www.example.com";
    CHECK(result_of(io, probe).kind == Kind::success);
    REQUIRE(server.requests().size() == 2);
    CHECK_THAT(server.requests()[0], Catch::Matchers::StartsWith("GET / HTTP/1.1\r\n"));
    CHECK_THAT(server.requests()[0], Catch::Matchers::ContainsSubstring("Host: www.example.com:"));
    CHECK_THAT(server.requests()[1],
               Catch::Matchers::StartsWith("GET /status?deep=1 HTTP/1.1\r\n"));
    probe.http_1_0 = true;
    probe.host.clear();
    CHECK(result_of(io, probe).kind == Kind::success);
    CHECK_THAT(server.requests()[2], Catch::Matchers::StartsWith("GET / HTTP/1.0\r\n"));
    CHECK_THAT(server.requests()[2], Catch::Matchers::ContainsSubstring("Host: 127.0.0.1:"));
}

TEST_CASE("the first page that is not as it should be decides", "[http]") {
    boost::asio::io_context io;
    Server::Manner manner;
    manner.answer = [](const std::string& request) {
        return request.find("GET /bad") == 0 ? http("", "500 Oops") : http("");
    };
    const Server server(io, manner);
    Probe probe = probe_of(Probe::Kind::http, server.port());
    probe.pages = {Page{}, Page{}, Page{}};
    probe.pages[1].path = "/bad";
    CHECK(result_of(io, probe).text == "/bad: status 500");
    CHECK(server.requests().size() == 2);
}

TEST_CASE("a server that refuses, resets or says nonsense has failed", "[http]") {
    boost::asio::io_context io;
    const test::ClosedPort closed(io);
    const Result refused = result_of(io, probe_of(Probe::Kind::http, closed.port()));
    CHECK(refused.kind == Kind::failure);
    CHECK(refused.text == "Connection refused");
    Server::Manner resetting;
    resetting.resets = true;
    CHECK(ask(resetting).kind == Kind::failure);
    CHECK(ask(saying("what?\r\n\r\n")).kind == Kind::failure);
}

TEST_CASE("a server that says nothing or dribbles is given the time and no more", "[http]") {
    Server::Manner dribbling = saying(http(std::string(100, 'x')));
    dribbling.pause = 50ms;
    for (const Server::Manner& manner : {Server::Manner{}, dribbling}) {
        const Result result = ask(manner, page("y"), 400ms);
        CHECK(result.kind == Kind::failure);
        CHECK(result.text == "no complete answer in time");
        CHECK(result.duration >= 390ms);
        CHECK(result.duration < 3s);
    }
}

TEST_CASE("of an endless answer only so much is read", "[http]") {
    boost::asio::io_context io;
    Server::Manner manner;
    manner.greeting =
        "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + std::string(65536, 'x');
    manner.endless = true;
    const Server server(io, manner);
    Probe probe = probe_of(Probe::Kind::http, server.port());
    CHECK(result_of(io, probe).kind == Kind::success); // the status is enough
    probe.pages = {page("never")};
    CHECK(result_of(io, probe).text == "/: the body does not match");
    CHECK(server.sent() < 16 * most_of_body);
}

TEST_CASE("a regular expression does not run away", "[http]") {
    // With backtracking this would take for ever.
    const std::string body(30'000, 'a');
    CHECK_FALSE(page_fault(page("(a*)*b"), 200, body).empty());
}

TEST_CASE("a mail server greets and understands", "[smtp]") {
    boost::asio::io_context io;
    Server::Manner manner;
    manner.greeting = "220-mx ESMTP\r\n220 at your service\r\n";
    manner.answer = [](const std::string& request) {
        return request.find("QUIT") == 0 ? "221 bye\r\n" : "250 mx\r\n";
    };
    const Server server(io, manner);
    Probe probe = probe_of(Probe::Kind::smtp, server.port());
    probe.helo = "checker.example.com";
    CHECK(result_of(io, probe).kind == Kind::success);
    REQUIRE_FALSE(server.requests().empty());
    CHECK(server.requests()[0] == "HELO checker.example.com\r\n");
    for (const auto& [greeting, failure] :
         {std::pair("554 no service\r\n", "answered 554 no service"),
          {"SSH-2.0-OpenSSH\r\n", "answered SSH-2.0-OpenSSH"}}) {
        manner.greeting = greeting;
        const Server other(io, manner);
        CHECK(result_of(io, probe_of(Probe::Kind::smtp, other.port())).text == failure);
    }
    manner.greeting = std::string(5000, 'x');
    const Server endless(io, manner);
    CHECK(result_of(io, probe_of(Probe::Kind::smtp, endless.port())).text == "an endless answer");
}

TEST_CASE("an attempt that is given up in the middle is silent", "[http]") {
    boost::asio::io_context io;
    const Server server(io, {});
    Transfers transfers(io);
    bool called = false;
    {
        TransferAttempt attempt(transfers, probe_of(Probe::Kind::http, server.port()));
        attempt.start([&](const Result&) { called = true; });
        io.run_for(50ms);
    }
    io.restart();
    io.run_for(50ms);
    CHECK_FALSE(called);
}

} // namespace lbd::health
