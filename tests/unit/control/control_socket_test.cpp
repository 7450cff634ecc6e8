// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/control_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "tests/unit/catch.h"

namespace lbd::control {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using boost::system::error_code;

namespace {

// Answers with the request's `echo`; throws where there is none.
asio::awaitable<json::value> echo(json::object request, ReplyStream& /*stream*/) {
    if (!request.contains("echo")) throw std::runtime_error("nothing to echo");
    json::object reply;
    reply["ok"] = true;
    reply["data"] = request["echo"];
    co_return reply;
}

struct Fixture {
    std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("lbd-socket-test-" + std::to_string(getpid()));
    std::string path = directory / "below" / "lbd.sock";
    asio::io_context io;
    std::unique_ptr<ControlSocket> socket;

    Fixture() { std::filesystem::remove_all(directory); }
    ~Fixture() {
        socket.reset();
        std::filesystem::remove_all(directory);
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    void open(ControlSocket::Handler handler = echo) {
        socket = std::make_unique<ControlSocket>(io, path, "", std::move(handler));
    }
};

class Client {
  public:
    Client(asio::io_context& io, const std::string& path) : io_(io), socket_(io) {
        socket_.connect(path);
    }

    void send(const std::string& text) { asio::write(socket_, asio::buffer(text)); }

    // The next line; nothing if the daemon closes instead, or is silent for `limit`.
    std::optional<json::object> receive(std::chrono::milliseconds limit = 2s) {
        std::optional<error_code> done;
        std::size_t length = 0;
        asio::async_read_until(socket_, asio::dynamic_buffer(input_), '\n',
                               [&](const error_code& error, std::size_t size) {
                                   done = error;
                                   length = size;
                               });
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!done && std::chrono::steady_clock::now() < end) io_.run_one_for(10ms);
        if (!done) {
            socket_.cancel();
            while (!done) io_.run_one_for(10ms);
        }
        if (*done) return std::nullopt;
        const json::value reply = json::parse(input_.substr(0, length));
        input_.erase(0, length);
        return reply.as_object();
    }

