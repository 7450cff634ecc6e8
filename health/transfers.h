// SPDX-License-Identifier: BSD-3-Clause
// libcurl's transfers on our event loop. Everything happens on the io_context's thread.
#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>

namespace lbd::health {

class Transfers {
  public:
    using Done = std::function<void(CURLcode)>;

    explicit Transfers(boost::asio::io_context& io);
    Transfers(const Transfers&) = delete;
    Transfers& operator=(const Transfers&) = delete;
    // No transfer may be under way.
    ~Transfers();

    // Calls `done` once, later, unless the transfer is removed before.
    void add(CURL* transfer, Done done);
    void remove(CURL* transfer);

  private:
    class Watch; // of a socket of libcurl's

    static int socket_changed(CURL*, curl_socket_t socket, int what, void* self, void*);
    static int timer_changed(CURLM*, long milliseconds, void* self);
    void act(curl_socket_t socket, int events);
    void collect();

    boost::asio::io_context& io_;
    CURLM* multi_;
    boost::asio::steady_timer timer_;
    std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::map<CURL*, Done> under_way_;
    std::shared_ptr<int> life_ = std::make_shared<int>(); // handlers may outlive the object
};

} // namespace lbd::health
