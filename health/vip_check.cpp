// SPDX-License-Identifier: BSD-3-Clause
#include "health/vip_check.h"

#include <random>
#include <system_error>

namespace lbd::health {

using boost::system::error_code;

namespace {

constexpr Milliseconds between_looks{20}; // at the neighbour table

} // namespace

VipCheck::VipCheck(boost::asio::io_context& io, Wires& wires, const Probe& probe)
    : TimedAttempt(io, probe), wires_(wires), reserved_(io), patience_(io) {}

VipCheck::~VipCheck() {
    leave();
}

void VipCheck::begin() {
    announces_ = false;
    sequence_ = std::random_device{}();
    error_code error = reserve_port();
    try {
        if (!error) wires_.open(probe().interface);
    } catch (const std::system_error& failure) {
        error = failure.code();
    }
    if (error) return finish_later(error);
    await_mac();
}

error_code VipCheck::reserve_port() {
    const boost::asio::ip::tcp::endpoint any(probe().source, 0);
    error_code error;
    reserved_.open(any.protocol(), error);
    if (!error) reserved_.bind(any, error);
    if (!error) local_ = reserved_.local_endpoint(error).port();
    return error;
}

// When everything has just been started, the backend's neighbour entry may not be there yet.
void VipCheck::await_mac() {
    if (const auto mac = wires_.mac_of(probe())) {
        ends_ = {wires_.open(probe().interface).mac(), *mac, probe().source, probe().vip};
        return ask();
    }
    patience_.expires_after(between_looks);
    patience_.async_wait([this, alive = life()](const error_code& aborted) {
        if (!aborted && !alive.expired()) await_mac();
    });
}

void VipCheck::ask() {
    wire_ = &wires_.open(probe().interface);
    wire_->listen(local_, ends_.to, *this);
    // In this order the answer to the first is there when that to the second ends the attempt.
    error_code error = wire_->send(solicitation(ends_));
    if (!error)
        error = wire_->send(probe().port != 0 ? syn(ends_, local_, probe().port, sequence_)
                                              : echo_request(ends_, local_, sequence_));
    if (error) finish_later(error);
}

void VipCheck::heard(const Heard& heard) {
    if (heard.vip != probe().vip || heard.from != ends_.to) return;
    if (heard.kind == Heard::Kind::announcement)
        announces_ = true;
    else
        answered(heard);
}

void VipCheck::answered(const Heard& heard) {
    const std::string vip = text_of(probe().vip);
    if (probe().port == 0) {
        if (heard.kind != Heard::Kind::echo_reply || heard.number != sequence_) return;
        return finish(Result::Kind::success, "accepts " + vip, warning());
    }
    if (heard.port != probe().port || heard.number != sequence_ + 1) return;
    if (heard.kind == Heard::Kind::reset)
        return finish(Result::Kind::failure,
                      "accepts " + vip + ", but nothing listens there on port " +
                          std::to_string(probe().port),
                      warning());
    if (heard.kind != Heard::Kind::syn_ack) return;
    wire_->send(reset(ends_, local_, probe().port, sequence_ + 1));
    finish(Result::Kind::success, "accepts " + vip, warning());
}

void VipCheck::timed_out() {
    if (wire_ == nullptr) return finish(Result::Kind::failure, "its MAC address is not known");
    finish(Result::Kind::failure,
           "does not answer for " + text_of(probe().vip) + ": is that on its loopback interface?",
           warning());
}

std::string VipCheck::warning() const {
    if (!announces_) return {};
    return std::string("answers ") + (probe().vip.is_v4() ? "ARP" : "neighbour solicitations") +
           " for " + text_of(probe().vip) + ", so clients may reach it past the director";
}

void VipCheck::leave() {
    if (wire_ != nullptr) wire_->leave(local_, ends_.to, *this);
    wire_ = nullptr;
}

void VipCheck::end() {
    leave();
    patience_.cancel();
    error_code ignored;
    reserved_.close(ignored);
}

} // namespace lbd::health
