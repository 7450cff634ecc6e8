// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/mail.h"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <random>
#include <utility>

#include "config/types.h"
#include "lb/control/log.h"

namespace lbd::control::notify {

namespace {

std::string host_name() {
    char name[256] = "";
    gethostname(name, sizeof(name) - 1);
    return name[0] != '\0' ? name : "localhost";
}

std::string unique() {
    std::random_device random;
    return std::to_string(std::time(nullptr)) + '.' + std::to_string(random()) + '.' +
           std::to_string(random());
}

} // namespace

Mail::Mail(boost::asio::io_context& io, config::NotifyMail settings, std::string name)
    : settings_(std::move(settings)),
      host_(host_name()),
      name_(std::move(name)),
      outbox_(settings_.collect),
      timer_(io),
      delivery_(io) {
    adopt(config::NotifyMail(settings_));
}

void Mail::adopt(const config::NotifyMail& settings) {
    settings_ = settings;
    if (settings_.helo.empty()) settings_.helo = host_;
    outbox_.set_interval(settings_.collect);
}

void Mail::tell(const Event& event) {
    outbox_.add(event, std::chrono::steady_clock::now());
    arm();
}

void Mail::hurry() {
    outbox_.hurry();
    arm();
}

void Mail::arm() {
    const auto due = outbox_.due();
    if (!due) return;
    timer_.expires_at(*due);
    timer_.async_wait([this](const boost::system::error_code& aborted) {
        if (!aborted) send();
    });
}

void Mail::send() {
    if (!outbox_.due()) return;
    const std::string& text =
        outbox_.begin(std::chrono::steady_clock::now(), [this](const Digest& digest) {
            return mail_text({settings_.from, settings_.to, host_, name_}, digest,
                             std::time(nullptr), unique());
        });
    delivery_.start(settings_, text, [this](const std::string& failure) { concluded(failure); });
}

void Mail::concluded(const std::string& failure) {
    if (failure.empty()) {
        outbox_.succeeded();
    } else {
        // Parts of it are the server's words.
        last_error_ = plain("mail to " + settings_.server + ": " + failure);
        const auto pause = outbox_.failed(std::chrono::steady_clock::now());
        log(pause ? LogLevel::warning : LogLevel::error,
            last_error_ +
                (pause ? "; tried again in " + config::duration_text(*pause) : "; given up"));
    }
    arm();
}

} // namespace lbd::control::notify
