// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/control_socket.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>

#include "lb/control/clients.h"
#include "lb/control/reply.h"
#include "lb/control/request.h"

namespace lbd::control {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::system::error_code;

namespace {

constexpr std::size_t longest_request = 65536;
constexpr unsigned most_control_clients = 64;
constexpr std::chrono::seconds client_patience{5}; // with a client that does not send, or read

json::value refused_reply(std::string_view text) {
    json::object reply = begin_reply(false);
    reply["error"] = text;
    return reply;
}

// Closes a client that keeps us waiting.
class Watchdog {
  public:
    explicit Watchdog(ControlSocket::Protocol::socket& socket)
        : timer_(socket.get_executor(), client_patience) {
        timer_.async_wait([&socket, alive = std::weak_ptr<int>(life_)](const error_code& error) {
            error_code ignored;
            if (!error && !alive.expired()) socket.cancel(ignored);
        });
    }

  private:
    asio::steady_timer timer_;
    std::shared_ptr<int> life_ = std::make_shared<int>(); // the handler may outlive the object
};

} // namespace

ControlSocket::ControlSocket(asio::io_context& io, std::string path, const std::string& group,
                             Handler handler)
    : io_(io), path_(std::move(path)), handler_(std::move(handler)), acceptor_(io) {
    open(group);
    const auto serving = [this](Protocol::socket client) { return serve(std::move(client)); };
    asio::co_spawn(io_, accept_clients(acceptor_, most_control_clients, serving), asio::detached);
}

ControlSocket::~ControlSocket() {
    unlink(path_.c_str());
}

void ControlSocket::open(const std::string& group) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    const Protocol::endpoint endpoint(path_);
    error_code error;
    Protocol::socket probe(io_);
    probe.connect(endpoint, error);
    if (!error) throw std::runtime_error("another lbd is running: it answers on " + path_);
    if (error == asio::error::connection_refused) unlink(path_.c_str()); // of a dead one

    gid_t gid = 0;
    if (!group.empty()) {
        const struct group* entry = getgrnam(group.c_str());
        if (entry == nullptr) throw std::runtime_error("control: there is no group " + group);
        gid = entry->gr_gid;
    }
    acceptor_.open(endpoint.protocol());
    // The file must never be open to everybody, not even for the moment before chmod.
    const mode_t before = umask(0177);
    acceptor_.bind(endpoint, error);
    umask(before);
    if (error) throw std::runtime_error("control socket " + path_ + ": " + error.message());
    if (!group.empty() && (chown(path_.c_str(), 0, gid) != 0 || chmod(path_.c_str(), 0660) != 0))
        throw std::runtime_error("control socket " + path_ + ": cannot give it to group " + group);
    acceptor_.listen();
}

asio::awaitable<void> ControlSocket::serve(Protocol::socket client) {
    ReplyStream stream(client);
    std::string input;
    for (;;) {
        error_code error;
        std::size_t length = 0;
        {
            const Watchdog watchdog(client);
            length = co_await asio::async_read_until(
                client, asio::dynamic_buffer(input, longest_request), '\n',
                asio::redirect_error(asio::use_awaitable, error));
        }
        if (error) co_return;
        std::string line = input.substr(0, length);
        input.erase(0, length);
        std::string reply = co_await answer(std::move(line), stream);
        const Watchdog watchdog(client);
        co_await asio::async_write(client, asio::buffer(reply),
                                   asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
    }
}

asio::awaitable<std::string> ControlSocket::answer(std::string line, ReplyStream& stream) {
    json::value reply;
    try {
        auto request = parse_request(line);
        if (const auto* refused = std::get_if<Refusal>(&request))
            reply = refused_reply(refused->reason);
        else
            reply = co_await handler_(std::move(std::get<json::object>(request)), stream);
    } catch (const std::exception& error) {
        reply = refused_reply(error.what());
    }
    co_return json::serialize(reply) + '\n';
}

} // namespace lbd::control
