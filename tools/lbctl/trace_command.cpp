// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/trace_command.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <utility>

#include "tools/lbctl/client.h"
#include "tools/lbctl/fields.h"

namespace lbd::lbctl {

namespace asio = boost::asio;
namespace json = boost::json;
namespace po = boost::program_options;
using boost::system::error_code;

namespace {

constexpr std::array<const char*, 3> numbers{"rate", "count", "seconds"};
constexpr std::chrono::milliseconds between_looks{200};

bool nobody_reads() {
    pollfd output{STDOUT_FILENO, 0, 0};
    return !std::cout || (::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0);
}

// Calls `end` when the reader of standard output has gone, though there is nothing to write.
void watch_reader(asio::steady_timer& timer, const std::function<void()>& end) {
    timer.expires_after(between_looks);
    timer.async_wait([&timer, end](const error_code& error) {
        if (error) return;
        if (nobody_reads()) return end();
        watch_reader(timer, end);
    });
}

void say(const json::object& data) {
    const std::string event = text(data, "event");
    if (event == "begin")
        std::cerr << "tracing " << text(data, "client") << ", at most "
                  << number(data, "packets_per_second") << " packets a second; Ctrl-C ends it"
                  << std::endl;
    if (event == "end")
        std::cerr << number(data, "packets") << " packets, " << number(data, "packets_left_out")
                  << " more left out" << std::endl;
}

} // namespace

void add_trace_options(po::options_description& options) {
    options.add_options()("rate", po::value<std::uint32_t>()->value_name("N"),
                          "trace: at most N packets a second (default 100)");
    options.add_options()("count", po::value<std::uint32_t>()->value_name("N"),
                          "trace: end after N packets");
    options.add_options()("seconds", po::value<std::uint32_t>()->value_name("N"),
                          "trace: end after N seconds");
}

bool has_trace_options(const po::variables_map& values) {
    return std::any_of(numbers.begin(), numbers.end(),
                       [&](const char* name) { return values.count(name) != 0; });
}

json::object trace_request(const std::string& client, const po::variables_map& values) {
    json::object request;
    request["command"] = "trace";
    request["client"] = client;
    for (const char* name : numbers)
        if (values.count(name) != 0)
            request[name] = static_cast<std::int64_t>(values[name].as<std::uint32_t>());
    return request;
}

void trace(const std::string& socket, const json::object& request, bool as_json) {
    std::signal(SIGPIPE, SIG_IGN);
    asio::io_context io;
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&io](const error_code&, int) { io.stop(); });
    asio::steady_timer timer(io);
    watch_reader(timer, [&io] { io.stop(); });
    const auto take = [&](const json::object& reply) {
        const json::object& data = child(reply, "data");
        if (as_json)
            std::cout << json::serialize(reply) << '\n' << std::flush;
        else
            std::cout << trace_text(data) << std::flush;
        if (!as_json) say(data);
        if (!std::cout) io.stop();
        return text(data, "event") != "end";
    };
    std::exception_ptr failure;
    follow(io, socket, request, take, [&](std::exception_ptr error) {
        failure = std::move(error);
        io.stop();
    });
    io.run();
    if (failure) std::rethrow_exception(failure);
}

} // namespace lbd::lbctl
