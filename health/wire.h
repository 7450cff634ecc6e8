// SPDX-License-Identifier: BSD-3-Clause
// An interface as checks of virtual addresses use it: frames out of it, and the answers to them.
// One packet socket an interface serves all its checks. Everything happens on the io_context's
// thread.
#pragma once

#include <array>
#include <boost/asio/generic/raw_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "health/frames.h"
#include "health/probe.h"

namespace lbd::health {

class Wire {
  public:
    class Ear {
      public:
        virtual ~Ear() = default;
        // May leave the wire. Of an announcement it may not.
        virtual void heard(const Heard& heard) = 0;
    };

    // Throws std::system_error if there is no such interface, or no right to use it so.
    Wire(boost::asio::io_context& io, const std::string& interface);

    const Mac& mac() const { return mac_; }
    boost::system::error_code send(const Frame& frame);

    // `ear` is told of answers to this number, a port or an identifier, and of what the host with
    // this MAC address announces.
    void listen(std::uint16_t number, const Mac& host, Ear& ear);
    void leave(std::uint16_t number, const Mac& host, Ear& ear);

  private:
    void receive();
    void tell(const Heard& heard);

    boost::asio::generic::raw_protocol::socket socket_;
    Mac mac_{};
    std::map<std::uint16_t, Ear*> by_number_;
    std::multimap<Mac, Ear*> by_host_;
    std::array<std::uint8_t, 256> frame_{}; // no answer's headers are longer
};

// The wires in use, and what is known of the neighbours on them.
class Wires {
  public:
    using MacOf = std::function<std::optional<Mac>(const std::string& interface,
                                                   const boost::asio::ip::address& address)>;
    Wires(boost::asio::io_context& io, MacOf mac_of) : io_(io), mac_of_(std::move(mac_of)) {}

    // Throws as Wire does.
    Wire& open(const std::string& interface);
    std::optional<Mac> mac_of(const Probe& probe) const;

  private:
    boost::asio::io_context& io_;
    MacOf mac_of_;
    std::map<std::string, std::unique_ptr<Wire>> wires_;
};

} // namespace lbd::health
