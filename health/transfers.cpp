// SPDX-License-Identifier: BSD-3-Clause
#include "health/transfers.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <new>
#include <utility>

namespace lbd::health {

namespace asio = boost::asio;
using boost::system::error_code;

// libcurl opens and closes the socket; we only wait for it, and again after each event.
class Transfers::Watch : public std::enable_shared_from_this<Watch> {
  public:
    Watch(Transfers& transfers, curl_socket_t socket)
        : transfers_(transfers), socket_(socket), descriptor_(transfers.io_, socket) {}
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { stop(); }

    void want(int what) {
        wanted_ = what == CURL_POLL_INOUT ? CURL_CSELECT_IN | CURL_CSELECT_OUT
                  : what == CURL_POLL_IN  ? CURL_CSELECT_IN
                                          : CURL_CSELECT_OUT;
        wait_for(CURL_CSELECT_IN, asio::posix::stream_descriptor::wait_read);
        wait_for(CURL_CSELECT_OUT, asio::posix::stream_descriptor::wait_write);
    }
    // From now on nothing of it is called, though handlers may still hold it. Now, not when these
    // are gone: libcurl closes the socket next, and the next one may have its number.
    void stop() {
        wanted_ = 0;
        if (descriptor_.is_open()) descriptor_.release();
    }

  private:
    void wait_for(int event, asio::posix::stream_descriptor::wait_type type) {
        if ((wanted_ & event) == 0 || (waiting_ & event) != 0) return;
        waiting_ |= event;
        descriptor_.async_wait(type,
                               [self = shared_from_this(), event, type](const error_code& error) {
                                   self->waiting_ &= ~event;
                                   if (error || (self->wanted_ & event) == 0) return;
                                   self->transfers_.act(self->socket_, event);
                                   self->wait_for(event, type);
                               });
    }

    Transfers& transfers_;
    curl_socket_t socket_;
    asio::posix::stream_descriptor descriptor_;
    int wanted_ = 0;
    int waiting_ = 0;
};

Transfers::Transfers(asio::io_context& io) : io_(io), multi_(curl_multi_init()), timer_(io) {
    if (multi_ == nullptr) throw std::bad_alloc();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Transfers::socket_changed);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Transfers::timer_changed);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

Transfers::~Transfers() {
    for (const auto& [transfer, done] : std::exchange(under_way_, {}))
        curl_multi_remove_handle(multi_, transfer);
    curl_multi_cleanup(multi_);
}

void Transfers::add(CURL* transfer, Done done) {
    under_way_[transfer] = std::move(done);
    curl_multi_add_handle(multi_, transfer);
}

void Transfers::remove(CURL* transfer) {
    if (under_way_.erase(transfer) != 0) curl_multi_remove_handle(multi_, transfer);
}

int Transfers::socket_changed(CURL*, curl_socket_t socket, int what, void* self, void*) {
    auto& transfers = *static_cast<Transfers*>(self);
    auto& watch = transfers.watches_[socket];
    if (what == CURL_POLL_REMOVE) {
        if (watch) watch->stop();
        transfers.watches_.erase(socket);
        return 0;
    }
    if (!watch) watch = std::make_shared<Watch>(transfers, socket);
    watch->want(what);
    return 0;
}

// libcurl must not be called from here.
int Transfers::timer_changed(CURLM*, long milliseconds, void* self) {
    auto& transfers = *static_cast<Transfers*>(self);
    transfers.timer_.cancel();
    if (milliseconds < 0) return 0;
    transfers.timer_.expires_after(std::chrono::milliseconds(milliseconds));
    transfers.timer_.async_wait(
        [&transfers, alive = std::weak_ptr<int>(transfers.life_)](const error_code& aborted) {
            if (!aborted && !alive.expired()) transfers.act(CURL_SOCKET_TIMEOUT, 0);
        });
    return 0;
}

void Transfers::act(curl_socket_t socket, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    collect();
}

void Transfers::collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* transfer = message->easy_handle;
        const CURLcode result = message->data.result;
        const auto found = under_way_.find(transfer);
        if (found == under_way_.end()) continue;
        const Done done = std::move(found->second);
        under_way_.erase(found);
        curl_multi_remove_handle(multi_, transfer);
        done(result);
    }
}

} // namespace lbd::health
