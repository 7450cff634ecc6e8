// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/default_socket.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "tools/lbctl/client.h"

namespace lbd::lbctl {

namespace fs = std::filesystem;
using Protocol = boost::asio::local::stream_protocol;

namespace {

// Whether somebody listens: a crash leaves the file.
bool is_live(const std::string& socket) {
    boost::asio::io_context io;
    Protocol::socket probe(io);
    boost::system::error_code error;
    probe.connect(Protocol::endpoint(socket), error);
    return error != boost::asio::error::connection_refused;
}

// Those that are not left over.
std::vector<std::string> sockets_in(const fs::path& directory) {
    std::vector<std::string> sockets;
    std::error_code error;
    for (fs::directory_iterator file(directory, error), end; !error && file != end;
         file.increment(error))
        if (std::error_code ignored; file->path().extension() == ".sock" &&
                                     file->is_socket(ignored) && is_live(file->path()))
            sockets.push_back(file->path());
    std::sort(sockets.begin(), sockets.end());
    return sockets;
}

} // namespace

std::string default_socket(const fs::path& directory) {
    if (const char* from_environment = std::getenv("LBD_SOCKET")) return from_environment;
    std::string usual = directory / "lbd.sock";
    std::error_code ignored;
    if (fs::exists(usual, ignored) && is_live(usual)) return usual;
    const std::vector<std::string> others = sockets_in(directory);
    if (others.empty()) return usual;
    if (others.size() == 1) return others.front();
    std::string all;
    for (const std::string& socket : others) all += ' ' + socket;
    throw Unreachable("more than one lbd runs here; give --socket one of:" + all);
}

} // namespace lbd::lbctl
