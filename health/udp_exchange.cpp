// SPDX-License-Identifier: BSD-3-Clause
#include "health/udp_exchange.h"

#include <boost/asio/buffer.hpp>
#include <utility>

namespace lbd::health {

using boost::system::error_code;

UdpExchange::UdpExchange(boost::asio::io_context& io, const Probe& probe, std::string payload,
                         Judge judge)
    : SocketAttempt(io, probe), payload_(std::move(payload)), judge_(std::move(judge)) {}

// A connected socket: only the backend's answers arrive, and its refusal by ICMP does.
void UdpExchange::begin() {
    const boost::asio::ip::udp::endpoint target(probe().address, probe().port);
    error_code error = open(target);
    if (!error) socket().connect(target, error);
    if (!error) socket().send(boost::asio::buffer(payload_), 0, error);
    if (error) return finish_later(error);
    receive();
}

void UdpExchange::receive() {
    socket().async_receive(
        boost::asio::buffer(answer_),
        [this, alive = life()](const error_code& error, std::size_t length) {
            if (error == boost::asio::error::operation_aborted || alive.expired()) return;
            if (error) return finish(error);
            const auto fault =
                judge_ ? judge_(std::span(answer_).first(length)) : std::optional(std::string());
            if (!fault) return receive();
            if (fault->empty())
                finish(Result::Kind::success, "answered");
            else
                finish(Result::Kind::failure, *fault);
        });
}

void UdpExchange::timed_out() {
    if (judge_ || probe().answer_required)
        finish(Result::Kind::failure, "no answer");
    else
        finish(Result::Kind::success, "not refused");
}

} // namespace lbd::health
