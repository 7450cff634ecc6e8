// SPDX-License-Identifier: BSD-3-Clause
#include "health/tcp_connect.h"

#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace lbd::health {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

bool bind_to(asio::ip::tcp::socket& socket, const std::string& interface) {
    return interface.empty() ||
           setsockopt(socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                      static_cast<socklen_t>(interface.size() + 1)) == 0;
}

// Trouble of this host, from which nothing follows for the backend.
bool is_local(const error_code& error) {
    return error == asio::error::no_descriptors || error == asio::error::no_memory ||
           error == asio::error::no_buffer_space ||
           error == boost::system::errc::too_many_files_open_in_system ||
           error == boost::system::errc::address_not_available ||
           error == boost::system::errc::no_such_device ||
           error == boost::system::errc::network_down;
}

} // namespace

void TcpConnect::start(const asio::ip::tcp::endpoint& target, const std::string& interface,
                       std::chrono::milliseconds timeout, Done done) {
    done_ = std::move(done);
    started_ = std::chrono::steady_clock::now();
    timed_out_ = false;
    error_code error;
    socket_.open(target.protocol(), error);
    if (!error && !bind_to(socket_, interface))
        error = error_code(errno, boost::system::system_category());
    if (error) {
        // Never from within start(): the caller is still on its way.
        timer_.expires_after(std::chrono::milliseconds(0));
        timer_.async_wait(
            [this, error, alive = std::weak_ptr<int>(life_)](const error_code& aborted) {
                if (!aborted && !alive.expired()) finish(error);
            });
        return;
    }
    timer_.expires_after(timeout);
    timer_.async_wait([this, alive = std::weak_ptr<int>(life_)](const error_code& aborted) {
        if (aborted || alive.expired()) return;
        timed_out_ = true;
        error_code ignored;
        socket_.cancel(ignored);
    });
    socket_.async_connect(target,
                          [this, alive = std::weak_ptr<int>(life_)](const error_code& result) {
                              if (!alive.expired()) finish(result);
                          });
}

void TcpConnect::finish(const error_code& error) {
    using std::chrono::duration_cast;
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    Result result{
        Result::Kind::success, "connected",
        duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_)};
    if (timed_out_) {
        result.kind = Result::Kind::failure;
        result.text = "connection timed out";
    } else if (error) {
        result.kind = is_local(error) ? Result::Kind::local_error : Result::Kind::failure;
        result.text = error.message();
    }
    // The callback may start the next attempt.
    const Done done = std::exchange(done_, nullptr);
    if (done) done(result);
}

} // namespace lbd::health
