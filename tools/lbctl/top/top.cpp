// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/top.h"

#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "tools/lbctl/client.h"
#include "tools/lbctl/top/key_wait.h"
#include "tools/lbctl/top/model.h"
#include "tools/lbctl/top/screen.h"

namespace lbd::lbctl::top {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

using Clock = std::chrono::steady_clock;

json::object request(std::string_view command) {
    return {{"command", command}};
}

class Session {
  public:
    Session(std::string socket, std::chrono::duration<double> interval, Model model)
        : socket_(std::move(socket)), interval_(interval), model_(std::move(model)) {}

    void run();

  private:
    void start(asio::awaitable<void> activity);
    asio::awaitable<void> measure();
    asio::awaitable<void> tick();
    void read_keys();
    void follow_size();
    bool take_keys();
    void draw();

    std::string socket_;
    std::chrono::duration<double> interval_;
    Model model_;
    std::optional<Model> still_; // while paused
    View view_;
    Page page_{};
    // Their handlers are in place before ncurses looks for signals that it should handle.
    asio::io_context io_;
    asio::signal_set ends_{io_, SIGINT, SIGTERM, SIGHUP};
    asio::signal_set resizes_{io_, SIGWINCH};
    KeyWait keys_{io_, STDIN_FILENO};
    std::optional<Screen> screen_;
};

void Session::run() {
    screen_.emplace();
    draw();
    start(measure());
    start(tick());
    read_keys();
    follow_size();
    ends_.async_wait([this](const boost::system::error_code&, int) { io_.stop(); });
    io_.run();
}

void Session::start(asio::awaitable<void> activity) {
    asio::co_spawn(io_, std::move(activity), [](const std::exception_ptr& failed) {
        if (failed) std::rethrow_exception(failed);
    });
}

asio::awaitable<void> Session::measure() {
    asio::steady_timer pause(io_);
    const auto interval = std::chrono::duration_cast<Clock::duration>(interval_);
    pause.expires_after(interval);
    while (true) {
        co_await pause.async_wait(asio::use_awaitable);
        pause.expires_after(interval);
        try {
            const json::object stats = co_await async_ask(socket_, request("stats"));
            const json::object vrrp = co_await async_ask(socket_, request("vrrp"));
            model_.add(sample_of(stats, vrrp), Clock::now());
        } catch (const std::runtime_error& error) { // Unreachable, Refused
            model_.miss(error.what());
        }
        draw();
    }
}

// How long lbd has been silent is told while it is.
asio::awaitable<void> Session::tick() {
    asio::steady_timer second(io_);
    while (true) {
        second.expires_after(std::chrono::seconds(1));
        co_await second.async_wait(asio::use_awaitable);
        draw();
    }
}

void Session::read_keys() {
    keys_.watch().async_wait(KeyWait::readable, [this](const boost::system::error_code& error) {
        if (error || keys_.gone() || !take_keys()) {
            io_.stop();
            return;
        }
        draw();
        read_keys();
    });
}

void Session::follow_size() {
    resizes_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        screen_->resize();
        draw();
        follow_size();
    });
}

bool Session::take_keys() {
    constexpr int control_l = 12;
    while (const auto key = screen_->key()) {
        if (*key == control_l) screen_->draw_afresh();
        if (!take_key(view_, *key, page_.visible, page_.rows)) return false;
    }
    if (!view_.paused) still_.reset();
    if (view_.paused && !still_) still_ = model_;
    return true;
}

void Session::draw() {
    const Frame frame{screen_->width(), screen_->height(), screen_->glyphs(), interval_,
                      Clock::now()};
    page_ = page_of(model_, still_ ? *still_ : model_, view_, frame);
    screen_->draw(page_);
}

} // namespace

void run(const std::string& socket, std::chrono::duration<double> interval) {
    // Before the screen and signals are taken, so that a wrong path is told as by every other
    // command, and who does not want to wait for an answer can leave.
    Model model;
    const json::object stats = ask(socket, request("stats"));
    model.add(sample_of(stats, ask(socket, request("vrrp"))), Clock::now());
    Session(socket, interval, std::move(model)).run();
}

} // namespace lbd::lbctl::top
