// SPDX-License-Identifier: BSD-3-Clause
// What attempts over a socket have in common: a clock, a timeout, one result.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "health/attempt.h"
#include "health/local_error.h"

namespace lbd::health {

class TimedAttempt : public Attempt {
  public:
    void start(Done done) final {
        done_ = std::move(done);
        started_ = std::chrono::steady_clock::now();
        timer_.expires_after(probe_.timeout);
        await_timer([this] { timed_out(); });
        begin();
    }

  protected:
    TimedAttempt(boost::asio::io_context& io, Probe probe) : probe_(std::move(probe)), timer_(io) {}

    // Starts what ends in finish(). Must not finish itself.
    virtual void begin() = 0;
    // The time is over: ends in finish().
    virtual void timed_out() = 0;
    // Closes what begin() has opened.
    virtual void end() = 0;

    const Probe& probe() const { return probe_; }
    std::weak_ptr<int> life() const { return life_; } // handlers may outlive the object

    void finish(Result::Kind kind, std::string text, std::string warning = {}) {
        using std::chrono::duration_cast;
        timer_.cancel();
        end();
        // The callback may start the next attempt.
        const Done done = std::exchange(done_, nullptr);
        if (done)
            done({kind, std::move(text),
                  duration_cast<Milliseconds>(std::chrono::steady_clock::now() - started_),
                  std::move(warning)});
    }
    void finish(const boost::system::error_code& error) {
        finish(is_local(error) ? Result::Kind::local_error : Result::Kind::failure,
               error.message());
    }
    // From within begin(): later, as the caller is still on its way.
    void finish_later(const boost::system::error_code& error) {
        timer_.expires_after(Milliseconds(0));
        await_timer([this, error] { finish(error); });
    }

  private:
    template <typename Then>
    void await_timer(Then then) {
        timer_.async_wait([alive = life(), then](const boost::system::error_code& aborted) {
            if (!aborted && !alive.expired()) then();
        });
    }

    Probe probe_;
    boost::asio::steady_timer timer_;
    std::chrono::steady_clock::time_point started_;
    Done done_;
    std::shared_ptr<int> life_ = std::make_shared<int>();
};

// With a socket of its own, which ends with the attempt.
template <typename Socket>
class SocketAttempt : public TimedAttempt {
  protected:
    SocketAttempt(boost::asio::io_context& io, const Probe& probe)
        : TimedAttempt(io, probe), socket_(io) {}

    // For what is said to `target`, over the probe's interface.
    boost::system::error_code open(const typename Socket::endpoint_type& target) {
        boost::system::error_code error;
        socket_.open(target.protocol(), error);
        const std::string& interface = probe().interface;
        if (!error && !interface.empty() &&
            setsockopt(socket_.native_handle(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                       static_cast<socklen_t>(interface.size() + 1)) != 0)
            error = {errno, boost::system::system_category()};
        const auto& source = probe().source;
        if (error || source.is_unspecified()) return error;
        // The port is chosen when the peer is known, else 2,000 backends a second use up all.
        const int on = 1;
        setsockopt(socket_.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        socket_.bind({source, 0}, error);
        return error;
    }
    Socket& socket() { return socket_; }

  private:
    void end() final {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    Socket socket_;
};

} // namespace lbd::health
