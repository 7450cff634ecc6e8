// SPDX-License-Identifier: BSD-3-Clause
// UDP, DNS and ping.
#include <boost/asio/ip/udp.hpp>

#include "health/dns.h"
#include "tests/unit/catch.h"
#include "tests/unit/health/attempts.h"

namespace lbd::health {

using namespace std::chrono_literals;
using test::probe_of;
using test::result_of;

namespace {

using boost::asio::ip::udp;
using Kind = Result::Kind;
using Bytes = std::vector<std::uint8_t>;

// Answers as it is told to, or not.
class Responder {
  public:
    using Answer = std::function<std::optional<Bytes>(const Bytes&)>;
    Responder(boost::asio::io_context& io, Answer answer)
        : answer_(std::move(answer)),
          socket_(io, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
        receive();
    }
    std::uint16_t port() const { return socket_.local_endpoint().port(); }
    const std::vector<Bytes>& heard() const { return heard_; }

  private:
    void receive() {
        socket_.async_receive_from(boost::asio::buffer(buffer_), peer_,
                                   [this](const boost::system::error_code& error, std::size_t n) {
                                       if (error) return;
                                       heard_.emplace_back(buffer_.begin(), buffer_.begin() + n);
                                       if (const auto answer = answer_(heard_.back()))
                                           socket_.send_to(boost::asio::buffer(*answer), peer_);
                                       receive();
                                   });
    }

    Answer answer_;
    udp::socket socket_;
    udp::endpoint peer_;
    std::array<std::uint8_t, 2048> buffer_{};
    std::vector<Bytes> heard_;
};

Probe udp_probe(std::uint16_t port, bool answer_required) {
    Probe probe = probe_of(Probe::Kind::udp, port);
    probe.payload = std::string("\0ping\xff", 6);
    probe.answer_required = answer_required;
    probe.timeout = 200ms;
    return probe;
}

// The query with the answer's bit and this code.
Bytes reply(Bytes query, std::uint8_t code) {
    query.at(2) |= 0x80;
    query.at(3) = code;
    return query;
}

} // namespace

TEST_CASE("a datagram is answered, swallowed or refused", "[udp]") {
    boost::asio::io_context io;
    const Responder echo(io, [](const Bytes& bytes) { return std::optional(bytes); });
    CHECK(result_of(io, udp_probe(echo.port(), true)).text == "answered");
    CHECK(echo.heard().at(0) == Bytes{0, 'p', 'i', 'n', 'g', 0xff});
    const Responder silent(io, [](const Bytes&) { return std::nullopt; });
    CHECK(result_of(io, udp_probe(silent.port(), false)).kind == Kind::success);
    const Result quiet = result_of(io, udp_probe(silent.port(), true));
    CHECK(quiet.kind == Kind::failure);
    CHECK(quiet.duration >= 200ms);
    const test::ClosedPort reserved(io); // of TCP; nobody has it for UDP either, but for bad luck
    CHECK(result_of(io, udp_probe(reserved.port(), false)).kind == Kind::failure);
}

TEST_CASE("a name server answers without an error", "[dns]") {
    boost::asio::io_context io;
    std::uint8_t code = 0;
    const Responder server(io,
                           [&](const Bytes& query) { return std::optional(reply(query, code)); });
    Probe probe = probe_of(Probe::Kind::dns, server.port());
    probe.query_name = "www.example.com";
    probe.query_type = "A";
    CHECK(result_of(io, probe).kind == Kind::success);
    code = 2;
    CHECK(result_of(io, probe).text == "server failure");
    code = 5;
    CHECK(result_of(io, probe).text == "refused");
    REQUIRE(server.heard().size() == 3);
    // Header, one question: 3www7example3com0, A, IN.
    const Bytes question{3,   'w', 'w', 'w', 7,   'e', 'x', 'a', 'm', 'p', 'l',
                         'e', 3,   'c', 'o', 'm', 0,   0,   1,   0,   1};
    const Bytes& query = server.heard()[0];
    CHECK(Bytes(query.begin() + 12, query.end()) == question);
    CHECK(Bytes(query.begin() + 2, query.begin() + 6) == Bytes{1, 0, 0, 1});
}

TEST_CASE("an answer to another query is none, and nonsense is a failure", "[dns]") {
    boost::asio::io_context io;
    const Responder forger(io, [](Bytes query) {
        query.at(0) ^= 1;
        return std::optional(reply(query, 0));
    });
    Probe probe = probe_of(Probe::Kind::dns, forger.port());
    probe.timeout = 200ms;
    CHECK(result_of(io, probe).text == "no answer");
    const Responder babbler(io, [](const Bytes&) { return std::optional(Bytes{1, 2, 3}); });
    CHECK(result_of(io, probe_of(Probe::Kind::dns, babbler.port())).text == "malformed answer");
}

TEST_CASE("names and types that are none make no query", "[dns]") {
    CHECK(dns_query("example.com", "NONSENSE", 1).empty());
    CHECK(dns_query(std::string(300, 'x'), "A", 1).empty());
    CHECK_FALSE(dns_query(".", "SOA", 1).empty());
}

TEST_CASE("an echo is answered by who is there", "[ping]") {
    boost::asio::io_context io;
    Probe probe = probe_of(Probe::Kind::ping, 0);
    CHECK(result_of(io, probe).text == "answered");
    probe.address = boost::asio::ip::make_address("::1");
    probe.timeout = 500ms;
    const Result over_ipv6 = result_of(io, probe); // the machine may have none
    CHECK((over_ipv6.kind == Kind::success || over_ipv6.kind == Kind::local_error ||
           over_ipv6.text == "Network is unreachable"));
    probe.address = boost::asio::ip::make_address("127.0.0.1");
    probe.interface = "nosuch0";
    CHECK(result_of(io, probe).kind == Kind::local_error);
}

TEST_CASE("a program is a check that knows what it checks", "[script]") {
    boost::asio::io_context io;
    Probe probe = probe_of(Probe::Kind::script, 80);
    probe.script = {"/bin/sh", "-c", "test $LBD_ADDRESS:$LBD_PORT = 127.0.0.1:80"};
    CHECK(result_of(io, probe).kind == Kind::success);
    probe.port = 81;
    CHECK(result_of(io, probe).text == "exited with 1");
    probe.script = {"/bin/sh", "-c", "test $(id -un) = nobody"};
    CHECK(result_of(io, probe).kind == Kind::failure);
    probe.user = "nobody";
    CHECK(result_of(io, probe).text == "exited with 0");
    probe.user = "no-such-user";
    CHECK(result_of(io, probe).text == "cannot be run: there is no user no-such-user");
}

} // namespace lbd::health
