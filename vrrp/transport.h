// SPDX-License-Identifier: BSD-3-Clause
// The sockets that a virtual router speaks and listens with. Everything happens on the
// io_context's thread.
#pragma once

#include <array>
#include <boost/asio/generic/raw_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>

#include "vrrp/packet.h"

namespace lbd::vrrp {

class Transport {
  public:
    using Receive = std::function<void(std::span<const std::uint8_t> message, const Envelope&)>;

    // Of the family of `source`, an address of the interface; `multicast`: hears the group, too.
    // Throws boost::system::system_error or std::system_error if the interface does not do.
    Transport(boost::asio::io_context& io, const std::string& interface, const Address& source,
              bool multicast, Receive receive);
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    // Does not wait: a lost advert is repaired by the next one, waiting would delay them all.
    std::error_code send(std::span<const std::uint8_t> message, const Address& destination);

  private:
    using Socket = boost::asio::generic::raw_protocol::socket;

    void prepare_receiver(const std::string& interface, bool multicast);
    void prepare_sender(const Address& source);
    void await_packet();
    void read_packets();

    bool v4_;
    unsigned index_; // of the interface
    Socket receiver_;
    Socket sender_;
    Receive receive_;
    std::array<std::uint8_t, 2048> buffer_{};
    std::shared_ptr<int> life_ = std::make_shared<int>(); // handlers may outlive the object
};

} // namespace lbd::vrrp
