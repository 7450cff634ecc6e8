// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/default_socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdlib>
#include <fstream>
#include <list>
#include <string>

#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"
#include "tools/lbctl/client.h"

using namespace lbd::lbctl;
using Catch::Matchers::ContainsSubstring;

namespace {

// A directory with the sockets of directors of these names.
class Directors {
  public:
    Directors() { unsetenv("LBD_SOCKET"); }
    std::string add(const std::string& name) {
        const std::string path = directory.path(name + ".sock");
        listening_.emplace_back(io_, Protocol::endpoint(path));
        return path;
    }
    void crash() { listening_.clear(); }

    lbd::Scratch directory;

  private:
    using Protocol = boost::asio::local::stream_protocol;
    boost::asio::io_context io_;
    std::list<Protocol::acceptor> listening_;
};

} // namespace

TEST_CASE("the socket of an lbd that has no name of its own is the usual one") {
    Directors directors;
    const std::string usual = directors.directory.path("lbd.sock");
    CHECK(default_socket(directors.directory.path()) == usual);
    directors.add("lbd");
    directors.add("edge");
    CHECK(default_socket(directors.directory.path()) == usual);
}

TEST_CASE("the only lbd of a host is found by whatever name it has") {
    Directors directors;
    const std::string edge = directors.add("edge");
    CHECK(default_socket(directors.directory.path()) == edge);
}

TEST_CASE("of several, one has to be named") {
    Directors directors;
    directors.add("east");
    directors.add("west");
    CHECK_THROWS_AS(default_socket(directors.directory.path()), Unreachable);
    CHECK_THROWS_WITH(default_socket(directors.directory.path()),
                      ContainsSubstring("east.sock") && ContainsSubstring("west.sock"));
}

TEST_CASE("what a crash has left is no socket") {
    Directors directors;
    directors.add("lbd");
    directors.add("west");
    directors.crash();
    CHECK_THAT(default_socket(directors.directory.path()), ContainsSubstring("/lbd.sock"));
    const std::string edge = directors.add("edge");
    CHECK(default_socket(directors.directory.path()) == edge);
}

TEST_CASE("what is no socket is none") {
    Directors directors;
    std::ofstream(directors.directory.path("edge.sock")) << "text";
    CHECK_THAT(default_socket(directors.directory.path()), ContainsSubstring("lbd.sock"));
    CHECK_THAT(default_socket("/nowhere"), ContainsSubstring("/nowhere/lbd.sock"));
}

TEST_CASE("the environment comes first") {
    Directors directors;
    directors.add("lbd");
    setenv("LBD_SOCKET", "/tmp/mine.sock", 1);
    CHECK(default_socket(directors.directory.path()) == "/tmp/mine.sock");
    unsetenv("LBD_SOCKET");
}
