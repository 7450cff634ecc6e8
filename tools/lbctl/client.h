// SPDX-License-Identifier: BSD-3-Clause
// Asks a running lbd over its control socket.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace lbd::lbctl {

// The daemon is not there, or does not answer as one.
class Unreachable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The daemon is there and says no.
class Refused : public std::runtime_error {
  public:
    Refused(const std::string& error, std::vector<std::string> lines)
        : std::runtime_error(error), details(std::move(lines)) {}
    std::vector<std::string> details;
};

// A reply, one line of JSON. Throws Refused with the reason if it says no, Unreachable with
// `socket` if it is no reply.
boost::json::object read_reply(const std::string& line, const std::string& socket);
// The daemon's whole reply. Waits ten seconds at most.
boost::json::object reply_to(const std::string& socket, const boost::json::object& request);
// Its `data` alone.
boost::json::object ask(const std::string& socket, const boost::json::object& request);

// The same for who has other things to do meanwhile.
boost::asio::awaitable<boost::json::object> async_ask(std::string socket,
                                                      boost::json::object request);

// Asks for an answer of several lines. `take` gets each as it comes, and says whether there are
// more; `done` is called at the end, with what went wrong, if anything. The first line is waited
// for as any reply is, the others for as long as they take.
void follow(boost::asio::io_context& io, std::string socket, const boost::json::object& request,
            std::function<bool(const boost::json::object&)> take,
            std::function<void(std::exception_ptr)> done);

} // namespace lbd::lbctl