  private:
    asio::io_context& io_;
    ControlSocket::Protocol::socket socket_;
    std::string input_;
};

} // namespace

TEST_CASE("a connection may ask several times, in one packet or in pieces", "[control_socket]") {
    Fixture f;
    f.open();
    Client client(f.io, f.path);
    client.send("{\"echo\": 1}\n{\"echo\": 2}\n{\"ec");
    CHECK(client.receive().value().at("data").as_int64() == 1);
    CHECK(client.receive().value().at("data").as_int64() == 2);
    client.send("ho\": 3}\n");
    CHECK(client.receive().value().at("data").as_int64() == 3);
}

TEST_CASE("an answer may be of several lines, after which the connection lives on",
          "[control_socket]") {
    Fixture f;
    bool there = true;
    f.open([&](json::object request, ReplyStream& stream) -> asio::awaitable<json::value> {
        for (int line = 1; line <= 3; ++line) {
            json::object object;
            object["line"] = line;
            const bool sent = co_await stream.send(object);
            there = there && sent && !stream.gone();
        }
        co_return request;
    });
    Client client(f.io, f.path);
    for (int round = 0; round < 2; ++round) {
        client.send("{\"last\": 4}\n");
        for (int number = 1; number <= 4; ++number) {
            const auto reply = client.receive();
            REQUIRE(reply);
            CHECK(reply->at(number == 4 ? "last" : "line").as_int64() == number);
        }
    }
    CHECK(there);
}

TEST_CASE("a client that does not read holds up its own answer, until it leaves",
          "[control_socket]") {
    Fixture f;
    std::size_t sent = 0;
    bool ended = false;
    bool gone = false;
    f.open([&](json::object request, ReplyStream& stream) -> asio::awaitable<json::value> {
        if (request.contains("endless")) {
            while (co_await stream.send(request)) ++sent;
            ended = true;
            gone = stream.gone();
        }
        co_return request;
    });
    auto idle = std::make_unique<Client>(f.io, f.path);
    idle->send("{\"endless\": true}\n");
    f.io.run_for(100ms);
    const std::size_t before = sent;
    CHECK(before > 0);
    f.io.run_for(100ms);
    CHECK(sent == before); // what the socket has taken, and no more
    Client other(f.io, f.path);
    other.send("{\"other\": 1}\n");
    CHECK(other.receive());
    CHECK_FALSE(ended);
    idle.reset();
    f.io.run_for(100ms);
    CHECK(ended);
    CHECK(gone);
}

TEST_CASE("what is no request gets an error, and the connection lives on", "[control_socket]") {
    Fixture f;
    f.open();
    Client client(f.io, f.path);
    for (const std::string line :
         {"nonsense", "", "[]", "5", "{\"echo\":", "{}", "\xff\xfe", "{\"echo\":1} {}"}) {
        client.send(line + '\n');
        const auto reply = client.receive();
        REQUIRE(reply);
        CHECK(reply->at("ok") == false);
        CHECK_FALSE(reply->at("error").as_string().empty());
    }
    client.send(std::string(200, '[') + '\n');
    CHECK(client.receive().value().at("ok") == false);
    client.send("{\"echo\": 1}\n");
    CHECK(client.receive().value().at("ok") == true);
}

TEST_CASE("a request of more than 64 KiB ends the connection, not the daemon", "[control_socket]") {
    Fixture f;
    f.open();
    Client client(f.io, f.path);
    Client other(f.io, f.path);
    client.send(std::string(65 * 1024, ' '));
    CHECK_FALSE(client.receive(3s));
    other.send("{\"echo\": 1}\n");
    CHECK(other.receive());
}

TEST_CASE("the socket is for root only and its directory is made", "[control_socket]") {
    Fixture f;
    f.open();
    struct stat status {};
    REQUIRE(stat(f.path.c_str(), &status) == 0);
    CHECK(S_ISSOCK(status.st_mode));
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a second daemon is refused and the first one is not disturbed", "[control_socket]") {
    Fixture f;
    f.open();
    CHECK_THROWS_WITH(ControlSocket(f.io, f.path, "", echo),
                      Catch::Matchers::ContainsSubstring("another lbd"));
    Client client(f.io, f.path);
    client.send("{\"echo\": 1}\n");
    CHECK(client.receive());
}

TEST_CASE("the socket of a daemon that died is replaced", "[control_socket]") {
    Fixture f;
    std::filesystem::create_directories(std::filesystem::path(f.path).parent_path());
    {
        // Closed without being removed, as by a crash.
        ControlSocket::Protocol::acceptor dead(f.io, f.path);
    }
    REQUIRE(std::filesystem::exists(f.path));
    f.open();
    Client client(f.io, f.path);
    client.send("{\"echo\": 1}\n");
    CHECK(client.receive());
}

TEST_CASE("a file that is no socket is not removed", "[control_socket]") {
    Fixture f;
    std::filesystem::create_directories(f.path);
    CHECK_THROWS_AS(f.open(), std::runtime_error);
    CHECK(std::filesystem::is_directory(f.path));
}

TEST_CASE("an unknown group is named", "[control_socket]") {
    Fixture f;
    CHECK_THROWS_WITH(ControlSocket(f.io, f.path, "nosuchgroup", echo),
                      Catch::Matchers::ContainsSubstring("nosuchgroup"));
}

TEST_CASE("nothing is left of the socket afterwards", "[control_socket]") {
    Fixture f;
    f.open();
    f.socket.reset();
    CHECK_FALSE(std::filesystem::exists(f.path));
}

TEST_CASE("there is room for 64 clients, and again when they have left", "[control_socket]") {
    Fixture f;
    f.open();
    std::vector<std::unique_ptr<Client>> crowd;
    for (int client = 0; client < 64; ++client) {
        crowd.push_back(std::make_unique<Client>(f.io, f.path));
        crowd.back()->send("{\"echo\": 1}\n");
        REQUIRE(crowd.back()->receive());
    }
    Client late(f.io, f.path);
    CHECK_FALSE(late.receive());
    crowd.clear();
    f.io.run_for(50ms);
    Client next(f.io, f.path);
    next.send("{\"echo\": 1}\n");
    CHECK(next.receive());
}

TEST_CASE("half a request is waited for five seconds", "[control_socket]") {
    Fixture f;
    f.open();
    Client client(f.io, f.path);
    const auto start = std::chrono::steady_clock::now();
    client.send("{\"echo\"");
    CHECK_FALSE(client.receive(10s));
    const auto waited = std::chrono::steady_clock::now() - start;
    CHECK(waited > 4s);
    CHECK(waited < 8s);
}

} // namespace lbd::control
